// YAML to be edited: a text area over a layer that shows it in colours, with what is wrong below its line.
import { html, useRef, useSignal } from "../../vendor.js";

/** @typedef {{ line: number, column: number, length: number, text: string }} Fix */
/** @typedef {{ error: string, hint?: string, path?: string, line?: number, column?: number, fix?: Fix, isWarning?: boolean }} Fault */

/** Comments, keys, texts and other values, in this order. */
const TOKEN = /((?<=^|\s)#.*)|([\w./-]+(?=:(?:\s|$)))|("(?:\\.|[^"\\])*"|'[^']*')|((?<=[\s[{,])(?:true|false|null|[\d.]+)(?=$|[\s,\]}]))/g;

/** @param {string} line */
const coloured = (line) => line.split(TOKEN).map((piece, i) => (i % 5 && piece ? html`<span class="y${i % 5}">${piece}</span>` : piece));

/** Put a text in the place of another, so that it can be undone. @param {HTMLTextAreaElement} area @param {number} start @param {number} end @param {string} text */
function replace(area, start, end, text) {
  area.focus();
  area.setSelectionRange(start, end);
  document.execCommand("insertText", false, text);
}

/** Indent where the caret is, or the lines that are selected; or take that back. @param {HTMLTextAreaElement} area @param {boolean} isBack */
function indent(area, isBack) {
  const { value, selectionStart, selectionEnd } = area;
  if (!isBack && selectionStart === selectionEnd) return replace(area, selectionStart, selectionEnd, "  ");
  const start = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const lines = value.slice(start, selectionEnd).replace(isBack ? /^ {1,2}/gm : /^/gm, isBack ? "" : "  ");
  replace(area, start, selectionEnd, lines);
  area.setSelectionRange(start, start + lines.length);
}

/** Lines up to the caret. @param {HTMLTextAreaElement} area */
const upTo = (area) => area.value.slice(0, area.selectionStart).split("\n");

/**
 * @param {{ label: string, text: string, faults: Fault[], changed: Set<number>, isFixed?: boolean, change: (text: string) => void, commit: () => void, children?: any }} props
 *   `changed` are the lines that differ from what runs; `children` stand at the left of the foot
 */
export function Editor({ label, text, faults, changed, isFixed, change, commit, children }) {
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const at = useSignal([1, 1]);
  const lines = text.split("\n");
  const place = (/** @type {any} */ { target }) => {
    const before = upTo(target);
    at.value = [before.length, (before.at(-1) ?? "").length + 1];
  };
  /** @param {Fix} fix */
  const use = ({ line, column, length, text: meant }) => {
    const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 0 : -1) + column;
    if (area.current) replace(area.current, start, start + length, meant);
  };
  const onKeyDown = (/** @type {any} */ event) => {
    const { key, target, shiftKey } = event;
    const isCommand = event.ctrlKey || event.metaKey;
    if (key === "Escape") target.blur();
    else if (isCommand && /^(s|Enter)$/.test(key)) commit();
    else if (isFixed || isCommand || event.isComposing) return;
    else if (key === "Tab") indent(target, shiftKey);
    else if (key === "Enter") replace(target, target.selectionStart, target.selectionEnd, `\n${/^ */.exec(upTo(target).at(-1) ?? "")}`);
    else return;
    event.preventDefault();
  };
  return html`<div class="editor"><div>
      <textarea ref=${area} aria-label=${label} aria-describedby="editing" aria-invalid=${faults.length > 0} spellcheck=${false} wrap="off" readonly=${isFixed} value=${text} onInput=${(/** @type {any} */ event) => change(event.target.value)} onKeyDown=${onKeyDown} onSelect=${place} onKeyUp=${place} onClick=${place}></textarea>
      <div class="lines">${lines.map((line, i) => {
        const own = faults.filter((fault) => (fault.line ?? 1) === i + 1);
        return html`<div class="line ${changed.has(i + 1) ? "changed" : ""} ${own[0] ? (own.every(({ isWarning }) => isWarning) ? "warned" : "wrong") : ""}"><span aria-hidden="true">${coloured(line)}</span>
          ${own.map(({ fix }) => fix?.line === i + 1 && html`<span class="wave" aria-hidden="true">${" ".repeat(fix.column - 1)}<u>${" ".repeat(fix.length)}</u></span>`)}
          <div class="over" hidden=${at.value[0] > i + 1 && at.value[0] < i + 7}>${own.map((fault) => html`<${Told} ...${fault} use=${use} />`)}</div></div>`;
      })}</div></div>
    <footer><span role="status">${children}</span><span id="editing">Line ${at.value[0]}, column ${at.value[1]}, of ${lines.length}<span class="unseen">. Tab indents, Escape leaves the text.</span></span></footer></div>`;
}

/** What is wrong with a line, and what would do; it can be folded. @param {Fault & { use: (fix: Fix) => void }} props */
const Told = ({ error, hint, path, line, column, fix, isWarning, use }) => html`<details open><summary class=${isWarning ? "warn" : "bad"}>${error}</summary>
  ${fix ? html`<button class="button" onClick=${() => use(fix)}>Use “${fix.text}”</button>` : hint}<p class="sub">${line && `line ${line}, column ${column} · `}${path}</p></details>`;
