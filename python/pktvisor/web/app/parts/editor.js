// YAML to be edited: a text area over a layer that shows it in colours, with what is wrong below its line.
import { html, useRef, useSignal } from "../../vendor.js";

/** @typedef {{ line: number, column: number, length: number, text: string }} Fix */
/** @typedef {{ error: string, hint?: string, path?: string, line?: number, column?: number, fix?: Fix, isWarning?: boolean }} Fault */

const TOKEN = /((?<=^|\s)#.*)|([\w./-]+(?=:(?:\s|$))|"[^"]*"(?=:(?:\s|$)))|("(?:\\.|[^"\\])*"|'(?:''|[^'])*')|((?<=^|[\s[{,])(?:true|false|null|\d+(?:\.\d+)?)(?=$|[\s,\]}]))|([[\]{},:])/g;
const KINDS = ["note", "key", "text", "value", "sign"];

/** A line in pieces with their kinds. @param {string} line */
function coloured(line) {
  /** @type {any[]} */
  const pieces = [];
  let end = 0;
  for (const found of line.matchAll(TOKEN)) {
    pieces.push(line.slice(end, found.index), html`<span class="y-${KINDS[found.slice(1).findIndex(Boolean)]}">${found[0]}</span>`);
    end = found.index + found[0].length;
  }
  return [...pieces, line.slice(end)];
}

/** Put a text in the place of what is selected, so that it can be undone. @param {HTMLTextAreaElement} area @param {number} start @param {number} end @param {string} text */
function replace(area, start, end, text) {
  area.focus();
  area.setSelectionRange(start, end);
  if (!document.execCommand(text ? "insertText" : "delete", false, text)) area.setRangeText(text);
}

/** Indent the lines that are selected, or take some of it away. @param {HTMLTextAreaElement} area @param {boolean} isBack */
function indent(area, isBack) {
  const { value, selectionStart, selectionEnd } = area;
  if (!isBack && selectionStart === selectionEnd) return replace(area, selectionStart, selectionEnd, "  ");
  const start = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const lines = value.slice(start, selectionEnd).replace(isBack ? /^ {1,2}/gm : /^(?=.)/gm, isBack ? "" : "  ");
  replace(area, start, selectionEnd, lines);
  area.setSelectionRange(start, start + lines.length);
}

/** A new line begins as deep as the one before, deeper below a key without a value. @param {HTMLTextAreaElement} area */
function breakLine(area) {
  const before = area.value.slice(0, area.selectionStart).split("\n").at(-1) ?? "";
  replace(area, area.selectionStart, area.selectionEnd, `\n${/^ */.exec(before)?.[0]}${/:\s*$/.test(before) ? "  " : ""}`);
}

/**
 * @param {{ label: string, text: string, faults: Fault[], changed: Set<number>, isFixed?: boolean, change: (text: string) => void, commit: () => void, children?: any }} props
 *   `changed` are the lines that differ from what runs; `children` stand at the left of the foot
 */
export function Editor({ label, text, faults, changed, isFixed, change, commit, children }) {
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const at = useSignal([1, 1]);
  const lines = text.split("\n");
  const place = () => {
    const before = area.current?.value.slice(0, area.current.selectionStart).split("\n") ?? [""];
    at.value = [before.length, (before.at(-1) ?? "").length + 1];
  };
  /** @param {Fix} fix */
  const use = ({ line, column, length, text: meant }) => {
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, column - 1);
    if (area.current) replace(area.current, start, start + length, meant);
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const field = /** @type {HTMLTextAreaElement} */ (event.currentTarget);
    const isCommand = event.ctrlKey || event.metaKey;
    if (event.key === "Escape") field.blur();
    else if (isCommand && (event.key === "s" || event.key === "Enter")) commit();
    else if (isFixed || isCommand || event.altKey || event.isComposing) return;
    else if (event.key === "Tab") indent(field, event.shiftKey);
    else if (event.key === "Enter") breakLine(field);
    else return;
    event.preventDefault();
  };
  return html`<div class="editor"><div class="code">
      <textarea ref=${area} aria-label=${label} aria-describedby="editing" aria-invalid=${faults.some(({ isWarning }) => !isWarning)} spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off" readonly=${isFixed} value=${text}
        onInput=${(/** @type {any} */ event) => change(event.target.value)} onKeyDown=${onKeyDown} onSelect=${place} onKeyUp=${place} onClick=${place}></textarea>
      <div class="lines">${lines.map((line, i) => {
        const own = faults.filter((fault) => Math.min(fault.line ?? 1, lines.length) === i + 1);
        const worst = own.length ? (own.every(({ isWarning }) => isWarning) ? "warned" : "wrong") : "";
        return html`<div class="line ${changed.has(i + 1) ? "changed" : ""} ${worst}"><span aria-hidden="true">${coloured(line)}</span>${own.map(({ fix }) => fix?.line === i + 1 && html`<span class="wave" aria-hidden="true">${" ".repeat(fix.column - 1)}<u>${line.substr(fix.column - 1, fix.length)}</u></span>`)}
          <div class="over ${at.value[0] > i + 1 && at.value[0] < i + 7 ? "away" : ""}">${own.map((fault) => html`<${Told} ...${fault} use=${use} />`)}</div></div>`;
      })}</div></div>
    <footer><span role="status">${children}</span><span id="editing">Line ${at.value[0]}, column ${at.value[1]}, of ${lines.length}<span class="unseen">. Tab indents, Escape leaves the text.</span></span></footer></div>`;
}

/** What is wrong with a line, and what would do; it can be folded. @param {Fault & { use: (fix: Fix) => void }} props */
const Told = ({ error, hint, path, line, column, fix, isWarning, use }) => html`<details open class="told"><summary class=${isWarning ? "warn" : "bad"}>${error}</summary>
  ${hint && !fix && html`<p>${hint}</p>`}${fix && html`<button class="button" onClick=${() => use(fix)}>Use “${fix.text}”</button>`}<p class="sub">${[line && `line ${line}, column ${column}`, path].filter(Boolean).join(" · ")}</p></details>`;
