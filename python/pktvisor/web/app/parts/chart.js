// A chart over time: lines, areas above and below one line, stacks. What draws it comes when the figures stand already.
import { later } from "./later.js";

/** @typedef {{ name: string, values: (number | null)[], colour: string, isBelow?: boolean, isDashed?: boolean, fill?: boolean, isPale?: boolean }} Line  `colour` names a custom property of style.css */
/** @typedef {{ time: number, text: string }} Event */
/** @typedef {{ from: number, to: number, low: number, high: number }} Span */

/**
 * @typedef {object} Props
 * @property {number[]} times when steps begin, in Unix seconds
 * @property {Line[]} lines
 * @property {boolean} [isStack]
 * @property {number} [height]
 * @property {(n: number) => string} [format]
 * @property {Event[]} [events]
 * @property {number | null} [kept] since when there are windows
 * @property {(span: Span) => void} [select] is told of what somebody drags over
 * @property {string} label
 * @property {(plot: import("../timeplot.js").TimePlot) => void} [ground] paints below the lines
 * @property {[number, number]} [range] of the values
 * @property {number[]} [ticks] values with a name on the axis
 * @property {(i: number) => string} [told] adds to what is read out of a step
 */

/** @type {(props: Props) => any} */
export const Chart = later(() => import("./drawn.js").then(({ Drawn }) => Drawn));

/** The figures of a chart as a table. @param {number[]} times @param {Line[]} lines */
export const chartSheet = (times, lines) => () => ({ columns: ["time", ...lines.map(({ name }) => name)], rows: times.map((time, i) => [new Date(time * 1000).toISOString(), ...lines.map(({ values }) => values[i] ?? null)]) });
