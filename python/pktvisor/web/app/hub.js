// What the hub's screens share: which time is shown, which tags there are, when to ask again.
import { computed, useRef } from "../vendor.js";
import { change, param } from "./address.js";
import { newest, now, tick } from "./live.js";
import { sheet } from "./sheets.js";

await sheet("hub");

/** Hours that are offered at once; what else there is stands in the address as `from` and `to`. @type {[string, string, number][]} */
export const RANGES = [["1h", "1 h", 1], ["6h", "6 h", 6], ["24h", "24 h", 24], ["7d", "7 days", 168], ["30d", "30 days", 720], ["1y", "1 year", 8760]];

/** Minutes since 1970 of which all windows have come, by the hub's newest tick: documents change with it. */
export const minute = computed(() => {
  const windows = Object.values(tick.value?.policies ?? {}).map(({ window }) => window ?? 0);
  return windows.length ? Math.max(...windows) / 60 : Math.floor(now.value / 60) - (newest.value ? 0 : 1);
});

/** No calendar goes on beyond this: seconds of the last day that browsers know. */
const LAST_S = 8.64e12;

/** @typedef {{ from: number, to: number, range: string }} Span  Unix seconds; `range` is empty where the address names both ends */

/** The time that the address names; without any, the last hours. @param {string} [otherwise] @returns {Span} */
export function span(otherwise = "6h") {
  const [from, to] = [Number(param("from")), Number(param("to"))];
  if (from > 0 && to > from && to < LAST_S) return { from, to, range: "" };
  const range = RANGES.some(([name]) => name === param("range")) ? param("range") : otherwise;
  const end = minute.value * 60;
  return { from: end - hoursOf(range) * 3600, to: end, range };
}

/** @param {string} range */
export const hoursOf = (range) => RANGES.find(([name]) => name === range)?.[2] ?? 6;

/** Show another time, in whole minutes. @param {number} from @param {number} to */
export const show = (from, to) => change({ from: Math.floor(from / 60) * 60, to: Math.ceil(to / 60) * 60, range: "" });

/** What a function made of some inputs, until one of them changes. @template T @param {() => T} make @param {unknown[]} inputs @returns {T} */
export function useMade(make, inputs) {
  const kept = useRef(/** @type {{ inputs: unknown[], made: T } | null} */ (null));
  if (!kept.current || inputs.some((input, i) => input !== kept.current?.inputs[i])) kept.current = { inputs, made: make() };
  return kept.current.made;
}

/** @typedef {{ state: "gone" | "stale" | "losing" | "drift" | "live", last_seen: number, version: string, tags: Record<string, string>, policies: number, rollout?: string,
 *   desired?: number, actual?: number, packets_per_s: number | null, loss: number | null, failing: number | null, gaps: string, packets: string, memory_bytes?: number }} Agent */
/** @typedef {Agent & { name: string }} Named */

/** The names of the tags of some agents, those of most agents first. @param {Named[]} agents */
export function tagsOf(agents) {
  /** @type {Record<string, number>} */
  const counts = Object.create(null);
  for (const { tags } of agents) for (const tag of Object.keys(tags)) counts[tag] = (counts[tag] ?? 0) + 1;
  return Object.keys(counts).sort((a, b) => Number(b === "site") - Number(a === "site") || counts[b] - counts[a]);
}

/** Agents apart by the value of a tag; those without it under an empty one. @param {Named[]} agents @param {string} tag @returns {[string, Named[]][]} */
export function grouped(agents, tag) {
  /** @type {Map<string, Named[]>} */
  const groups = new Map();
  for (const agent of agents) {
    const value = agent.tags[tag] ?? "";
    groups.get(value)?.push(agent) ?? groups.set(value, [agent]);
  }
  return [...groups].sort(([a], [b]) => Number(!a) - Number(!b) || a.localeCompare(b, "en", { numeric: true }));
}
