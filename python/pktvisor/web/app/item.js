// What documents know of one item: a name, an address, a type.
import { link } from "./address.js";

/** @typedef {import("./figures.js").Entry} Entry */
/** @typedef {{ path: string, schema: string, entry: Entry | null, entries: Entry[] }} Place  where a list may have it */

/** Kinds by what stands in the path of a list; the first that fits. @type {[kind: string, name: string, paths: RegExp][]} */
const KINDS = [
  ["qtype", "query type", /qtype/],
  ["rcode", "result", /rcode/],
  ["port", "port", /port/],
  ["place", "place", /geo_?loc/i],
  ["asn", "network", /asn/i],
  ["ecs", "client subnet", /ecs/],
  ["address", "address", /ipv[46]/],
  ["qname", "qname", /qname|nxdomain|refused|srvfail|nodata|noerror|slow|failing|response_bytes|resp_bytes/],
];

/** @param {string} path */
export const kindOf = (path) => KINDS.find(([, , paths]) => paths.test(path))?.[0] ?? "";
/** @param {string} kind */
export const kindName = (kind) => KINDS.find(([one]) => one === kind)?.[1] ?? kind;

/** Lists of names go one label deeper until they have whole names. @param {string} name */
export const deeper = (name) => (name.startsWith(".") ? link("dns", { below: name, item: null }) : itemLink("dns", "qname", name));

/** @param {string} screen @param {string} kind @param {string} item */
export const itemLink = (screen, kind, item) => link(screen, { item, kind });

/** Whether a name is below a suffix as top lists show them. @param {string} below */
export const isBelow = (below) => (/** @type {Entry} */ { name }) => !below || (name.endsWith(below) && name !== below) || `.${name}` === below;

/** All top lists of a handler. @param {any} metrics @param {string} [path] @returns {[string, Entry[]][]} */
function listsOf(metrics, path = "") {
  if (Array.isArray(metrics)) return [[path, metrics]];
  if (typeof metrics !== "object" || metrics === null) return [];
  return Object.entries(metrics).flatMap(([key, value]) => listsOf(value, path ? `${path}.${key}` : key));
}

/** The lists that may have an item, heaviest first; pairs are told elsewhere. @param {import("./figures.js").Handler[]} handlers @param {string} kind @param {string} item @returns {Place[]} */
export function places(handlers, kind, item) {
  const all = handlers.flatMap(({ schema, metrics }) => listsOf(metrics).map(([path, entries]) => ({ path, schema, entries })));
  return all
    .filter(({ path, entries }) => kindOf(path) === kind && !entries.some(({ client, server, result }) => client ?? server ?? result))
    .map((place) => ({ ...place, entry: place.entries.find(({ name }) => name === item) ?? null }))
    .sort((a, b) => (b.entry?.estimate ?? -1) - (a.entry?.estimate ?? -1));
}

/** A path as people say it: `out.top_nxdomain_xacts` is `nxdomain, out`. @param {string} path */
export function spoken(path) {
  const words = path.replace(/^xact\./, "").replace(/top_|_xacts|_packets/g, "").replace(/srvfail/, "servfail").replaceAll("_", " ").split(".");
  return words.reverse().join(", ");
}

/** Counts of one item in lists of several windows: null where there is no window, or where a full list has no room for it.
 * @param {import("./figures.js").Handler[][]} windows @param {Place} place @param {string} item @returns {(number | null)[]} */
export const past = (windows, place, item) =>
  windows.map((handlers) => {
    const entries = handlers.filter(({ schema }) => schema === place.schema).flatMap(({ metrics }) => listsOf(metrics)).find(([path]) => path === place.path)?.[1];
    if (!entries) return null;
    // A list that is shorter than others was has room: who is not in it did not come.
    return entries.find(({ name }) => name === item)?.estimate ?? (entries.length < place.entries.length ? 0 : null);
  });

/** A capture filter for its packets; empty where there is none for such. @param {string} kind @param {string} item */
export function filterFor(kind, item) {
  if (kind === "address" && /^[\d.]+$|^[\da-f:.]+$/i.test(item)) return `host ${item}`;
  if (kind === "port" && /^\d+$/.test(item)) return `port ${item}`;
  return ["qname", "qtype", "rcode", "ecs"].includes(kind) ? "port 53" : "";
}
