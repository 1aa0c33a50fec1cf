// A histogram as columns: as wide as its classes on a scale of powers, as high as its counts.
import { html } from "../../vendor.js";
import { count } from "../units.js";

/** @typedef {{ from: number, upto: number, n: number }} Column */

/** Its classes, each with what lies in it alone. @param {{ buckets: Record<string, number> }} value @returns {Column[]} */
export function classes({ buckets }) {
  const ends = Object.keys(buckets).map((bound) => (bound === "+Inf" ? Infinity : Number(bound))).sort((a, b) => a - b);
  const upto = ends.map((end) => buckets[end === Infinity ? "+Inf" : String(end)]);
  return ends.map((end, i) => ({ from: i ? ends[i - 1] : 0, upto: end, n: upto[i] - (i ? upto[i - 1] : 0) })).filter(({ n, upto: end }) => n || end !== Infinity);
}

/** @param {{ value: { buckets: Record<string, number> }, format: (n: number) => string, label: string }} props */
export function Bars({ value, format, label }) {
  const columns = classes(value);
  const most = Math.max(...columns.map(({ n }) => n), 1);
  // Bounds are 18 for each power of ten: a class reaches no further down than one of them.
  const low = (/** @type {Column} */ { from, upto }) => Math.log10(Math.max(from, upto / 10 ** (1 / 18), 0.5));
  const high = (/** @type {Column} */ column) => (isFinite(column.upto) ? Math.log10(Math.max(column.upto, 1)) : low({ ...column, upto: column.from }) + 0.2);
  const left = Math.min(...columns.map(low));
  const width = Math.max(...columns.map(high)) - left || 1;
  const name = (/** @type {Column} */ { upto }) => (isFinite(upto) ? `up to ${format(upto)}` : "above");
  return html`<figure aria-label=${label}><svg class="bars" viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="${label}; the menu's table has its figures">
    ${columns.map((column) => html`<rect class="c1" x=${(100 * (low(column) - left)) / width} width=${Math.max(0.2, (100 * (high(column) - low(column))) / width - 0.2)} y=${100 - (100 * column.n) / most} height=${(100 * column.n) / most}><title>${name(column)}: ${count(column.n)}</title></rect>`)}</svg>
    <p class="scale sub"><span>${format(Math.round(10 ** left))}</span><span>${format(Math.round(10 ** (left + width / 2)))}</span><span>${format(Math.round(10 ** (left + width)))}</span></p></figure>`;
}

/** @param {{ buckets: Record<string, number> }} value */
export const barsSheet = (value) => () => ({ columns: ["up to", "count"], rows: classes(value).map(({ upto, n }) => [isFinite(upto) ? upto : "above", n]) });
