// Histograms by step: those of directions joined, and quantiles read from them, as exactly as their buckets are.
import { found } from "./figures.js";
import { micros } from "./units.js";

/** @typedef {{ bounds: number[], counts: (number[] | null)[] }} Histograms  each count up to its bound; the last is above all */

/** @param {import("./figures.js").Series | null} series @param {string} schema @param {readonly string[]} paths @returns {Histograms | null} */
export function histograms(series, schema, paths) {
  /** @type {Histograms[]} */
  const all = found(series, schema, "histograms", paths);
  if (!all.length) return null;
  const bounds = [...new Set(all.flatMap((one) => one.bounds))].sort((a, b) => a - b);
  const places = all.map((one) => [...one.bounds, Infinity].map((bound) => (bound === Infinity ? bounds.length : bounds.indexOf(bound))));
  const counts = all[0].counts.map((_, step) => {
    if (all.every((one) => !one.counts[step])) return null;
    const sums = Array(bounds.length + 1).fill(0);
    all.forEach((one, i) => one.counts[step]?.forEach((n, at) => (sums[places[i][at]] += n)));
    return sums;
  });
  return { bounds, counts };
}

/** The value that a share of all is below; between two bounds it is taken to lie evenly on a logarithmic scale. @param {Histograms} of @param {number} step @param {number} share */
export function quantile({ bounds, counts }, step, share) {
  const row = counts[step];
  const all = row?.reduce((sum, n) => sum + n, 0);
  if (!row || !all) return null;
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    if (row[i] && below + row[i] >= all * share) return bounds[i] * 2 ** ((all * share - below) / row[i] - 1);
    below += row[i];
  }
  return bounds[bounds.length - 1];
}

/** One quantile of each step. @param {Histograms} of @param {number} share */
export const quantiles = (of, share) => of.counts.map((_, step) => quantile(of, step, share));

/** The figures as a table. @param {number[]} times @param {Histograms} of */
export const histogramSheet = (times, { bounds, counts }) => () => ({
  columns: ["time", ...bounds.map((bound) => `up to ${micros(bound)}`), "above"],
  rows: times.map((at, i) => [new Date(at * 1000).toISOString(), ...(counts[i] ?? Array(bounds.length + 1).fill(null))]),
});
