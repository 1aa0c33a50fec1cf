// Names that fail, with their results; a row opens to who asks for the name and which server says so.
import { html } from "../../vendor.js";
import { change, param } from "../address.js";
import { top } from "../figures.js";
import { isBelow, itemLink } from "../item.js";
import { isWhole, useWindows } from "../kept.js";
import { Name } from "../names.js";
import { DNS, toward } from "../paths.js";
import { clock, count, percent } from "../units.js";
import { Behind, resultName } from "./behind.js";
import { Panel } from "./panel.js";
import { Segmented } from "./segmented.js";
import { Sparkline } from "./sparkline.js";
import { State } from "./state.js";
import { Bar } from "./toplist.js";

/** @typedef {import("../figures.js").Entry} Entry */
const SHOWN = 12;
const RESULTS = ["SERVFAIL", "NXDOMAIN", "REFUSED", "TIMEOUT"];

/** Names by result: of the pairs where they are counted, else of the top list of each result. @param {any} metrics @param {string} direction @returns {Entry[] | null} */
function failing(metrics, direction) {
  const of = (/** @type {import("../paths.js").Paths} */ paths) => top(metrics, ...toward(paths, direction));
  const pairs = of(DNS.failing);
  if (pairs) return pairs.map((entry) => ({ ...entry, result: resultName(entry.result ?? "") }));
  const lists = [of(DNS.topServfail), of(DNS.topNxdomain), of(DNS.topRefused)];
  if (lists.every((list) => list === null)) return null;
  return lists.flatMap((list, i) => (list ?? []).map((entry) => ({ ...entry, result: RESULTS[i] }))).sort((a, b) => b.estimate - a.estimate);
}

/** A row in each window: null where its list may have had no room for it, being as long as the one that is shown, in all or of this result.
 * @param {(Entry[] | null | undefined)[]} lists @param {Entry} entry @param {Entry[]} shown @returns {(number | null)[]} */
function past(lists, { name, result }, shown) {
  const own = (/** @type {Entry[]} */ list) => list.filter((one) => one.result === result);
  const hasRoom = (/** @type {Entry[]} */ list) => list.length < shown.length && own(list).length < own(shown).length;
  return lists.map((list) => (list ? (own(list).find((one) => one.name === name)?.estimate ?? (hasRoom(list) ? 0 : null)) : null));
}

/** The window in which a row failed at first; `≤` where it may have failed before that. @param {(number | null)[]} counts @param {number[]} begins */
function since(counts, begins) {
  const first = counts.findIndex((n) => n);
  return first < 0 ? "–" : `${first && counts[first - 1] === 0 ? "" : "≤ "}${clock(begins[first])}`;
}

/** @param {{ policy: string, metrics: any, direction: string, filter: string, below: string, span: string }} props */
export function Failing({ policy, metrics, direction, filter, below, span }) {
  const result = param("result");
  const open = param("open");
  const all = failing(metrics, direction);
  const windows = useWindows(policy).map((handlers) => ({ of: handlers.find(({ schema }) => schema === "dns"), whole: isWhole(handlers) }));
  const lists = windows.map(({ of }) => of && failing(of.metrics, direction));
  const counts = (/** @type {Entry} */ entry) => past(lists, entry, all ?? []);
  const first = (/** @type {Entry} */ entry) => since(counts(entry), windows.map(({ of }) => of?.period?.start_ts));
  const shown = (all ?? []).filter((entry) => (!result || entry.result === result) && isBelow(below)(entry) && entry.name.toLowerCase().includes(filter.toLowerCase()));
  const answers = top(metrics, ...toward(DNS.failingResults, direction));
  const most = Math.max(...shown.map(({ estimate, upper_bound }) => upper_bound ?? estimate), 0);
  const sheet = () => ({ columns: ["name", "result", "count", "at least", "at most", ...(windows.length ? ["since"] : [])], rows: shown.map((entry) => [entry.name, entry.result ?? "", entry.estimate, entry.lower_bound ?? null, entry.upper_bound ?? null, ...(windows.length ? [first(entry)] : [])]) });
  const controls = html`<${Segmented} label="Result" value=${result} choose=${(/** @type {string} */ chosen) => change({ result: chosen })} options=${[["", "All"], ...RESULTS.map((one) => [one, one === "TIMEOUT" ? "Timed out" : one])]} />`;
  const row = (/** @type {Entry} */ entry) => {
    const key = `${entry.result} ${entry.name}`;
    const isOpen = open === key;
    // Answers that don't fail are counted of names that failed in the window before: there may have been more.
    const own = answers?.filter(({ name }) => name === entry.name).reduce((sum, { estimate }) => sum + estimate, 0);
    return html`<tr key=${key}><td><button class="opener" aria-expanded=${isOpen} aria-label="Who is behind it" onClick=${() => change({ open: isOpen ? "" : key })}>${isOpen ? "▾" : "▸"}</button><a href=${itemLink("dns", "qname", entry.name)}><${Name} of=${entry.name} /></a></td>
      <td><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class="rc-${entry.result?.toLowerCase()}" width="10" height="10" rx="2" /></svg>${entry.result === "TIMEOUT" ? "timed out" : entry.result}</td>
      <td class="num">${count(entry.estimate)}</td><td class="wide rc-${entry.result?.toLowerCase()}"><${Bar} entry=${entry} most=${most} /></td>
      <td class="num">${entry.upper_bound === undefined ? "–" : `${count(entry.lower_bound)} to ${count(entry.upper_bound)}`}</td><td class="num">${own ? percent(Math.min(1, entry.estimate / own)) : "–"}</td>
      ${windows.length > 0 && html`<td><${Sparkline} values=${counts(entry).filter((_, i) => windows[i].whole)} /></td><td class="num">${first(entry)}</td>`}</tr>
      ${isOpen && html`<tr><td colspan=${windows.length ? 8 : 6}><${Behind} metrics=${metrics} name=${entry.name} direction=${direction} /></td></tr>`}`;
  };
  return html`<${Panel} title="Failing names" sub="and who asks for them; ${span}" controls=${controls} sheet=${all && sheet} foot=${shown.length > 0 && html`<span>${Math.min(SHOWN, shown.length)} of ${shown.length} listed. Counts of top lists have bounds: solid is certain, pale is possible, the tick is the estimate.</span>`}>
    ${all === null ? html`<${State} title="Not measured">The groups top_qnames (of dns 1.0) or top_rcodes (of 2.0) list names that fail.<//>` : !shown.length ? html`<${State} title=${filter || below || result ? "None that fits" : "No name failed in this window"} />` : html`<div class="scroll all"><table class="failing">
      <thead><tr><th scope="col">Name</th><th scope="col">Result</th><th scope="col" class="num" aria-sort="descending">Count ↓</th><td></td><th scope="col" class="num">Surely between</th><th scope="col" class="num">Of its answers, at most</th>${windows.length > 0 && html`<th scope="col">By window</th><th scope="col" class="num" title="The first window of those that are kept; ≤ where it may have failed before">Since, UTC</th>`}</tr></thead>
      <tbody>${shown.slice(0, SHOWN).map(row)}</tbody></table></div>`}<//>`;
}
