// Which policies does the hub give, to whom, and who refuses them?
import { html } from "../../vendor.js";
import { link, param } from "../address.js";
import { useDocument } from "../documents.js";
import { minute } from "../hub.js";
import { Name } from "../names.js";
import { Mark } from "../parts/mark.js";
import { Panel } from "../parts/panel.js";
import { Reload } from "../parts/reload.js";
import { State, waits } from "../parts/state.js";
import { count } from "../units.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "sets", title: "Policy sets", group: "Manage", order: 110, of: "hub" };

/** @typedef {{ file: string, text: string, tags: Record<string, string[]>, dry_run: boolean, policies: string[], agents: number, states: Record<string, number>, refusals: Record<string, string>, mistake?: string }} Set */

/** The tags of a set as a filter of the fleet; a tag with several values can't be one. @param {Set} set */
const filterOf = ({ tags }) => Object.entries(tags).flatMap(([tag, values]) => (values.length === 1 ? [`${tag}:${values[0]}`] : [])).join(" ");

/** @param {{ filter: string }} shown */
export function View({ filter }) {
  const reading = useDocument("hub/desired", minute.value);
  const waiting = waits(reading);
  if (waiting) return waiting;
  const sets = Object.entries(/** @type {Record<string, Set>} */ (reading.value)).filter(([name, { file, text }]) => `${name} ${file} ${text}`.toLowerCase().includes(filter.toLowerCase()));
  if (!Object.keys(reading.value).length) return html`<${State} title="This hub gives no policies to agents"><a href="docs/">The handbook</a> tells how to hand out policies from the hub.<//>`;
  const shown = sets.find(([name]) => name === param("set")) ?? sets[0];
  if (!shown) return html`<${State} title=${`Nothing with “${filter}”`} />`;
  return html`<div class="grid"><${Panel} title="Sets" sub=${`${sets.length} files`} width=${4} controls=${html`<${Reload} />`}><ul class="sets">${sets.map(([name, set]) => html`<li key=${name} aria-current=${name === shown[0] ? "true" : null}><a href=${link("sets", { set: name })}><b><${Name} of=${name} /></b></a><span class="sub">${set.dry_run ? "dry run, " : ""}${count(set.agents)} ${set.agents === 1 ? "agent" : "agents"}</span><${States} of=${set} /></li>`)}</ul><//>
    <${One} key=${shown[0]} name=${shown[0]} set=${shown[1]} /></div>`;
}

/** How many agents are how; fine is neutral. @param {{ of: Set }} props */
const States = ({ of }) => html`<span class="states">${Object.entries(of.states).map(([state, n]) => html`<span class=${{ refused: "bad", pending: "warn", "left out": "warn" }[state] ?? "sub"}>${count(n)} ${state}</span>`)}</span>`;

/** @param {{ name: string, set: Set }} props */
function One({ name, set }) {
  const refusals = Object.entries(set.refusals);
  const tags = Object.entries(set.tags);
  return html`<${Panel} title=${name} sub=${html`<${Name} of=${set.file} />${set.dry_run ? ", tried by agents and not taken" : ""}`} width=${8} foot=${html`<a href=${link("rollouts", { filter: "" })}>Who has it, and who not</a>`}>
    <dl class="facts"><dt>For</dt><dd>${tags.length ? tags.map(([tag, values]) => html`<span class="chip">${tag} <${Name} of=${values.join(" or ")} /></span> `) : "all agents"} <a href=${link("fleet", { filter: filterOf(set) })}>${count(set.agents)} ${set.agents === 1 ? "agent" : "agents"}</a></dd>
      <dt>Policies</dt><dd>${set.policies.map((policy) => html`<${Name} of=${policy} /> `)}${set.mistake && html`<span class="bad"><${Mark} of="bad" /> ${set.mistake}</span>`}</dd>
      <dt>It is so</dt><dd><${States} of=${set} /></dd></dl>
    ${refusals.length > 0 && html`<table class="refusals"><thead><tr><th scope="col">Refused by</th><th scope="col">Why</th></tr></thead><tbody>${refusals.map(([agent, why]) => html`<tr key=${agent}><td><a href=${link("rollouts", { filter: agent })}><${Name} of=${agent} /></a></td><td>${why}</td></tr>`)}</tbody></table>`}
    <pre class="text" tabindex="0" aria-label="Text of ${name}">${set.text.split("\n").map((line, i) => html`<span class="line"><i>${i + 1}</i>${line}</span>`)}</pre><//>`;
}
