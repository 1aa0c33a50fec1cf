// Two texts line by line: what went, what came, and a little of what stands around.
import { html } from "../../vendor.js";

/** @typedef {{ sign: string, old: number, now: number, text: string }} Line its sign is "+", "−" or " "; numbers are those of the line, from 1 */

/** Of the lines that are compared with one another; beyond, all of them count as changed. */
const MOST_PAIRS = 4e6;
/** Lines that are shown around a change. */
const AROUND = 2;

/** @param {string} before @param {string} after @returns {Line[]} */
export function difference(before, after) {
  const a = before.split("\n");
  const b = after.split("\n");
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let [n, m] = [a.length, b.length];
  while (n > start && m > start && a[n - 1] === b[m - 1]) n--, m--;
  // How many lines the rest of both have in common.
  const common = a.map(() => /** @type {number[]} */ ([]));
  const at = (/** @type {number} */ i, /** @type {number} */ j) => common[i]?.[j] ?? 0;
  if ((n - start) * (m - start) < MOST_PAIRS) for (let i = n; i-- > start; ) for (let j = m; j-- > start; ) common[i][j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  /** @type {Line[]} */
  const lines = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const isOld = i >= start && i < n;
    const isNew = j >= start && j < m;
    const sign = isOld && isNew && a[i] === b[j] && at(i, j) ? " " : isOld && (!isNew || at(i + 1, j) >= at(i, j + 1)) ? "−" : isNew ? "+" : " ";
    lines.push({ sign, old: i + 1, now: j + 1, text: sign === "+" ? b[j] : a[i] });
    if (sign !== "+") i++;
    if (sign !== "−") j++;
  }
  return lines;
}

/** @param {{ lines: Line[] }} props */
export function Difference({ lines }) {
  const isShown = lines.map((_, i) => lines.slice(Math.max(0, i - AROUND), i + AROUND + 1).some(({ sign }) => sign !== " "));
  return html`<div class="diff" role="region" aria-label="Difference" tabindex="0">${lines.map(({ sign, old, now, text }, i) => {
    if (isShown[i]) return html`<div class=${sign === "+" ? "add" : sign === "−" ? "del" : ""}><i>${sign !== "+" && old}</i><i>${sign !== "−" && now}</i><b>${sign}</b>${text}</div>`;
    const end = isShown.indexOf(true, i);
    const last = lines.at(end < 0 ? -1 : end - 1)?.now;
    return (!i || isShown[i - 1]) && html`<div class="gap">${last === now ? `line ${now} is` : `lines ${now} to ${last} are`} the same</div>`;
  })}</div>`;
}
