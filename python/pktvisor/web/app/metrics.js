// Which metrics a policy of the hub has, by what its newest whole minute shows.
import { html } from "../vendor.js";
import { param } from "./address.js";
import { useDocument } from "./documents.js";
import { handlersOf } from "./figures.js";
import { minute, useMade } from "./hub.js";
import { Loading, State, waits } from "./parts/state.js";

/** @typedef {"number" | "quantiles" | "top"} Shape */
/** @typedef {{ path: string, shape: Shape }} Metric  `path` as history asks for it, as `dns.wire_packets.total` */

/** What most policies have: offered where nothing came lately, as there may be something of an earlier time. @type {Metric[]} */
const USUAL = [{ path: "packets.total", shape: "number" }, { path: "dns.wire_packets.total", shape: "number" }, ...["dns.top_qname2", "dns.top_nxdomain", "packets.top_ipv4"].map((path) => ({ path, shape: /** @type {Shape} */ ("top") }))];

/** @param {any} value @returns {Shape | null} */
function shapeOf(value) {
  if (typeof value === "number") return "number";
  if (Array.isArray(value)) return "top";
  return value && typeof value === "object" && "p50" in value ? "quantiles" : null;
}

/** @param {any} metrics @param {string} path @returns {Metric[]} */
const flat = (metrics, path) =>
  Object.entries(/** @type {Record<string, any>} */ (metrics)).flatMap(([name, value]) => {
    if (name === "period" || value === null) return [];
    const shape = shapeOf(value);
    return shape ? [{ path: `${path}.${name}`, shape }] : typeof value === "object" ? flat(value, `${path}.${name}`) : [];
  });

/** The hub's policies with the one that is shown, and its metrics. Those that agents measure of themselves come last. */
export function useMetrics() {
  const { value: policies } = useDocument("policies", Math.floor(minute.value / 10));
  const names = Object.keys(policies ?? {}).sort((a, b) => Number(a.endsWith("-resources")) - Number(b.endsWith("-resources")));
  const policy = param("policy") || (names.includes("default") ? "default" : (names[0] ?? ""));
  const reading = useDocument(policy ? `policies/${encodeURIComponent(policy)}/metrics/bucket/1` : null, Math.floor(minute.value / 10));
  const metrics = useMade(() => {
    const all = handlersOf(reading.value).flatMap(({ schema, metrics }) => flat(metrics, schema));
    return all.length ? all.filter(({ path }, i) => all.findIndex((one) => one.path === path) === i) : USUAL;
  }, [reading.value]);
  return { names, policy, metrics, reading, isKnown: policies !== null };
}

/** What stands where nothing can be asked yet; null where it can. @param {Pick<ReturnType<typeof useMetrics>, "policy" | "reading" | "isKnown">} known */
export function unasked({ policy, reading, isKnown }) {
  if (policy) return reading.isLoading && !reading.value ? waits(reading) : null;
  return isKnown ? html`<${State} title="No agent has sent anything yet">An agent sends to a hub that --hub names.<//>` : html`<${Loading} />`;
}

const FIRST = ["packets.total", "dns.wire_packets.total", "dns.xact.counts.total"];

/** The metric that the address names, or the first that most want to see. @param {Metric[]} metrics @param {string[]} [first] */
export const chosen = (metrics, first = FIRST) => metrics.find(({ path }) => path === param("metric")) ?? first.map((wanted) => metrics.find(({ path }) => path === wanted)).find(Boolean) ?? metrics[0];

/** The values of tags in the fleet, by tag. @param {any} fleet the document */
export function tagValues(fleet) {
  /** @type {Record<string, Set<string>>} */
  const values = {};
  for (const { tags } of Object.values(/** @type {Record<string, { tags: Record<string, string> }>} */ (fleet?.agents ?? {}))) for (const [tag, value] of Object.entries(tags)) (values[tag] ??= new Set()).add(value);
  return values;
}
