// Which agent? What deviates, all agents as squares, and the worst first.
import { html } from "../../vendor.js";
import { change, link, param } from "../address.js";
import { useDocument } from "../documents.js";
import { grouped, hoursOf, minute, span, tagsOf, useMade } from "../hub.js";
import { now } from "../live.js";
import { Name } from "../names.js";
import { Attention } from "../parts/attention.js";
import { Gaps, gapsText, levels } from "../parts/gaps.js";
import { Panel } from "../parts/panel.js";
import { Range } from "../parts/range.js";
import { Sparkline } from "../parts/sparkline.js";
import { Squares } from "../parts/squares.js";
import { State, waits } from "../parts/state.js";
import { Windowed } from "../parts/windowed.js";
import { attention } from "../sentences.js";
import { count, duration, percent, short } from "../units.js";

/** @typedef {import("../hub.js").Named} Named */
/** @type {import("../screen.js").Screen} */
export const screen = { name: "fleet", title: "Fleet", group: "Hub", order: 10, of: "hub" };

/** The worst first, with the words for people. @type {Record<string, string>} */
const STATES = { gone: "Gone", stale: "Late", losing: "Losing", drift: "Drift", live: "Live" };
const ORDER = Object.keys(STATES);

/** Columns that sort, and by what: what is large comes first. @type {Record<string, (agent: Named) => number | string>} */
const SORTS = {
  name: ({ name }) => name,
  state: ({ state, last_seen, loss }) => (ORDER.length - ORDER.indexOf(state)) * 1e12 - (state === "gone" || state === "stale" ? last_seen : -(loss ?? 0)),
  last: ({ last_seen }) => -last_seen,
  packets: ({ packets_per_s }) => packets_per_s ?? -1,
  failing: ({ failing }) => failing ?? -1,
  loss: ({ loss }) => loss ?? -1,
  version: ({ version }) => version,
  memory: ({ memory_bytes }) => memory_bytes ?? -1,
};

/** @param {{ filter: string }} shown */
export function View({ filter }) {
  const range = span().range || "24h";
  const hours = Math.min(24, hoursOf(range));
  const reading = useDocument(`fleet?hours=${hours}`, minute.value);
  const agents = useMade(() => /** @type {Named[]} */ (Object.entries(reading.value?.agents ?? {}).map(([name, agent]) => ({ ...agent, name }))), [reading.value]);
  const [state, sort] = [param("state"), param("sort", "state")];
  const chosen = useMade(() => agents.filter(matching(filter)), [agents, filter]);
  const rows = useMade(() => sorted(chosen.filter((agent) => !state || agent.state === state), sort), [chosen, state, sort]);
  const waiting = waits(reading);
  if (waiting) return waiting;
  if (!agents.length) return html`<${State} title="No agent has sent anything yet"><code>pktvisord --hub ${location.origin}</code> lets one send to this hub.<//>`;
  const tag = param("tag") || (tagsOf(agents)[0] ?? "");
  return html`<${Attention} of=${attention(agents, tag)} />
    <div class="grid"><${Map} all=${agents} agents=${chosen} tag=${tag} state=${state} /><${Table} rows=${rows} all=${agents.length} sort=${sort} document=${reading.value} hours=${hours} /></div>`;
}

/** What names, versions and tags must have: words, or `tag:value`. @param {string} filter */
function matching(filter) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return (/** @type {Named} */ { name, version, tags }) => {
    const texts = [name, version, ...Object.entries(tags).map((pair) => pair.join(":"))].map((text) => text.toLowerCase());
    return words.every((word) => texts.some((text) => (word.includes(":") ? text === word : text.includes(word))));
  };
}

/** @param {Named[]} agents @param {string} sort */
function sorted(agents, sort) {
  const by = SORTS[sort] ?? SORTS.state;
  const keyed = agents.map((agent) => /** @type {const} */ ([by(agent), agent]));
  return keyed.sort(([a, one], [b, other]) => (typeof a === "number" && typeof b === "number" ? b - a : String(a).localeCompare(String(b), "en", { numeric: true })) || one.name.localeCompare(other.name)).map(([, agent]) => agent);
}

/** The squares of the map, one alone: as paths, since a canvas in each row costs frames. @type {Record<string, [string, string][]>} */
const SIGNS = {
  live: [["c-decoded", "M0 0h12v12H0z"]],
  losing: [["c-decoded", "M0 6h12v6H0z"], ["warn", "M0 0h12v6H0z"]],
  drift: [["c4", "M0 0h12v12H0zM3 3v6h6V3z"]],
  stale: [["warn", "M0 0h12v12H0zM1.5 1.5v9h9v-9z"], ["warn", "M0 12V0h12z"]],
  gone: [["bad", "M0 0h12v12H0zM1.5 1.5v9h9v-9z"], ["bad", "M2 3l1-1 7 7-1 1zM9 2l1 1-7 7-1-1z"]],
};

/** The sign of a state. @param {{ of: string }} props */
const Sign = ({ of }) => html`<svg class="sign" viewBox="0 0 12 12" aria-hidden="true">${SIGNS[of]?.map(([look, path]) => html`<path key=${path} class=${look} d=${path} />`)}</svg>`;

/** @param {{ all: Named[], agents: Named[], tag: string, state: string }} props */
function Map({ all, agents, tag, state }) {
  const tags = tagsOf(all);
  const groups = useMade(() => grouped(agents, tag), [agents, tag]);
  const isFaint = useMade(() => (/** @type {Named} */ agent) => Boolean(state) && agent.state !== state, [state]);
  const of = (/** @type {string} */ one) => agents.filter((agent) => agent.state === one).length;
  const counts = html`<span class="counts">${ORDER.map((one) => html`<button key=${one} class="button" aria-pressed=${state === one} onClick=${() => change({ state: state === one ? "" : one })}><${Sign} of=${one} /><b>${count(of(one))}</b> ${STATES[one].toLowerCase()}</button>`)}</span>`;
  const by = html`${tags.length > 0 && html`<label>By <select value=${tag} onChange=${(/** @type {any} */ event) => change({ tag: event.target.value })}>${tags.map((one) => html`<option key=${one}>${one}</option>`)}</select></label>`}<span> · a square is an agent</span>`;
  return html`<${Panel} title="Agents" sub=${by} controls=${counts}><ul class="squares">${groups.map(([value, some]) => html`<${Squares} key=${value} value=${value} agents=${some} isFaint=${isFaint} to=${link("fleet", { filter: tag && value ? `${tag}:${value}` : "" })} choose=${(/** @type {Named} */ { name }) => (location.hash = own(name))} />`)}</ul><//>`;
}

/** Where an agent's own figures are. @param {string} name */
const own = (name) => link("history", { by: "agent", agent: name });

/** @type {[string, string, string][]} */
const HEAD = [["Agent", "name", ""], ["State", "state", ""], ["Last window", "last", "num"], ["Tags", "", ""], ["Gaps", "", ""], ["Packets", "", ""], ["now", "packets", "num"], ["DNS failing", "failing", "num"], ["Loss", "loss", "num"], ["Policies", "", "num"], ["Version", "version", "num"], ["Memory", "memory", "num"]];

/** @param {{ rows: Named[], all: number, sort: string, document: any, hours: number }} props */
function Table({ rows, all, sort, document, hours }) {
  const isNarrow = innerWidth <= 700;
  const versions = useMade(() => rows.reduce((newest, { version }) => (newest.localeCompare(version, "en", { numeric: true }) < 0 ? version : newest), ""), [rows]);
  const head = html`<tr>${HEAD.map(([name, by, look]) => html`<th scope="col" class=${look} aria-sort=${by && by === sort ? "descending" : null}>${by ? html`<button onClick=${() => change({ sort: by === "state" ? "" : by })}>${name}${by === sort ? " ↓" : ""}</button>` : name}${name === "Gaps" || name === "Packets" ? `, ${hours} h` : ""}</th>`)}</tr>`;
  const sheet = () => ({ columns: ["agent", "state", "last seen", "tags", "packets/s", "DNS failing", "loss", "policies", "version", "memory"], rows: rows.map((one) => [one.name, one.state, new Date(one.last_seen * 1000).toISOString(), Object.entries(one.tags).map((pair) => pair.join(":")).join(" "), one.packets_per_s, one.failing, one.loss, one.actual ?? one.policies, one.version, one.memory_bytes ?? null]) });
  return html`<${Panel} title="Agents by state" sub=${sort === "state" ? "worst first" : html`by ${sort}`} controls=${html`<${Range} isLast longest="24h" />`} sheet=${sheet} foot=${html`<span>${count(rows.length)} of ${count(all)}</span><span>In the strips: height is what came, amber in part, a red foot nothing</span>`}>
    ${rows.length ? html`<${Windowed} label="Agents" look="even" head=${head} rows=${rows} columns=${HEAD.length} height=${isNarrow ? 132 : 31} row=${(/** @type {Named} */ agent) => html`<${Row} key=${agent.name} agent=${agent} newest=${versions} step=${document.step_s} />`} />` : html`<${State} title="No agent is so"><a href=${link("fleet", { filter: "", state: "" })}>Show all</a><//>`}<//>`;
}

/** @param {{ agent: Named, newest: string, step: number }} props */
function Row({ agent, newest, step }) {
  const { name, state, tags, desired, actual, version } = agent;
  const silent = now.value - agent.last_seen;
  const isSilent = state === "gone" || state === "stale";
  const policies = desired === undefined ? count(agent.policies) : `${actual} / ${desired}`;
  return html`<tr><td><${Sign} of=${state} /><a href=${own(name)}><${Name} of=${name} /></a>${/^https?:\/\//.test(tags.url ?? "") && html` <a href=${tags.url} rel="noreferrer" title="Its own page">↗</a>`}</td><td>${STATES[state]}</td>
    <td class="num ${isSilent ? (silent > 600 ? "bad" : "warn") : ""}" data-of="Last window">${duration(silent)}</td><td class="tags">${Object.entries(tags).map(([tag, value]) => html`<a href=${link("fleet", { filter: `${tag}:${value}` })}>${tag} <${Name} of=${value} /></a>`)}</td>
    <td class="strips"><${Gaps} of=${agent.gaps} label=${gapsText(agent.gaps, step)} /></td><td class="line"><${Sparkline} values=${levels(agent.packets)} /></td><td class="num" data-of="Packets">${short(agent.packets_per_s, "/s")}</td>
    <td class="num ${(agent.failing ?? 0) > 0.05 ? "bad" : ""}" data-of="DNS failing">${percent(agent.failing)}</td><td class="num ${state === "losing" ? "warn" : ""}" data-of="Loss">${percent(agent.loss)}</td>
    <td class="num ${desired !== undefined && actual !== desired ? "warn" : ""}" data-of="Policies">${policies}</td><td class="num" data-of="Version">${version}${version !== newest && html`<span class="sub" title="the newest among them"> ← ${newest}</span>`}</td><td class="num" data-of="Memory">${short(agent.memory_bytes, "B")}</td></tr>`;
}
