// What a handler of any kind measures, from what it declares: which metrics stand where, and what they are of.
import { DIRECTIONS, added } from "./figures.js";

/** @typedef {{ path: string, kind: string, help: string, unit: string, labels: string[], groups: string[], is_on: boolean }} Metric  as GET /api/v1/policies/NAME/declarations tells */
/** @typedef {{ module: string, type: string, version: string, schema: string, groups: Record<string, boolean>, metrics: Metric[] }} Declared */
/** @typedef {{ metric: Metric, name: string, value: any, direction: string }} Found  a value with its name below the place where it stands */
/** @typedef {{ lead: string[], labels: string[], metrics: { metric: Metric, name: string }[] }} Breakdown  metrics that are kept apart alike */
/** @typedef {{ path: string[], value: any }} Group */

const DIRECTION = "*D*";
const ANY = "*";

/** What stands at a path of keys. @param {any} value @param {string[]} keys */
export const reach = (value, keys) => keys.reduce((found, key) => found?.[key], value);

/** A declared path cut behind what it is kept apart by: `flow.devices.*.records` is `["devices", "*"]` and `records`. @param {Metric} metric */
function cut({ path }) {
  const keys = path.split(".").slice(1);
  const hasDirections = keys[0] === DIRECTION;
  if (hasDirections) keys.shift();
  const end = keys.lastIndexOf(ANY) + 1;
  return { hasDirections, lead: keys.slice(0, end), keys: keys.slice(end) };
}

/** @param {string[]} lead @param {string[]} place */
const leadsTo = (lead, place) => place.every((key, i) => lead[i] === ANY || lead[i] === key);

/**
 * The metrics that stand at a place of a handler's document, each direction by itself.
 * @param {Declared} declared @param {any} metrics @param {string[]} place keys of a group; none for the handler's own
 * @returns {Found[]}
 */
export function found({ metrics: declarations }, metrics, place) {
  return declarations.flatMap((metric) => {
    const { hasDirections, lead, keys } = cut(metric);
    if (!metric.is_on || lead.length !== place.length || !leadsTo(lead, place)) return [];
    const name = keys.join(".");
    return (hasDirections ? DIRECTIONS : [""]).flatMap((direction) => {
      const value = reach(metrics, direction ? [direction, ...keys] : [...place, ...keys]);
      return value === undefined ? [] : [{ metric, name, value, direction }];
    });
  });
}

/** What metrics below a place are kept apart by, the nearest first. @param {Declared} declared @param {string[]} place @returns {Breakdown[]} */
export function breakdowns({ metrics }, place) {
  /** @type {Map<string, Breakdown>} */
  const all = new Map();
  for (const metric of metrics) {
    const { lead, keys } = cut(metric);
    if (!metric.is_on || lead.length <= place.length || !leadsTo(lead, place)) continue;
    const known = all.get(lead.join()) ?? { lead, labels: metric.labels.slice(0, lead.filter((key) => key === ANY).length), metrics: [] };
    known.metrics.push({ metric, name: keys.join(".") });
    all.set(lead.join(), known);
  }
  return [...all.values()].sort((a, b) => a.lead.length - b.lead.length);
}

/** The groups of a breakdown at a place. @param {any} metrics @param {string[]} lead @param {string[]} place @returns {Group[]} */
export const groups = (metrics, lead, place) =>
  lead.reduce((some, key, i) => some.flatMap(({ path, value }) => {
    const keys = i < place.length ? [place[i]] : key === ANY ? Object.keys(value ?? {}) : [key];
    return keys.filter((one) => typeof value?.[one] === "object" && !Array.isArray(value[one])).map((one) => ({ path: [...path, one], value: value[one] }));
  }), /** @type {Group[]} */ ([{ path: [], value: metrics }]));

/** One list of those of several groups; null where none has it. @param {Group[]} some @param {string} name */
export function together(some, name) {
  const lists = some.map(({ value }) => reach(value, name.split("."))).filter(Array.isArray);
  return lists.length ? added(lists.flat()) : null;
}

/** Names of metric groups that are off, with what they would tell. @param {Declared} declared @returns {[string, string[]][]} */
export const silent = ({ groups: known, metrics }) =>
  Object.entries(known).filter(([, isOn]) => !isOn).map(([group]) => [group, metrics.filter((one) => one.groups.includes(group)).map(({ help }) => help)]);

const WORDS = new Set("asn bgp cpu dhcp dns dscp ecn ecs ip ipv4 ipv6 l4 nodata noerror nxdomain pcap pps qname qname2 qname3 qtype rcode refused srvfail tcp udp".split(" "));

/** A metric's name as a title. @param {string} name */
export function titled(name) {
  const text = name.replace(/[._]/g, " ").replace(/ (xacts|packets|us)$/, "");
  return text.split(" ").map((word, i) => (word === "ips" ? "IPs" : WORDS.has(word.toLowerCase()) ? word.toUpperCase() : i ? word : word.slice(0, 1).toUpperCase() + word.slice(1))).join(" ");
}

const WHOLES = ["total", "wire_packets.total", "total_packets", "xacts", "events", "wire_packets.events", "observed_packets", "attempts", "records_flows"];

/** What a count is a share of: the count that it is told apart from, as `in_tcp_bytes` from `in_bytes`; null for nothing.
 * @param {string} name @param {Record<string, number>} counts by name */
export function base(name, counts) {
  const words = name.split("_");
  const end = /_(bytes|packets|xacts)$/.exec(name)?.[1];
  const wholes = [words.length > 2 ? `${words[0]}_${words.at(-1)}` : "", end === "packets" ? "total_packets" : end === "xacts" ? "xacts" : "", ...(end || WHOLES.includes(name) ? [] : WHOLES)];
  const whole = wholes.map((one) => (one && one !== name ? counts[one] : 0)).find((n) => n > 0);
  return whole && counts[name] <= whole ? whole : null;
}

/** A metric that nobody declares, by what stands at its path: as a hub gives it. @param {string} schema @param {any} metrics @param {string} name @returns {Found[]} */
function undeclared(schema, metrics, name) {
  const keys = name.split(".");
  return ["", ...DIRECTIONS].flatMap((direction) => {
    const value = reach(metrics, direction ? [direction, ...keys] : keys);
    const kind = typeof value === "number" ? "counter" : Array.isArray(value) ? "top" : value?.buckets ? "histogram" : value?.p50 === undefined ? "" : "quantiles";
    return kind ? [{ metric: { path: `${schema}.${name}`, kind, help: "", unit: "", labels: ["name"], groups: [], is_on: true }, name, value, direction }] : [];
  });
}

/** What a handler has of a metric by its name, with or without its direction: values, or groups that are kept apart.
 * @param {Declared | undefined} declared @param {string} schema @param {any} metrics @param {string} name */
export function named(declared, schema, metrics, name) {
  if (!declared) return { values: undeclared(schema, metrics, name), apart: null, isOff: false };
  const values = found(declared, metrics, []).filter((one) => one.name === name || `${one.direction}.${one.name}` === name);
  const apart = breakdowns(declared, []).map((one) => ({ ...one, metrics: one.metrics.filter((metric) => metric.name === name) })).find((one) => one.metrics.length);
  const isOff = declared.metrics.some((metric) => !metric.is_on && cut(metric).keys.join(".") === name.replace(/^(in|out|unknown)\./, ""));
  return { values, apart: apart ?? null, isOff };
}
