// Figures that screens share, from handlers of either layout: net and dns 1.0, and 2.0 with its directions.

/** @typedef {{ name: string, estimate: number, lower_bound?: number, upper_bound?: number, client?: string, server?: string, result?: string }} Entry */
/** @typedef {{ instance: string, schema: string, metrics: any, period: any }} Handler */

export const DIRECTIONS = ["in", "out", "unknown"];

/** The handlers in a document of a policy's metrics. @param {any} document @returns {Handler[]} */
export const handlersOf = (document) =>
  Object.values(document ?? {}).flatMap((instances) =>
    Object.entries(/** @type {Record<string, any>} */ (instances)).flatMap(([instance, schemas]) =>
      Object.entries(/** @type {Record<string, any>} */ (schemas)).map(([schema, metrics]) => ({ instance, schema, metrics, period: metrics.period }))));

/** What stands at a path with dots. @param {any} metrics @param {string} path */
export const at = (metrics, path) => path.split(".").reduce((found, key) => found?.[key], metrics);

/** Paths with `*` for each direction. @param {string} path */
const spread = (path) => (path.includes("*") ? DIRECTIONS.map((direction) => path.replace("*", direction)) : [path]);

/** The first of some paths that a document has; the numbers of directions are added. @param {any} metrics @param {...string} paths @returns {number | null} */
export function number(metrics, ...paths) {
  for (const path of paths) {
    const found = spread(path).map((one) => at(metrics, one)).filter((value) => typeof value === "number");
    if (found.length) return found.reduce((sum, value) => sum + value, 0);
  }
  return null;
}

/** A top list; those of several directions are added up. @param {any} metrics @param {...string} paths @returns {Entry[] | null} null where the document has none */
export function top(metrics, ...paths) {
  for (const path of paths) {
    const lists = spread(path).map((one) => at(metrics, one)).filter(Array.isArray);
    if (lists.length) return lists.length === 1 ? lists[0] : added(lists.flat());
  }
  return null;
}

/** Entries of one name are added up, bounds and all. @param {Entry[]} entries @returns {Entry[]} */
export function added(entries) {
  /** @type {Map<string, Entry>} */
  const sums = new Map();
  for (const entry of entries) {
    const { name, client, server, result, estimate, lower_bound: lower = estimate, upper_bound: upper = estimate } = entry;
    const key = [name, client, server, result].join(" ");
    const sum = sums.get(key) ?? { ...entry, estimate: 0, lower_bound: 0, upper_bound: 0 };
    sums.set(key, { ...sum, estimate: sum.estimate + estimate, lower_bound: (sum.lower_bound ?? 0) + lower, upper_bound: (sum.upper_bound ?? 0) + upper });
  }
  return [...sums.values()].sort((a, b) => b.estimate - a.estimate);
}

/** @typedef {{ step_s: number, start: number, handlers: Record<string, any> }} Series */

/** What a handler's series has at the first of some paths that it has, for each direction. @param {Series | null} series @param {string} schema @param {"counters" | "histograms"} of @param {readonly string[]} paths @returns {any[]} */
export function found(series, schema, of, paths) {
  for (const handler of Object.values(series?.handlers ?? {})) {
    if (handler.schema !== schema) continue;
    for (const path of paths) {
      const all = spread(path).map((one) => handler[of]?.[`${schema}.${one}`]).filter(Boolean);
      if (all.length) return all;
    }
  }
  return [];
}

/** A series by step: the first of some paths that a handler has, directions added; null where none has it.
 * @param {Series | null} series @param {string} schema @param {...string} paths @returns {(number | null)[] | null} */
export function steps(series, schema, ...paths) {
  const all = found(series, schema, "counters", paths);
  return all.length ? all[0].map((/** @type {any} */ _, /** @type {number} */ i) => sum(all.map((one) => one[i]))) : null;
}

/** The times of a series' steps. @param {Series | null} series @param {unknown[]} values */
export const timesOf = (series, values) => values.map((_, i) => (series ? series.start + i * series.step_s : i));

/** @param {(number | null)[]} values */
const sum = (values) => (values.every((value) => value === null) ? null : values.reduce((all, value) => (all ?? 0) + (value ?? 0), 0));

/** @param {(number | null)[] | null} values @param {number} by */
export const divided = (values, by) => values && values.map((value) => (value === null ? null : value / by));
