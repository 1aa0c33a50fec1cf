// Joins what one answer tells of steps to what the ones before told.

/** @typedef {import("./figures.js").Series} Series */

const MOST_STEPS = 360;

/** Lists by name, each with those of `next` behind the first `keep` of `before`. @param {any} before @param {any} next @param {number} keep @param {number} count @returns {any} */
function joined(before, next, keep, count) {
  if (Array.isArray(next) || Array.isArray(before)) {
    const start = Array.isArray(before) ? before.slice(0, keep) : [];
    while (start.length < keep) start.push(null);
    return start.concat(next ?? Array(count).fill(null)).slice(-MOST_STEPS);
  }
  if (typeof next !== "object" || next === null) return next ?? before;
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(next)]);
  return Object.fromEntries([...names].map((name) => [name, name === "bounds" ? (next[name] ?? before[name]) : joined(before?.[name], next[name], keep, count)]));
}

/** How many steps a series has. @param {Series} series @returns {number} */
export const length = (series) => Object.values(series.handlers)[0]?.completeness.length ?? 0;

/** Whether a histogram of both has other bounds now: these grow with what comes. @param {Series} before @param {Series} next */
const areWidened = (before, next) =>
  Object.entries(next.handlers).some(([instance, { histograms }]) =>
    Object.entries(/** @type {Record<string, any>} */ (histograms)).some(([path, { bounds }]) => String(before.handlers[instance]?.histograms[path]?.bounds ?? bounds) !== String(bounds)));

/** Both as one; null where they don't fit, so that all must be asked for anew. @param {Series | null} before @param {Series} next @returns {Series | null} */
export function merged(before, next) {
  const keep = before ? (next.start - before.start) / next.step_s : 0;
  if (!before || before.step_s !== next.step_s || keep < 0 || keep > MOST_STEPS || !Number.isInteger(keep)) return next;
  const count = length(next);
  if (!count) return before;
  if (areWidened(before, next)) return null;
  const handlers = joined(before.handlers, next.handlers, keep, count);
  return { step_s: next.step_s, start: next.start + (count - Math.min(keep + count, MOST_STEPS)) * next.step_s, handlers };
}
