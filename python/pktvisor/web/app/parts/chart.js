// A chart over time by uPlot: lines, areas above and below one line, stacks. Gaps are drawn as such, marks as dotted lines.
import { uPlot } from "../../uplot.js";
import { html, useEffect, useRef } from "../../vendor.js";
import { colourOf } from "../theme.js";
import { clock, moment, short } from "../units.js";

/** @typedef {{ name: string, values: (number | null)[], colour: string, isBelow?: boolean, isDashed?: boolean, fill?: boolean }} Line  `colour` names a custom property of style.css */
/** @typedef {{ time: number, text: string }} Event */

/** Each line on top of those after it. @param {Line[]} lines */
const stacked = (lines) => {
  /** @type {(number | null)[]} */
  let below = [];
  return lines.toReversed().map((line) => {
    below = line.values.map((value, i) => (value === null ? null : value + (below[i] ?? 0)));
    return { ...line, values: below };
  }).toReversed();
};

/** Where nothing is known, it is hatched. @param {uPlot} plot @param {Event[]} events */
function drawGapsAndEvents(plot, events) {
  const { ctx, bbox, data } = plot;
  const times = data[0];
  const step = (times[1] ?? 0) - (times[0] ?? 0);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colourOf("hatch");
  times.forEach((time, i) => {
    if (data.slice(1).some((values) => values[i] !== null && values[i] !== undefined)) return;
    const left = plot.valToPos(time - step / 2, "x", true);
    ctx.fillRect(left, bbox.top, plot.valToPos(time + step / 2, "x", true) - left + 1, bbox.height);
  });
  ctx.strokeStyle = ctx.fillStyle = colourOf("text-2");
  ctx.font = `${11 * devicePixelRatio}px sans-serif`;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const { time, text } of events) {
    const x = plot.valToPos(time, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(text, x + 4, bbox.top + 12 * devicePixelRatio);
  }
  ctx.restore();
}

/**
 * @param {{ times: number[], lines: Line[], isStack?: boolean, height?: number, format?: (n: number) => string, events?: Event[], select?: (from: number, to: number) => void, label: string }} props
 *   `select` is told of a span that somebody drags
 */
export function Chart({ times, lines, isStack = false, height = 190, format = short, events = [], select, label }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const made = useRef(/** @type {{ plot: uPlot, shape: string } | null} */ (null));
  // The plot outlives a drawing; what it calls is of the last one.
  const latest = useRef({ events, format, select });
  latest.current = { events, format, select };
  const shown = isStack ? stacked(lines) : lines;
  const values = shown.map((line) => (line.isBelow ? line.values.map((value) => value && -value) : line.values));
  const shape = JSON.stringify([shown.map(({ name, colour, isDashed }) => [name, colour, isDashed]), height, document.documentElement.dataset.theme]);

  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const data = /** @type {uPlot.AlignedData} */ ([times, ...values]);
    if (made.current?.shape === shape) return made.current.plot.setData(data);
    made.current?.plot.destroy();
    const axis = { stroke: colourOf("text-3"), grid: { stroke: colourOf("grid"), width: 1 }, ticks: { show: false }, font: "11px sans-serif" };
    const plot = new uPlot({
      width: box.clientWidth || 300,
      height,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      legend: { show: false },
      cursor: { drag: { x: Boolean(select), setScale: false }, points: { size: 5 } },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 || low < 0 ? Math.max(0, high) * 1.06 : 1] } },
      axes: [{ ...axis, values: (_, all) => all.map((time) => (time % 86400 || all[all.length - 1] - all[0] < 43200 ? clock(time).slice(0, all[1] - all[0] < 60 ? 8 : 5) : moment(time).slice(5, 10))) }, { ...axis, size: 54, values: (_, all) => all.map((value) => latest.current.format(Math.abs(value))) }],
      series: [{}, ...shown.map(({ name, colour, isDashed, fill }) => ({ label: name, stroke: colourOf(colour), width: 1.5, points: { show: false }, ...(isDashed && { dash: [4, 4] }), ...((isStack || fill) && { fill: `${colourOf(colour)}${isStack ? "" : "28"}` }) }))],
      hooks: {
        draw: [(drawn) => drawGapsAndEvents(drawn, latest.current.events)],
        setSelect: [(chosen) => chosen.select.width > 4 && latest.current.select?.(chosen.posToVal(chosen.select.left, "x"), chosen.posToVal(chosen.select.left + chosen.select.width, "x"))],
      },
    }, data, box);
    made.current = { plot, shape };
  });
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const watcher = new ResizeObserver(() => made.current?.plot.setSize({ width: box.clientWidth, height }));
    watcher.observe(box);
    return () => (watcher.disconnect(), made.current?.plot.destroy(), (made.current = null));
  }, []);
  const last = (/** @type {Line} */ line) => line.values.findLast((value) => value !== null);
  return html`<figure aria-label=${label}>
    <ul class="legend">${lines.map((line) => html`<li key=${line.name}><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class=${line.colour} width="10" height="10" rx="2" /></svg>${line.name} <b>${format(last(line) ?? NaN)}</b>${line.isBelow ? " (below the line)" : ""}</li>`)}</ul>
    <div class="chart" ref=${place} role="img" aria-label="${label}; the menu's table has its figures"></div></figure>`;
}

/** The figures of a chart as a table. @param {number[]} times @param {Line[]} lines */
export const chartSheet = (times, lines) => () => ({ columns: ["time", ...lines.map(({ name }) => name)], rows: times.map((time, i) => [new Date(time * 1000).toISOString(), ...lines.map(({ values }) => values[i] ?? null)]) });
