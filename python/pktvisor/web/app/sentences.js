// What of a fleet needs attention, as sentences: what, since when, about whom, and where it is seen.
import { html } from "../vendor.js";
import { link } from "./address.js";
import { grouped } from "./hub.js";
import { Name } from "./names.js";
import { clock, count, percent } from "./units.js";

/** @typedef {import("./hub.js").Named} Named */
/** @typedef {import("./parts/attention.js").Sentence} Sentence */

const TOGETHER_S = 90;
const MOST = 5;
const MUCH_FAILING = 0.05;

/** @param {number} n */
const agentsAre = (n) => (n === 1 ? "agent is" : "agents are");
/** @param {Named[]} agents */
const names = (agents) => html`${agents.slice(0, 3).map(({ name }, i) => html`${i > 0 && ", "}<${Name} of=${name} />`)}${agents.length > 3 && ` and ${count(agents.length - 3)} more`}`;

/** @param {Named[]} agents @param {string} tag @returns {Sentence[]} */
export function attention(agents, tag) {
  const silent = agents.filter(({ state }) => state === "stale" || state === "gone");
  const losing = agents.filter(({ state }) => state === "losing");
  const drifting = agents.filter(({ rollout }) => rollout && rollout !== "as desired");
  const failing = agents.filter(({ failing: share }) => (share ?? 0) > MUCH_FAILING);
  /** @type {Sentence[]} */
  const said = silences(silent, agents, tag).slice(0, MOST);
  const most = (/** @type {Named[]} */ some, /** @type {"loss" | "failing"} */ of) => percent(Math.max(...some.map((one) => one[of] ?? 0)));
  if (losing.length) said.push({ mark: "warn", what: `${count(losing.length)} ${losing.length === 1 ? "agent loses" : "agents lose"} packets,`, why: html`up to ${most(losing, "loss")}: ${names(losing)}.`, to: link("fleet", { state: "losing", filter: "" }), where: "Losing" });
  if (failing.length) said.push({ mark: "warn", what: `At ${count(failing.length)} ${failing.length === 1 ? "agent" : "agents"} DNS fails`, why: html`in up to ${most(failing, "failing")} of answers: ${names(failing)}.`, to: link("fleet", { sort: "failing", filter: "", state: "" }), where: "Failing" });
  if (drifting.length) {
    const kinds = ["refused", "pending", "silent", "left out"].map((kind) => [kind, drifting.filter(({ rollout }) => rollout === kind).length]).filter(([, n]) => n);
    said.push({ mark: "info", what: `${count(drifting.length)} ${agentsAre(drifting.length)} without some of the policies that the hub wants:`, why: `${kinds.map(([kind, n]) => `${n} ${kind}`).join(", ")}.`, to: link("rollouts"), where: "Rollouts" });
  }
  return said;
}

/** Who fell silent together, by the value of a tag. @param {Named[]} silent @param {Named[]} agents @param {string} tag @returns {Sentence[]} */
function silences(silent, agents, tag) {
  const sizes = new Map(grouped(agents, tag).map(([value, some]) => [value, some.length]));
  return grouped(silent, tag).sort(([, a], [, b]) => b.length - a.length).map(([value, some]) => {
    const times = some.map(({ last_seen }) => last_seen);
    const [first, last] = [Math.min(...times), Math.max(...times)];
    const of = tag && value ? html` of ${count(sizes.get(value))} at ${tag} <${Name} of=${value} />` : "";
    return { mark: "bad", what: html`${count(some.length)}${of} ${some.length === 1 ? "is" : "are"} silent`, why: html`since ${clock(first).slice(0, 5)}${some.length > 1 && (last - first < TOGETHER_S ? ", all within a minute or two: look at what they share" : ` to ${clock(last).slice(0, 5)}`)}: ${names(some)}.`, to: link("fleet", { filter: tag && value ? `${tag}:${value}` : "", state: "" }), where: value || "All" };
  });
}
