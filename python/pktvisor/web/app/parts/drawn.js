// What draws a chart. Gaps are hatched, marks are dotted lines, and all charts of a screen share one cross.
import { effect, html, useEffect, useRef, useSignal } from "../../vendor.js";
import { markPlaces } from "../axes.js";
import { cross } from "../cross.js";
import { escaped } from "../names.js";
import { colourOf, theme } from "../theme.js";
import { means } from "../thin.js";
import { TimePlot } from "../timeplot.js";
import { clock, short } from "../units.js";

/** @typedef {import("./chart.js").Line} Line */
/** @typedef {import("./chart.js").Event} Event */

const POINTS_PER_PIXEL = 2;
const LONGEST_MARK = 40;

/** Each line on top of those after it. @param {Line[]} lines */
const stacked = (lines) => {
  /** @type {(number | null)[]} */
  let below = [];
  return lines.toReversed().map((line) => {
    below = line.values.map((value, i) => (value === null ? null : value + (below[i] ?? 0)));
    return { ...line, values: below };
  }).toReversed();
};

/** Whether nothing is known of a step. @param {(number | null)[][]} rows @param {number} i */
const isGap = (rows, i) => rows.every((values) => values[i] === null);

/** @param {CanvasRenderingContext2D} ctx */
function hatching(ctx) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const paint = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  paint.strokeStyle = colourOf("hatch");
  paint.beginPath();
  for (const start of [-6, 0, 6]) {
    paint.moveTo(start, 6);
    paint.lineTo(start + 6, 0);
  }
  paint.stroke();
  return /** @type {CanvasPattern} */ (ctx.createPattern(tile, "repeat"));
}

/** Where nothing is known, it is hatched. @param {TimePlot} plot */
function drawGaps({ ctx, area: { top, foot }, times, rows, step, x }) {
  ctx.fillStyle = hatching(ctx);
  for (let i = 0; i < times.length; i++) {
    const start = i;
    while (i < times.length && isGap(rows, i)) i++;
    if (i > start) ctx.fillRect(x(times[start]), top, x(times[i - 1] + step) - x(times[start]), foot - top);
  }
}

/** Marks with their texts; what has no room is told at the cross. @param {TimePlot} plot @param {Event[]} events */
function drawMarks({ ctx, area: { left, right, top, foot }, begin, end, x }, events) {
  Object.assign(ctx, { font: "11px sans-serif", textAlign: "left", textBaseline: "alphabetic", fillStyle: colourOf("text-2") });
  const marks = events.filter(({ time }) => time >= begin && time < end).map(({ time, text }) => ({ at: x(time), said: escaped(text).slice(0, LONGEST_MARK) }));
  const places = markPlaces(marks.map(({ at, said }) => [at, ctx.measureText(said).width + 8]), left, right);
  Object.assign(ctx, { strokeStyle: colourOf("text-2"), lineWidth: 1 });
  ctx.setLineDash([2, 3]);
  for (const { at } of marks) ctx.stroke(new Path2D(`M${at} ${top}V${foot}`));
  // lines must not run through the text
  Object.assign(ctx, { strokeStyle: colourOf("panel"), lineWidth: 4 });
  ctx.setLineDash([]);
  marks.forEach(({ said }, i) => {
    const place = places[i];
    if (!place) return;
    const at = /** @type {const} */ ([said, place.start + 4, top + 12 + 13 * place.row]);
    ctx.strokeText(...at);
    ctx.fillText(...at);
  });
}

/** What the agent keeps as windows, as a bracket on the axis. @param {TimePlot} plot @param {number | null | undefined} since */
function drawKept({ ctx, area: { left, right, foot }, x }, since) {
  if (!since || x(since) > right) return;
  Object.assign(ctx, { strokeStyle: colourOf("text-3"), lineWidth: 2 });
  ctx.setLineDash([]);
  ctx.stroke(new Path2D(`M${Math.max(left, x(since))} ${foot - 4}v4H${right}v-4`));
}

/** @param {ArrayLike<number>} times */
const stepOf = (times) => (times[1] ?? 1) - (times[0] ?? 0);

/** @param {Line} line @param {boolean} isStack @returns {import("../timeplot.js").Stroke} */
function strokeOf({ colour, isDashed, fill, isPale }, isStack) {
  const ink = colourOf(colour);
  return { colour: ink, isDashed, ...((isStack || fill) && { fill: `${ink}${isStack ? "" : isPale ? "60" : "28"}` }) };
}

/** @param {import("./chart.js").Props} props */
export function Drawn({ times, lines, isStack = false, height = 190, format = short, events = [], kept, select, label, ground, range, ticks, told }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const made = useRef(/** @type {TimePlot | null} */ (null));
  const spoken = useSignal("");
  const shown = isStack ? stacked(lines) : lines;
  // who switches it has the chart painted in its colours
  void theme.value;

  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const size = Math.ceil(times.length / (POINTS_PER_PIXEL * (box.clientWidth || 300)));
    const rows = shown.map(({ values, isBelow }) => means(values, size).map((value) => (isBelow && value ? -value : value)));
    made.current ??= new TimePlot(box);
    made.current.show({
      height, isStack, range, ticks, strokes: shown.map((line) => strokeOf(line, isStack)),
      format: (value) => format(range ? value : Math.abs(value)),
      below: (plot) => (ground?.(plot), drawGaps(plot)),
      above: (plot) => (drawMarks(plot, events), drawKept(plot, kept)),
      pointed: (time) => (cross.value = time === null ? null : stepAt(times, time)),
      chosen: select, isArea: Boolean(ground),
    }, times.filter((_, i) => i % size === 0), rows);
  });
  useEffect(() => {
    const watcher = new ResizeObserver(() => made.current?.draw());
    if (place.current) watcher.observe(place.current);
    const follow = effect(() => made.current?.point(cross.value));
    return () => (watcher.disconnect(), follow(), (cross.value = null));
  }, []);

  const read = (/** @type {KeyboardEvent} */ event) => {
    const now = indexOf(times, cross.value) ?? times.length - 1;
    const to = { ArrowLeft: cross.value === null ? now : now - 1, ArrowRight: now + 1, Home: 0, End: times.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const i = Math.min(Math.max(to, 0), times.length - 1);
    cross.value = times[i];
    spoken.value = `${clock(times[i])}: ${lines.map(({ name, values }) => `${name} ${values[i] === null ? "no data" : format(values[i] ?? NaN)}`).join(", ")}${told ? `, ${told(i)}` : ""}`;
  };
  return html`<figure aria-label=${label}>
    <${Legend} times=${times} lines=${isStack ? lines.toReversed() : lines} format=${format} events=${events} />
    <div class="chart" ref=${place} role="application" tabindex="0" aria-roledescription="chart" aria-label="${label}; arrow keys read its points, the menu's table has all" onKeyDown=${read} onBlur=${() => (cross.value = null)}></div>
    <p class="unseen" aria-live="polite">${spoken}</p></figure>`;
}

/** @param {ArrayLike<number>} times @param {number | null} time */
function indexOf(times, time) {
  const i = time === null ? -1 : Math.floor((time - times[0]) / stepOf(times));
  return i >= 0 && i < times.length ? i : null;
}
/** @param {ArrayLike<number>} times @param {number} time */
const stepAt = (times, time) => times[indexOf(times, time) ?? times.length - 1];

/** The lines' values at the cross; without one the newest. @param {{ times: number[], lines: Line[], format: (n: number) => string, events: Event[] }} props */
function Legend({ times, lines, format, events }) {
  const at = indexOf(times, cross.value);
  const value = (/** @type {Line} */ { values }) => (at === null ? values.findLast((one) => one !== null) : values[at]);
  const near = at === null ? [] : events.filter(({ time }) => indexOf(times, time) === at);
  return html`<ul class="legend">${lines.map((line) => html`<li key=${line.name}><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class=${line.colour} width="10" height="10" rx="2" /></svg>${line.name} <b>${format(value(line) ?? NaN)}</b>${line.isBelow ? " (below the line)" : ""}</li>`)}
    ${times.some((_, i) => isGap(lines.map(({ values }) => values), i)) && html`<li><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><path class="hatch" d="M0 5l5-5M0 10l10-10M5 10l5-5" /></svg>No data</li>`}
    ${at !== null && html`<li class="sub">${clock(times[at])} UTC${near.map(({ text }) => ` · ${escaped(text)}`)}</li>`}</ul>`;
}
