// What draws a chart, by uPlot. Gaps are hatched, marks are dotted lines, and all charts of a screen share one cross.
import { uPlot } from "../../uplot.js";
import { effect, html, useEffect, useRef, useSignal } from "../../vendor.js";
import { cross } from "../cross.js";
import { escaped } from "../names.js";
import { colourOf } from "../theme.js";
import { means } from "../thin.js";
import { clock, moment, short } from "../units.js";

/** @typedef {import("./chart.js").Line} Line */
/** @typedef {import("./chart.js").Event} Event */

const POINTS_PER_PIXEL = 2;
const MARK_ROWS = 3;
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

/** Whether nothing is known of a step. @param {ArrayLike<any>[]} series @param {number} i */
const isGap = (series, i) => series.every((values) => values[i] === null || values[i] === undefined);

/** @param {CanvasRenderingContext2D} ctx */
function hatching(ctx) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6 * devicePixelRatio;
  const paint = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  paint.strokeStyle = colourOf("hatch");
  paint.lineWidth = devicePixelRatio;
  paint.beginPath();
  for (const start of [-1, 0, 1]) {
    paint.moveTo(start * tile.width, tile.width);
    paint.lineTo((start + 1) * tile.width, 0);
  }
  paint.stroke();
  return /** @type {CanvasPattern} */ (ctx.createPattern(tile, "repeat"));
}

/** Where nothing is known, it is hatched. @param {uPlot} plot */
function drawGaps({ ctx, bbox, data, valToPos }) {
  const times = data[0];
  const step = stepOf(times);
  ctx.save();
  ctx.fillStyle = hatching(ctx);
  for (let i = 0; i < times.length; i++) {
    const start = i;
    while (i < times.length && isGap(data.slice(1), i)) i++;
    if (i === start) continue;
    const left = valToPos(times[start], "x", true);
    ctx.fillRect(left, bbox.top, valToPos(times[i - 1] + step, "x", true) - left, bbox.height);
  }
  ctx.restore();
}

/** Marks with their texts, one below the other where they would overlap; what has no room is told at the cross. @param {uPlot} plot @param {Event[]} events */
function drawMarks({ ctx, bbox, valToPos }, events) {
  const right = bbox.left + bbox.width;
  /** @type {[number, number, number][]} */
  const taken = [];
  ctx.save();
  ctx.fillStyle = colourOf("text-2");
  ctx.font = `${11 * devicePixelRatio}px sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  for (const { time, text } of events) {
    const x = valToPos(time, "x", true);
    if (x < bbox.left || x > right) continue;
    ctx.strokeStyle = ctx.fillStyle;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const shown = escaped(text).slice(0, LONGEST_MARK);
    const width = ctx.measureText(shown).width + 8;
    const start = x + width > right ? x - width : x;
    const row = Array.from({ length: MARK_ROWS }, (_, i) => i).find((i) => start >= bbox.left && !taken.some(([at, from, to]) => at === i && start < to && start + width > from));
    if (row === undefined) continue;
    taken.push([row, start, start + width]);
    const foot = bbox.top + (12 + 13 * row) * devicePixelRatio;
    ctx.setLineDash([]);
    ctx.strokeStyle = colourOf("panel"); // lines must not run through the text
    ctx.lineWidth = 4 * devicePixelRatio;
    ctx.strokeText(shown, start + 4, foot);
    ctx.fillText(shown, start + 4, foot);
  }
  ctx.restore();
}

/** What the agent keeps as windows, as a bracket on the axis. @param {uPlot} plot @param {number | null | undefined} since */
function drawKept({ ctx, bbox, valToPos }, since) {
  if (!since) return;
  const [left, right, foot] = [Math.max(bbox.left, valToPos(since, "x", true)), bbox.left + bbox.width, bbox.top + bbox.height];
  ctx.save();
  ctx.strokeStyle = colourOf("text-3");
  ctx.setLineDash([]);
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(left, foot - 4 * devicePixelRatio);
  ctx.lineTo(left, foot);
  ctx.lineTo(right, foot);
  ctx.lineTo(right, foot - 4 * devicePixelRatio);
  ctx.stroke();
  ctx.restore();
}

/** @param {ArrayLike<number>} times */
const stepOf = (times) => (times[1] ?? 1) - (times[0] ?? 0);

/** @param {ArrayLike<any>[]} a @param {ArrayLike<any>[]} b */
const same = (a, b) => a.length === b.length && a.every((one, i) => one.length === b[i].length && Array.prototype.every.call(one, (value, k) => value === b[i][k]));

/** @param {import("./chart.js").Props} props */
export function Drawn({ times, lines, isStack = false, height = 190, format = short, events = [], kept, select, label, ground, range, ticks, told }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const made = useRef(/** @type {{ plot: uPlot, shape: string } | null} */ (null));
  const spoken = useSignal("");
  // The plot outlives a drawing; what it calls is of the last one.
  const latest = useRef({ events, kept, ground, select, format });
  latest.current = { events, kept, ground, select, format };
  const shown = isStack ? stacked(lines) : lines;
  const shape = JSON.stringify([shown.map(({ name, colour, isDashed }) => [name, colour, isDashed]), height, range, ticks, isStack, format(1), document.documentElement.dataset.theme]);

  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const size = Math.ceil(times.length / (POINTS_PER_PIXEL * (box.clientWidth || 300)));
    const data = /** @type {uPlot.AlignedData} */ ([times.filter((_, i) => i % size === 0), ...shown.map(({ values, isBelow }) => means(values, size).map((value) => (isBelow && value ? -value : value)))]);
    const last = made.current;
    if (last?.shape === shape) {
      if (!same(data, last.plot.data)) last.plot.setData(data);
      else if (ground) last.plot.redraw(false);
      return;
    }
    last?.plot.destroy();
    const axis = { stroke: colourOf("text-3"), grid: { stroke: colourOf("grid"), width: 1 }, ticks: { show: false }, font: "11px sans-serif" };
    const plot = new uPlot({
      width: box.clientWidth || 300,
      height,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      legend: { show: false },
      cursor: { drag: { x: Boolean(select), y: Boolean(select && ground), setScale: false }, points: { size: 5 } },
      scales: {
        x: { range: ({ data: [all] }) => [all[0], all[all.length - 1] + stepOf(all)] },
        y: { range: range ?? ((_, low, high) => [Math.min(0, low) * 1.06, high > 0 || low < 0 ? Math.max(0, high) * 1.06 : 1]) },
      },
      axes: [
        { ...axis, size: 26, values: (_, all) => all.map((time) => (time % 86400 || all[all.length - 1] - all[0] < 43200 ? clock(time).slice(0, all[1] - all[0] < 60 ? 8 : 5) : moment(time).slice(5, 10))) },
        { ...axis, size: 54, values: (_, all) => all.map((value) => latest.current.format(range ? value : Math.abs(value))), ...(ticks && { splits: () => ticks, grid: { show: false } }) },
      ],
      series: [{}, ...shown.map(({ name, colour, isDashed, fill, isPale }) => ({
        label: name, stroke: colourOf(colour), width: 1.5, points: { show: false },
        ...(isDashed && { dash: [4, 4] }), ...((isStack || fill) && { fill: `${colourOf(colour)}${!isStack ? "28" : isPale ? "60" : ""}` }),
        // A step is as wide as it lasts.
        ...(isStack && { paths: uPlot.paths.stepped?.({ align: 1, extend: true }) }),
      }))],
      hooks: {
        drawAxes: [(drawn) => (latest.current.ground?.(drawn), drawGaps(drawn))],
        draw: [(drawn) => (drawMarks(drawn, latest.current.events), drawKept(drawn, latest.current.kept))],
        setCursor: [({ cursor: { left = -1 }, data: [all], posToVal }) => (cross.value = left < 0 ? null : stepAt(all, posToVal(left, "x")))],
        setSelect: [({ select: { left, width, top, height: tall }, posToVal }) => width > 4 && latest.current.select?.({ from: posToVal(left, "x"), to: posToVal(left + width, "x"), low: posToVal(top + tall, "y"), high: posToVal(top, "y") })],
      },
    }, data, box);
    made.current = { plot, shape };
  });
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const watcher = new ResizeObserver(() => made.current?.plot.setSize({ width: box.clientWidth, height }));
    watcher.observe(box);
    const follow = effect(() => {
      const plot = made.current?.plot;
      const time = cross.value;
      if (!plot || box.matches(":hover")) return;
      plot.setCursor({ left: time === null ? -10 : plot.valToPos(time + stepOf(plot.data[0]) / 2, "x"), top: -10 }, false);
    });
    return () => (watcher.disconnect(), follow(), (cross.value = null), made.current?.plot.destroy(), (made.current = null));
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
