// One item: its entry in each list that has it, over the windows that are kept, who is behind it, and where to go on.
import { html } from "../../vendor.js";
import { link } from "../address.js";
import { filterFor, kindName, past, places, spoken } from "../item.js";
import { isWhole, useWindows } from "../kept.js";
import { count } from "../units.js";
import { Panel } from "./panel.js";
import { Sparkline } from "./sparkline.js";
import { State } from "./state.js";
import { Behind } from "./behind.js";

/** @param {{ policy: string, handlers: import("../figures.js").Handler[], kind: string, item: string }} props */
export function Item({ policy, handlers, kind, item }) {
  const before = useWindows(policy).filter(isWhole);
  const all = places(handlers, kind, item);
  const having = all.filter(({ entry }) => entry);
  const filter = filterFor(kind, item);
  const dns = handlers.find(({ schema }) => schema === "dns");
  const sheet = () => ({ columns: ["list", "count", "at least", "at most"], rows: having.map(({ path: list, entry }) => [spoken(list), entry?.estimate ?? null, entry?.lower_bound ?? null, entry?.upper_bound ?? null]) });
  const foot = html`<span>${all.length - having.length ? `Not among the heaviest in ${all.length - having.length} other lists of this ${kindName(kind)}.` : ""}</span>
    ${filter && html`<a href=${link("packets", { bpf: filter })}>Packets: ${filter}</a>`}`;
  return html`<${Panel} title="What is known of it" sub="in this window; the line is one point for each of the ${before.length} windows that are kept and over" sheet=${sheet} foot=${foot}>
    ${having.length ? html`<div class="scroll"><table><thead><tr><th scope="col">List</th><th scope="col" class="num">Count</th><th scope="col" class="num">Surely between</th><th scope="col">By window</th></tr></thead>
      <tbody>${having.map((place) => html`<tr key=${place.schema + place.path}><td>${spoken(place.path)}</td><td class="num">${count(place.entry?.estimate)}</td><td class="num">${count(place.entry?.lower_bound)} to ${count(place.entry?.upper_bound)}</td><td><${Sparkline} values=${past(before, place, item)} /></td></tr>`)}</tbody></table></div>`
      : html`<${State} title="In no list of this window">Lists hold the heaviest alone: it may have come and not be among them.<//>`}
    ${kind === "qname" && dns && html`<${Behind} metrics=${dns.metrics} name=${item} />`}
  <//>`;
}
