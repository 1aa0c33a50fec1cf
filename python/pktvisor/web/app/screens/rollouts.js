// Does each agent have what the hub wants of it, and why not?
import { html } from "../../vendor.js";
import { change, link, param } from "../address.js";
import { useDocument } from "../documents.js";
import { minute, useMade } from "../hub.js";
import { now } from "../live.js";
import { Name } from "../names.js";
import { Panel } from "../parts/panel.js";
import { State, waits } from "../parts/state.js";
import { Windowed } from "../parts/windowed.js";
import { count, duration } from "../units.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "rollouts", title: "Rollouts", group: "Manage", order: 120, of: "hub" };

/** The worst first. @type {Record<string, string>} */
const STATES = { refused: "bad", silent: "warn", pending: "warn", "left out": "warn", "as desired": "" };
const ORDER = Object.keys(STATES);

/** @typedef {{ name: string, state: string, texts: string[], policies: string[], missing: string[], extra: string[], changed: string[], left_out: string[], mistake?: string, refusal?: string, heard?: number, dry_run?: any }} Difference */

/** @param {{ filter: string }} shown */
export function View({ filter }) {
  const reading = useDocument("desired", minute.value);
  const state = param("state");
  const all = useMade(() => Object.entries(/** @type {Record<string, any>} */ (reading.value ?? {})).map(([name, one]) => /** @type {Difference} */ ({ ...one, name })), [reading.value]);
  const matching = useMade(() => all.filter(({ name, texts, policies }) => [name, ...texts, ...policies].some((text) => text.toLowerCase().includes(filter.toLowerCase()))), [all, filter]);
  const rows = useMade(() => matching.filter((one) => !state || one.state === state).sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.name.localeCompare(b.name)), [matching, state]);
  const waiting = waits(reading);
  if (waiting) return waiting;
  if (!all.length) return html`<${State} title="The hub wants nothing of any agent">Its <a href=${link("sets")}>policy sets</a> are empty, or no agent has the tags that they name.<//>`;
  const counts = html`<span class="counts">${ORDER.map((one) => html`<button key=${one} class="button" aria-pressed=${state === one} onClick=${() => change({ state: state === one ? "" : one })}><b class=${STATES[one]}>${count(matching.filter((agent) => agent.state === one).length)}</b> ${one}</button>`)}</span>`;
  const sheet = () => ({ columns: ["agent", "state", "files", "policies", "missing", "changed", "extra", "left out", "refusal"], rows: rows.map((one) => [one.name, one.state, ...[one.texts, one.policies, one.missing, one.changed, one.extra, one.left_out].map((list) => list.join(" ")), one.refusal ?? ""]) });
  const head = html`<tr>${["Agent", "State", "Asked", "Files", "Policies", "What differs"].map((name) => html`<th scope="col">${name}</th>`)}</tr>`;
  return html`<div class="grid"><${Panel} title="Desired against actual" sub="worst first" controls=${counts} sheet=${sheet} foot=${`${count(rows.length)} of ${count(all.length)} agents that have or are to have something`}>
    ${rows.length ? html`<${Windowed} label="Agents" head=${head} rows=${rows} columns=${6} height=${innerWidth <= 700 ? 132 : 31} row=${(/** @type {Difference} */ one) => html`<${Row} key=${one.name} of=${one} />`} />` : html`<${State} title="No agent is so"><a href=${link("rollouts", { state: "", filter: "" })}>Show all</a><//>`}<//></div>`;
}

/** @param {{ of: Difference }} props */
function Row({ of }) {
  const { name, state, texts, policies, missing, heard } = of;
  return html`<tr><td><a href=${link("fleet", { filter: name, state: "" })}><${Name} of=${name} /></a></td><td class=${STATES[state]}>${state}</td><td data-of="Asked">${heard ? `${duration(now.value - heard)} ago` : "never"}</td><td data-of="Files"><${Name} of=${texts.join(", ") || "none"} /></td>
    <td data-of="Policies">${count(policies.length - missing.length)} / ${count(policies.length)}</td><td class="differs" title=${differences(of)}>${differences(of) || "nothing"}</td></tr>`;
}

/** What differs, as sentences. @param {Difference} of */
function differences({ missing, changed, extra, left_out, refusal, mistake, dry_run }) {
  const lists = Object.entries({ missing, "of an older text": changed, "to be removed": extra, "of its own": left_out }).filter(([, names]) => names.length).map(([what, names]) => `${what}: ${names.join(", ")}`);
  const trial = dry_run && `dry run ${dry_run.error ? `refused: ${dry_run.error}` : dry_run.policies ? `would change ${["added", "changed", "removed"].flatMap((kind) => dry_run.policies[kind] ?? []).join(", ") || "nothing"}` : "not told yet"}`;
  return [refusal, mistake, ...lists, trial].filter(Boolean).join("; ");
}
