// From the hub's history to lines of a chart, and what is said of each below it.
/** @typedef {{ name: string, values: (number | null)[] }} Values */
/** @typedef {{ min: number | null, average: number | null, p95: number | null, max: number | null, total: number | null, share: number }} Summary */

export const QUANTILES = ["p50", "p90", "p95", "p99"];
const COUNTED = ["counter"];

/** Whether a kind is shown per second, and has a total. @param {string} kind */
export const isCounted = (kind) => COUNTED.includes(kind);

/** The begins of steps of a time. @param {number} from @param {number} to @param {number} step */
export const grid = (from, to, step) => Array.from({ length: Math.max(0, Math.ceil(to / step) - Math.floor(from / step)) }, (_, i) => (Math.floor(from / step) + i) * step);

/** The lines of an answer, one value for each step; counts are per second. @param {any} answer @param {number[]} times @param {string} quantile @param {number} end of the time that was asked for @returns {Values[]} */
export function linesOf(answer, times, quantile, end) {
  const step = answer.step_s;
  return Object.entries(/** @type {Record<string, [number, any][]>} */ (answer.series)).map(([name, points]) => {
    const at = new Map(points);
    const values = times.map((time) => {
      const value = at.get(time);
      if (value === undefined || value === null) return null;
      if (typeof value === "object") return value[quantile] ?? null;
      return isCounted(answer.kind) ? value / Math.min(step, Math.max(60, end - time)) : value;
    });
    return { name, values };
  });
}

/** @param {(number | null)[]} values @param {number} step @returns {Summary} */
export function summary(values, step) {
  const known = /** @type {number[]} */ (values.filter((value) => value !== null)).sort((a, b) => a - b);
  const sum = known.reduce((all, value) => all + value, 0);
  const [min, max, p95] = [known[0], known.at(-1), known[Math.ceil(known.length * 0.95) - 1]].map((value) => value ?? null);
  return { min, max, p95, average: known.length ? sum / known.length : null, total: known.length ? sum * step : null, share: known.length / (values.length || 1) };
}
