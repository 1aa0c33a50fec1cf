// Two texts line by line: what went, what came, and a little of what stands around.
import { html } from "../../vendor.js";

/** @typedef {{ sign: " " | "+" | "-", old: number, now: number, text: string }} Line numbers are those of the line, from 1 */

const MOST_CELLS = 4e6;
/** Lines that are shown around a change. */
const AROUND = 2;

/** @param {string} before @param {string} after @returns {Line[]} */
export function difference(before, after) {
  const a = before.split("\n");
  const b = after.split("\n");
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const n = a.length - end;
  const m = b.length - end;
  const wide = m - start + 1;
  // How many lines what is left of both has in common, at most; beyond the bound all of it counts as changed.
  const common = (n - start) * wide > MOST_CELLS ? null : new Uint32Array((n - start + 1) * wide);
  const cell = (/** @type {number} */ i, /** @type {number} */ j) => (i - start) * wide + j - start;
  if (common) for (let i = n - 1; i >= start; i--) for (let j = m - 1; j >= start; j--) common[cell(i, j)] = a[i] === b[j] ? common[cell(i + 1, j + 1)] + 1 : Math.max(common[cell(i + 1, j)], common[cell(i, j + 1)]);
  /** @type {Line[]} */
  const lines = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const isInside = i >= start && j >= start && (i < n || j < m);
    /** @type {Line["sign"]} */
    const sign = !isInside || (common && i < n && j < m && a[i] === b[j]) ? " " : j >= m || (i < n && (!common || common[cell(i + 1, j)] >= common[cell(i, j + 1)])) ? "-" : "+";
    lines.push({ sign, old: i + 1, now: j + 1, text: sign === "+" ? b[j] : a[i] });
    if (sign !== "+") i++;
    if (sign !== "-") j++;
  }
  return lines;
}

/** @param {{ lines: Line[] }} props */
export function Difference({ lines }) {
  const changes = lines.flatMap(({ sign }, i) => (sign === " " ? [] : [i]));
  const isShown = lines.map((_, i) => changes.some((at) => Math.abs(at - i) <= AROUND));
  return html`<div class="diff" role="region" aria-label="Difference" tabindex="0">${lines.map(({ sign, old, now, text }, i) => {
    if (isShown[i]) return html`<div class=${{ "+": "add", "-": "del", " ": "" }[sign]}><i>${sign !== "+" && old}</i><i>${sign !== "-" && now}</i><b>${sign.replace("-", "−")}</b>${text}</div>`;
    if (i && !isShown[i - 1]) return null;
    const next = isShown.indexOf(true, i);
    const last = lines[next < 0 ? lines.length - 1 : next - 1].now;
    return html`<div class="gap">${last > now ? `lines ${now} to ${last} are` : `line ${now} is`} the same</div>`;
  })}</div>`;
}
