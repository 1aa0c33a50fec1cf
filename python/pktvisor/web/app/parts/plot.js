// Lines over any time as SVG: few points, so that it needs no library. Gaps, marks, a cross that keys move too, and a drag that chooses a time.
import { html, useEffect, useRef, useSignal } from "../../vendor.js";
import { markPlaces, timeTicks, valueTicks } from "../axes.js";
import { escaped } from "../names.js";
import { moment, short } from "../units.js";

/** @typedef {{ name: string, values: (number | null)[], colour: string, isDashed?: boolean, isBold?: boolean }} Line */

const LEFT = 58;
const FOOT = 20;
const TOP = 8;
const LONGEST_MARK = 40;
/** About as wide as a character is on average, in pixels. */
const CHARACTER = 6;

/** @param {number[]} times @param {(time: number) => number} x @param {(value: number) => number} y @param {(number | null)[]} values */
function path(times, x, y, values) {
  let isDrawing = false;
  return values.map((value, i) => {
    const isAlone = value !== null && !isDrawing && (values[i + 1] ?? null) === null;
    const at = value === null ? "" : `${isDrawing ? "L" : "M"}${x(times[i]).toFixed(1)} ${y(value).toFixed(1)}${isAlone ? "h2" : ""}`;
    isDrawing = value !== null;
    return at;
  }).join("");
}

/** Runs of steps of which something holds, as first and end. @param {number} n @param {(i: number) => boolean} holds */
function runs(n, holds) {
  /** @type {[number, number][]} */
  const found = [];
  for (let i = 0; i < n; i++) {
    const last = found.at(-1);
    if (holds(i)) last?.[1] === i ? (last[1] = i + 1) : found.push([i, i + 1]);
  }
  return found;
}

/**
 * @param {{ label: string, times: number[], step: number, lines: Line[], height?: number, format?: (n: number) => string, events?: { time: number, text: string }[], select?: (from: number, to: number) => void, selected?: [number, number], isBare?: boolean }} props
 *   `select` is told of a span that somebody drags, or of one time that is clicked; `isBare` leaves out axes and legend
 */
export function Plot({ label, times, step, lines, height = 240, format = short, events = [], select, selected, isBare = false }) {
  const place = useRef(/** @type {SVGSVGElement | null} */ (null));
  const width = useSignal(600);
  const at = useSignal(-1);
  const drag = useSignal(/** @type {[number, number] | null} */ (null));
  useEffect(() => {
    const watcher = new ResizeObserver(([{ contentRect }]) => (width.value = contentRect.width || 600));
    if (place.current) watcher.observe(place.current);
    return () => watcher.disconnect();
  }, []);
  const [left, foot, top] = isBare ? [0, 0, 2] : [LEFT, FOOT, TOP];
  const [begin, end] = [times[0], times[times.length - 1] + step];
  const most = Math.max(...lines.flatMap(({ values }) => values.map((value) => value ?? 0))) || 1;
  const x = (/** @type {number} */ time) => left + ((time - begin) / (end - begin)) * (width.value - left);
  const y = (/** @type {number} */ value) => height - foot - (value / (most * 1.04)) * (height - foot - top);
  const timeAt = (/** @type {any} */ event) => begin + Math.max(0, Math.min(1, (event.clientX - event.currentTarget.getBoundingClientRect().left - left) / (width.value - left))) * (end - begin);
  const down = (/** @type {any} */ event) => select && (event.currentTarget.setPointerCapture(event.pointerId), (drag.value = [timeAt(event), timeAt(event)]));
  const move = (/** @type {any} */ event) => ((at.value = Math.min(times.length - 1, Math.floor((timeAt(event) - begin) / step))), drag.value && (drag.value = [drag.value[0], timeAt(event)]));
  const up = () => {
    const [a, b] = drag.value?.toSorted((one, other) => one - other) ?? [0, 0];
    if (drag.value) (drag.value = null), isBare || b - a >= step ? select?.(a, b) : null;
  };
  const key = (/** @type {KeyboardEvent} */ event) => {
    const by = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1 })[event.key];
    if (by) (event.preventDefault(), (at.value = Math.max(0, Math.min(times.length - 1, at.value + by))));
  };
  const shown = drag.value?.toSorted((a, b) => a - b) ?? selected;
  const half = step / 2;
  const marks = events.filter(({ time }) => time >= begin && time < end).map(({ time, text }) => ({ at: x(time), text: escaped(text), said: escaped(text).slice(0, LONGEST_MARK) }));
  const places = markPlaces(marks.map(({ at: place, said }) => [place, CHARACTER * said.length + 8]), left, width.value);
  const nothing = runs(times.length, (i) => lines.every(({ values }) => values[i] === null));
  const legend = !isBare && html`<ul class="legend">${lines.map(({ name, colour, values, isDashed }) => html`<li key=${name}><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class=${colour} y=${isDashed ? 4 : 0} width="10" height=${isDashed ? 2 : 10} rx="1" /></svg>${name} <b>${at.value >= 0 ? format(values[at.value] ?? NaN) : ""}</b></li>`)}<li class="end sub">${at.value >= 0 && times[at.value] ? `${moment(times[at.value]).slice(0, 16)} UTC` : ""}</li></ul>`;
  return html`${legend}<svg class="plot ${isBare ? "bare" : ""}" ref=${place} height=${height} role="img" aria-label="${label}; the menu's table has its figures" tabindex=${isBare ? null : 0} onKeyDown=${key} onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerLeave=${() => (at.value = -1)}>
    ${nothing.map(([first, last]) => html`<rect class="nothing" x=${x(begin + first * step)} y=${top} width=${x(begin + last * step) - x(begin + first * step)} height=${height - foot - top} />`)}
    ${!isBare && valueTicks(0, most).map((value) => html`<path class="rule" d="M${left} ${y(value).toFixed(1)}H${width.value}" /><text x=${left - 8} y=${y(value) + 4} text-anchor="end">${format(value)}</text>`)}
    ${!isBare && timeTicks(begin, end, width.value).map(({ time, text }) => html`<text x=${x(time)} y=${height - 4} text-anchor="middle">${text}</text>`)}
    ${lines.map(({ name, colour, values, isDashed, isBold }, n) => html`<path key=${name} class="line ${colour} ${isDashed ? "dashed" : ""} ${isBold ? "bold" : ""}" d=${path(times, (time) => x(time + half), y, values)} />
      ${!isBare && !isDashed && lines.length > 1 && runs(times.length, (i) => values[i] === null && !lines.every((one) => one.values[i] === null)).map(([first, last]) => html`<rect class=${colour} x=${x(begin + first * step)} y=${height - foot - 4 * (n + 1)} width=${x(begin + last * step) - x(begin + first * step)} height="3"><title>${name}: no data</title></rect>`)}`)}
    ${marks.map(({ at: place, said, text }, i) => html`<path class="event" d="M${place} ${top}V${height - foot}"><title>${text}</title></path>${places[i] && html`<text class="said" x=${places[i].start + 4} y=${top + 10 + 13 * places[i].row}>${said}</text>`}`)}
    ${at.value >= 0 && !isBare && html`<path class="cross" d="M${x(times[at.value] + half)} ${top}V${height - foot}" />`}
    ${shown && html`<rect class="chosen" x=${x(Math.max(begin, shown[0]))} width=${Math.max(2, x(Math.min(end, shown[1])) - x(Math.max(begin, shown[0])))} y=${isBare ? 0 : top} height=${height - foot - (isBare ? 0 : top)} />`}</svg>`;
}

/** The figures of lines as a table. @param {number[]} times @param {Line[]} lines */
export const plotSheet = (times, lines) => () => ({ columns: ["time", ...lines.map(({ name }) => name)], rows: times.map((time, i) => [new Date(time * 1000).toISOString(), ...lines.map(({ values }) => values[i] ?? null)]) });
