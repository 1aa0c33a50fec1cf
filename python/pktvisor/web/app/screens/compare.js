// What else? A top list of two times, or of agents with two values of a tag: more, less, new, gone.
import { html } from "../../vendor.js";
import { change, param } from "../address.js";
import { compared } from "../comparing.js";
import { useDocument } from "../documents.js";
import { minute, span } from "../hub.js";
import { chosen, tagValues, unasked, useMetrics } from "../metrics.js";
import { Name } from "../names.js";
import { Choice } from "../parts/choice.js";
import { Cost, refused } from "../parts/cost.js";
import { Panel } from "../parts/panel.js";
import { Range } from "../parts/range.js";
import { Segmented } from "../parts/segmented.js";
import { State } from "../parts/state.js";
import { count, moment, percent, short } from "../units.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "compare", title: "Compare", group: "Hub", order: 40, of: "hub" };

const TOP = 384;
const SHOWN = 12;
const DAY_S = 86400;
const FIRST = ["dns.top_qname2", "dns.out.top_qname2_xacts", "dns.in.top_qname2_xacts"];

/** @param {{ filter: string }} shown */
export function View({ filter }) {
  const known = useMetrics();
  const { names, policy, metrics } = known;
  const { value: fleet } = useDocument("fleet?hours=6", minute.value);
  const waiting = unasked(known);
  if (waiting) return waiting;
  const lists = metrics.filter(({ shape }) => shape === "top");
  const metric = chosen(lists, FIRST)?.path ?? param("metric");
  if (!metric) return html`<${State} title="No policy has a top list">Top lists are metric groups of handlers.<//>`;
  const values = tagValues(fleet);
  const isSites = param("of", "times") === "tags";
  const tag = param("tag") || (Object.keys(values).includes("site") ? "site" : (Object.keys(values)[0] ?? ""));
  const offered = [...(values[tag] ?? [])].sort();
  const [a, b] = [param("a") || offered[0], param("b") || offered[1]];
  const modes = html`<${Segmented} label="What is compared" value=${isSites ? "tags" : "times"} choose=${(/** @type {string} */ of) => change({ of })} options=${[["times", "Two periods"], ["tags", "Two values of a tag"]]} />`;
  return html`<div class="grid"><section class="panel w12 asked" aria-label="The question"><div class="body choices">${modes}
    ${names.length > 1 && html`<${Choice} label="Policy" name="policy" value=${policy} options=${names} />`}
    <${Choice} label="List" name="metric" value=${metric} options=${lists.length ? lists.map(({ path }) => path) : [metric]} />
    <${Choice} label=${isSites ? "Tag" : "Of agents with"} name="tag" value=${isSites ? tag : param("tag")} also=${{ a: "", b: "", value: "" }} options=${[...(isSites ? [] : [/** @type {[string, string]} */ (["", "any tags"])]), ...Object.keys(values)]} />
    ${isSites ? html`<${Choice} label="A" name="a" value=${a} options=${offered} /><${Choice} label="B" name="b" value=${b} options=${offered} />` : html`${param("tag") && html`<${Choice} label=${tag} name="value" value=${param("value")} options=${[["", "choose one"], ...offered]} />`}<${Choice} label="B is" name="before" value=${param("before", "period")} options=${[["period", "the period before"], ["day", "the day before"], ["week", "the week before"]]} />`}
    <span class="end"><${Range} otherwise="1h" /></span></div><${Both} policy=${policy} metric=${metric} of=${isSites ? { tag, a, b } : null} filter=${filter} /></section></div>`;
}

/** @param {{ policy: string, metric: string, of: { tag: string, a: string, b: string } | null, filter: string }} props */
function Both({ policy, metric, of, filter }) {
  const { from, to } = span("1h");
  const shift = of ? 0 : (/** @type {Record<string, number>} */ ({ day: DAY_S, week: 7 * DAY_S })[param("before")] ?? to - from);
  const chosenValue = param("tag") && param("value") ? { tag: param("tag"), value: param("value") } : {};
  const ask = (/** @type {string} */ value, /** @type {number} */ ago) => `history/top?${new URLSearchParams(/** @type {any} */ ({ policy, metric, top: TOP, from: from - ago, to: to - ago, ...(of ? { tag: of.tag, value } : chosenValue) }))}`;
  const isReady = !of || (of.a && of.b);
  const one = useDocument(isReady ? ask(of?.a ?? "", 0) : null, "");
  const other = useDocument(isReady ? ask(of?.b ?? "", shift) : null, "");
  const waiting = refused(one) ?? refused(other);
  if (!isReady) return html`<${State} title="There are no two values of this tag" />`;
  if (waiting) return waiting;
  const [a, b] = [one.value, other.value].map((told) => ({ ...told, seconds: Math.max(60, (told.data_to ?? to) - (told.data_from ?? from)) }));
  const period = (/** @type {number} */ ago) => `${moment(from - ago).slice(5, 16)} to ${moment(to - ago).slice(5, 16)}`;
  const called = of ? [`${of.tag} ${of.a}`, `${of.tag} ${of.b}`] : [period(0), period(shift)];
  for (const [told, name] of /** @type {const} */ ([[a, called[0]], [b, called[1]]])) if (!told.items.length) return html`<${Cost} of=${told} /><${State} title=${`Nothing in ${name}`}>${told.reason}<//>`;
  // Values of a tag are of different size: their shares are compared, as counts of A's size.
  const found = of ? compared({ ...a, size: a.total || 1 }, { ...b, size: b.total || 1 }) : compared({ ...a, size: a.seconds }, { ...b, size: b.seconds });
  const lists = /** @type {const} */ ([["More", found.more, "by difference"], ["Less", found.less, "by difference"], ["New", found.fresh, "not in B's list"], ["Gone", found.gone, "not in A's list"]]);
  return html`<${Cost} of=${a} /><p class="cost"><span><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class="c1" width="10" height="10" rx="2" /></svg>A: ${called[0]}, ${count(a.total)} in all</span><span><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class="c2" width="10" height="10" rx="2" /></svg>B: ${called[1]}, ${count(b.total)} in all</span>
    <span><b>${count(found.within)}</b> names changed less than their bounds; they are not shown as changed.</span>${of && html`<span>Shares are compared: B's counts are as if it had A's total.</span>`}${!of && a.seconds !== b.seconds && html`<span class="warn">Of A there are ${count(a.seconds / 60)} min, of B ${count(b.seconds / 60)} min: B's counts are for A's time.</span>`}</p>
    <div class="grid compared">${lists.map(([title, changes, sub]) => html`<${Changes} key=${title} title=${title} sub=${sub} changes=${changes.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()))} isCut=${(a.unlisted_at_most || 0) + (b.unlisted_at_most || 0) > 0} />`)}</div>`;
}

/** @param {{ title: string, sub: string, changes: import("../comparing.js").Change[], isCut: boolean }} props */
function Changes({ title, sub, changes, isCut }) {
  const most = Math.max(...changes.map(({ a, b }) => Math.max(a, b)), 1);
  const sheet = () => ({ columns: ["name", "A", "B", "change"], rows: changes.map(({ name, a, b, share }) => [name, Math.round(a), Math.round(b), share]) });
  const isNew = title === "New" || title === "Gone";
  const word = (/** @type {import("../comparing.js").Change} */ { share }) => (isNew ? title.toLowerCase() : share === null ? "–" : `${share < 0 ? "−" : "+"} ${percent(Math.abs(share))}`);
  return html`<${Panel} title=${title} sub=${`${count(changes.length)}, ${sub}`} width=${3} sheet=${sheet} foot=${changes.length > SHOWN || (isNew && isCut) ? html`<span>${changes.length > SHOWN && `${count(changes.length - SHOWN)} more in the table. `}${isNew && isCut && "Lists were cut: a light name may be there all the same."}</span>` : null}>
    ${changes.length ? html`<table class="top"><tbody>${changes.slice(0, SHOWN).map((one) => html`<tr key=${one.name}><td><${Name} of=${one.name} /><svg class="bounds" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="c1" width=${(100 * one.a) / most} height="1.8" /><rect class="c2" y="2.2" width=${(100 * one.b) / most} height="1.8" /></svg></td><td class="num sub">${isNew ? short(one.a || one.b) : `${short(one.b)} → ${short(one.a)}`}</td><td class="num"><b>${word(one)}</b></td></tr>`)}</tbody></table>` : html`<${State} title="None" />`}<//>`;
}
