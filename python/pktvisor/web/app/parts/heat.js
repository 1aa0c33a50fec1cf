// Answer times as a heat map: a column for each step, a row for each power of two, one hue; over it the lines of p50 and p95.
import { html, useSignal } from "../../vendor.js";
import { quantiles } from "../histograms.js";
import { colourOf } from "../theme.js";
import { clock, count, micros, percent } from "../units.js";
import { Chart } from "./chart.js";

/** @typedef {import("../histograms.js").Histograms} Histograms */

const HUES = 8;
/** Where the axis has its names, in microseconds. */
const DECADES = [100, 1e3, 1e4, 1e5, 1e6, 1e7].map(Math.log2);

/** A time by its binary logarithm, which is what the rows are even in. @param {number} log */
const time = (log) => (Number.isFinite(log) ? micros(+(2 ** log).toPrecision(2)) : "–");

/** The rows that have any answers, first and behind the last. @param {Histograms} of */
function rowsOf({ bounds, counts }) {
  const used = Array.from({ length: bounds.length + 1 }, (_, row) => row).filter((row) => counts.some((step) => step?.[row]));
  return [Math.max(0, (used[0] ?? 0) - 1), Math.min(bounds.length + 1, (used.at(-1) ?? bounds.length) + 2)];
}

/** Upper end of a row on the axis. @param {number[]} bounds @param {number} row */
const upper = (bounds, row) => (row < bounds.length ? Math.log2(bounds[row]) : Math.log2(bounds[bounds.length - 1]) + 1);

/** What colour so many answers have: lightness falls with the square root, so that few are seen beside many. @param {number} n @param {number} most */
const hue = (n, most) => (n ? Math.ceil(HUES * Math.sqrt(n / most)) : 0);

/** @param {number[]} times @param {Histograms} of @param {[number, number]} rows @param {number} most @returns {(plot: import("../timeplot.js").TimePlot) => void} */
const cells = (times, { bounds, counts }, [first, end], most) => ({ ctx, x, y }) => {
  const colours = Array.from({ length: HUES + 1 }, (_, i) => colourOf(`h${i}`));
  const step = times[1] - times[0];
  for (let row = first; row < end; row++) {
    const [top, foot] = [y(upper(bounds, row)), y(upper(bounds, row) - 1)];
    counts.forEach((all, i) => {
      if (!all) return;
      const left = x(times[i]);
      ctx.fillStyle = colours[hue(all[row], most)];
      ctx.fillRect(left, top, x(times[i] + step) - left + 0.5, foot - top);
    });
  }
};

/** How many answers lie in a span of times and rows, of how many. @param {number[]} times @param {Histograms} of @param {import("./chart.js").Span} span */
function chosen(times, { bounds, counts }, { from, to, low, high }) {
  let [inside, all] = [0, 0];
  const step = times[1] - times[0];
  counts.forEach((column, i) => column?.forEach((n, row) => {
    if (times[i] + step <= from || times[i] >= to) return;
    all += n;
    if (upper(bounds, row) > low && upper(bounds, row) - 1 < high) inside += n;
  }));
  return { inside, all };
}

/** The busiest row of a step, for those who hear the chart. @param {Histograms} of @param {number} i */
function busiest({ bounds, counts }, i) {
  const column = counts[i];
  if (!column) return "";
  const row = column.indexOf(Math.max(...column));
  return `most answers, ${count(column[row])}, took ${time(upper(bounds, row) - 1)} to ${time(upper(bounds, row))}`;
}

/** @param {{ times: number[], of: Histograms, events: import("./chart.js").Event[], kept?: number | null, label: string }} props */
export function Heat({ times, of, events, kept, label }) {
  const span = useSignal(/** @type {import("./chart.js").Span | null} */ (null));
  const [first, end] = rowsOf(of);
  const most = Math.max(1, ...of.counts.flatMap((column) => column ?? []));
  const range = /** @type {[number, number]} */ ([upper(of.bounds, first) - 1, upper(of.bounds, end - 1)]);
  const log = (/** @type {number} */ share) => quantiles(of, share).map((us) => (us === null ? null : Math.log2(us)));
  const lines = [{ name: "p50", colour: "text", values: log(0.5) }, { name: "p95, dashed", colour: "text", isDashed: true, values: log(0.95) }];
  const sum = span.value && chosen(times, of, span.value);
  return html`<div ><p class="sub hues">0 <svg viewBox="0 0 90 10" aria-hidden="true">${Array.from({ length: HUES + 1 }, (_, i) => html`<rect class="h${i}" x=${i * 10} width="10" height="10" />`)}</svg> ${count(most)} answers, by square root</p>
    <${Chart} label=${label} times=${times} lines=${lines} events=${events} kept=${kept} range=${range} ticks=${DECADES.filter((at) => at > range[0] && at < range[1])} format=${time}
      ground=${cells(times, of, [first, end], most)} select=${(/** @type {any} */ chose) => (span.value = chose)} told=${(/** @type {number} */ i) => busiest(of, i)} />
    <p class="sub" role="status">${sum && span.value ? html`<b>${count(sum.inside)}</b> of ${count(sum.all)} answers (${percent(sum.all ? sum.inside / sum.all : null)}) between ${clock(span.value.from)} and ${clock(span.value.to)} took ${time(span.value.low)} to ${time(span.value.high)}.` : "Drag over cells to count their answers."}</p></div>`;
}
