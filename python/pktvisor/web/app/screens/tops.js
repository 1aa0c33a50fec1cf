// The heaviest of all agents, or of those with a tag, over any time; opened, apart by the values of a tag.
import { html } from "../../vendor.js";
import { link, param } from "../address.js";
import { useDocument } from "../documents.js";
import { minute, span } from "../hub.js";
import { tagValues, unasked, useMetrics } from "../metrics.js";
import { Name } from "../names.js";
import { Choice } from "../parts/choice.js";
import { Cost, refused } from "../parts/cost.js";
import { Panel } from "../parts/panel.js";
import { Range } from "../parts/range.js";
import { State } from "../parts/state.js";
import { TopList } from "../parts/toplist.js";
import { count, percent, short } from "../units.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "tops", title: "Top lists", group: "Hub", order: 20, of: "hub" };

const LISTS = 8;
const WANTED = /top_(qname2|qname3|nxdomain|srvfail|refused|ipv4|ipv6|ASN|geoLoc|rcode|qtype|slow|asn)/i;

/** Of an item of the hub's history as parts show it. @param {any} item @returns {import("../figures.js").Entry & { agents?: any }} */
export const entryOf = ({ name, estimate, lower, upper, agents }) => ({ name, estimate, lower_bound: lower, upper_bound: upper, agents });

/** @param {{ filter: string }} shown */
export function View({ filter }) {
  const known = useMetrics();
  const { names, policy, metrics } = known;
  const { value: fleet } = useDocument("fleet?hours=6", minute.value);
  const waiting = unasked(known);
  if (waiting) return waiting;
  const lists = metrics.filter(({ shape }) => shape === "top");
  if (!lists.length) return html`<${State} title="No policy has a top list">Top lists are metric groups of handlers.<//>`;
  const values = tagValues(fleet);
  const opened = param("metric") && lists.find(({ path }) => path === param("metric"));
  const schemas = [...new Set(lists.map(({ path }) => path.split(".")[0]))];
  const schema = param("schema", schemas.includes("dns") ? "dns" : schemas[0]);
  const of = lists.filter(({ path }) => path.startsWith(`${schema}.`));
  const first = of.toSorted((a, b) => Number(WANTED.test(b.path)) - Number(WANTED.test(a.path)));
  const tag = param("tag");
  return html`<div class="grid"><section class="panel w12 asked" aria-label="The question"><div class="body choices">
    ${names.length > 1 && html`<${Choice} label="Policy" name="policy" value=${policy} options=${names} />`}
    ${opened ? html`<${Choice} label="List" name="metric" value=${opened.path} options=${lists.map(({ path }) => path)} /><${Choice} label="Apart by" name="by" value=${param("by")} options=${[["", "nothing"], ...Object.keys(values), "agent"]} />` : html`<${Choice} label="Of handler" name="schema" value=${schema} options=${schemas} />`}
    <${Choice} label="Of agents with" name="tag" value=${tag} also=${{ value: "", by: "" }} options=${[["", "any tags"], ...Object.keys(values)]} />
    ${tag && html`<${Choice} label=${tag} name="value" value=${param("value")} options=${[["", "choose one"], ...[...(values[tag] ?? [])].sort()]} />`}
    ${opened && html`<a class="button" href=${link("tops", { metric: "", by: "" })}>All lists</a>`}<span class="end"><${Range} otherwise="1h" /></span></div></section>
    ${opened ? html`<${Opened} key=${opened.path} policy=${policy} metric=${opened.path} filter=${filter} />` : first.slice(0, LISTS).map(({ path }) => html`<${List} key=${path} policy=${policy} metric=${path} filter=${filter} />`)}</div>
    ${!opened && first.length > LISTS && html`<p class="sub">More lists: ${first.slice(LISTS).map(({ path }) => html`<a href=${link("tops", { metric: path })}>${path}</a> `)}</p>`}`;
}

/** The question about a list. @param {string} policy @param {string} metric @param {Record<string, string | number>} [more] */
function question(policy, metric, more = {}) {
  const { from, to } = span("1h");
  const chosenTag = param("tag") && param("value") ? { tag: param("tag"), value: param("value") } : {};
  return `history/top?${new URLSearchParams(/** @type {any} */ ({ policy, metric, from, to, ...chosenTag, ...more }))}`;
}

/** @param {{ policy: string, metric: string, filter: string }} props */
function List({ policy, metric, filter }) {
  const reading = useDocument(question(policy, metric, { top: 20 }), "");
  const name = metric.split(".").slice(1).join(" ").replaceAll("_", " ");
  const open = link("tops", { metric });
  if (!reading.value) return html`<${Panel} title=${name} width=${3}>${refused(reading)}<//>`;
  const { items, total } = reading.value;
  return html`<${TopList} title=${name} sub=${html`<a href=${open}>open</a>`} entries=${items.map(entryOf)} base=${total} filter=${filter} to=${(/** @type {string} */ item) => link("tops", { metric, by: param("by") || "site", filter: item })} />`;
}

/** One list, longer, with who saw each; or one for each value of a tag. @param {{ policy: string, metric: string, filter: string }} props */
function Opened({ policy, metric, filter }) {
  const by = param("by");
  const reading = useDocument(question(policy, metric, by ? { by, top: 50 } : { top: Number(param("top", "100")), agents: "true" }), "");
  const waiting = refused(reading);
  if (waiting) return html`<section class="panel w12">${waiting}</section>`;
  const told = reading.value;
  if (told.series) return html`<section class="panel w12"><${Cost} of=${told} /></section><${Apart} told=${told} by=${by} filter=${filter} />`;
  const { items, total, other, unlisted_at_most: unlisted, agents } = told;
  const every = items.filter((/** @type {any} */ { name }) => name.toLowerCase().includes(filter.toLowerCase()));
  const sheet = () => ({ columns: ["name", "estimate", "at least", "at most", "agents at least", "agents at most"], rows: every.map((/** @type {any} */ one) => [one.name, one.estimate, one.lower, one.upper, one.agents?.at_least ?? null, one.agents ? one.agents.at_least + one.agents.at_most : null]) });
  return html`<section class="panel w12"><${Cost} of=${told} /></section><${Panel} title=${metric} sub=${`${count(total)} in all`} sheet=${sheet} foot=${html`<span>Others weigh ${count(other?.estimate)} together; what is not listed, at most ${count(unlisted ?? 0)} each.</span><span>${agents?.reason ?? (agents?.of && `${count(agents.of)} agents sent this list`)}</span>`}>
    <div class="scroll" tabindex="0"><table class="wide"><thead><tr><th scope="col">Name</th>${["Count", "at least", "at most", "Share", "Seen by agents"].map((name) => html`<th scope="col" class="num">${name}</th>`)}</tr></thead><tbody>${every.map((/** @type {any} */ one) => html`<tr key=${one.name}><td><${Name} of=${one.name} /></td><td class="num">${count(one.estimate)}</td><td class="num sub">${count(one.lower)}</td><td class="num sub">${count(one.upper)}</td><td class="num">${percent(total ? one.estimate / total : null)}</td><td class="num">${one.agents ? `${count(one.agents.at_least)}${one.agents.at_most ? ` to ${count(one.agents.at_least + one.agents.at_most)}` : ""}` : "–"}</td></tr>`)}</tbody></table></div><//>`;
}

/** Items by values of a tag: the shade is the share of the value's own. @param {{ told: any, by: string, filter: string }} props */
function Apart({ told, by, filter }) {
  const columns = Object.entries(/** @type {Record<string, any>} */ (told.series)).sort(([, a], [, b]) => b.total - a.total).slice(0, 24);
  /** @type {Map<string, { sum: number, by: Map<string, any> }>} */
  const rows = new Map();
  for (const [value, { items }] of columns) for (const item of items) {
    const row = rows.get(item.name) ?? { sum: 0, by: new Map() };
    rows.set(item.name, { sum: row.sum + item.estimate, by: row.by.set(value, item) });
  }
  const sorted = [...rows].filter(([name]) => name.toLowerCase().includes(filter.toLowerCase())).sort(([, a], [, b]) => b.sum - a.sum).slice(0, 100);
  const sheet = () => ({ columns: ["name", ...columns.map(([value]) => value)], rows: sorted.map(([name, row]) => [name, ...columns.map(([value]) => row.by.get(value)?.estimate ?? null)]) });
  const cell = (/** @type {any} */ item, /** @type {any} */ list) => {
    if (!item) return html`<td class="num sub" title="Not in its list: at most ${count(list.unlisted_at_most)}">${list.unlisted_at_most ? `≤ ${short(list.unlisted_at_most)}` : "0"}</td>`;
    const shade = Math.min(8, Math.round(Math.sqrt(item.estimate / (list.total || 1)) * 12));
    return html`<td class="num heat h${shade}" title="surely ${count(item.lower)} to ${count(item.upper)}, ${percent(item.estimate / list.total)} of its own">${short(item.estimate)}</td>`;
  };
  return html`<${Panel} title=${told.metric} sub=${`by ${by}; the shade is the share of each ${by}'s own`} sheet=${sheet}>
    <div class="scroll" tabindex="0"><table class="wide"><thead><tr><th scope="col">Name</th>${columns.map(([value, { total }]) => html`<th scope="col" class="num" title=${count(total)}><${Name} of=${value} /></th>`)}</tr></thead><tbody>${sorted.map(([name, row]) => html`<tr key=${name}><td><${Name} of=${name} /></td>${columns.map(([value, list]) => cell(row.by.get(value), list))}</tr>`)}</tbody></table></div><//>`;
}
