// A top list: solid is certain, pale is possible, the tick is the estimate.
import { html, useSignal } from "../../vendor.js";
import { Name } from "../names.js";
import { count, percent } from "../units.js";
import { Panel } from "./panel.js";
import { State } from "./state.js";

/** @typedef {import("../figures.js").Entry} Entry */
const SHOWN = 8;

/** The bar of an entry among others of which the largest may be `most`. @param {{ entry: Entry, most: number }} props */
export function Bar({ entry: { estimate, lower_bound: lower = estimate, upper_bound: upper = estimate }, most }) {
  const x = (/** @type {number} */ n) => (100 * n) / (most || 1);
  return html`<svg class="bounds" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="4" />
    <rect class="possible" width=${x(upper)} height="4" /><rect class="certain" width=${x(lower)} height="4" />
    ${upper > lower && html`<rect class="tick" x=${Math.max(0, x(estimate) - 0.6)} width="0.6" height="4" />`}</svg>`;
}

/**
 * @param {{ title: string, sub?: any, width?: number, entries: Entry[] | null, base?: number | null, what?: string, of?: string, format?: (n: number) => string,
 *   filter?: string, to?: (name: string) => string, look?: string, why?: any, none?: any }} props
 *   `base` is what shares are of; `to` gives the link of a name; `look` colours its bars; `why` tells how to have the list where it is not measured; `none` where it is empty
 */
export function TopList({ title, sub, width = 3, entries, base, what = "Count", of = "Name", format = count, filter = "", to, look = "", why, none }) {
  const isWhole = useSignal(false);
  const every = (entries ?? []).filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()));
  const shown = isWhole.value ? every : every.slice(0, SHOWN);
  const most = Math.max(...every.map(({ estimate, upper_bound }) => upper_bound ?? estimate), 0);
  const sum = every.reduce((all, { estimate }) => all + estimate, 0);
  const whole = base && sum && sum <= base * 1.05 ? base : 0; // estimates of things that are counted more than once have no share
  const sheet = () => ({ columns: [of, what, "at least", "at most"], rows: every.map((entry) => [entry.name, entry.estimate, entry.lower_bound ?? null, entry.upper_bound ?? null]) });
  const body = entries === null ? html`<${State} title="Not measured">${why}<//>` : !shown.length ? html`<${State} title=${filter ? `Nothing with “${filter}”` : "None in this window"}>${none}<//>` : html`<table class="top ${look}">
    <thead><tr><th scope="col">${of}</th><th scope="col" class="num">${what}</th>${whole ? html`<th scope="col" class="num">Share</th>` : null}</tr></thead>
    <tbody>${shown.map((entry) => html`<tr key=${entry.name}><td>${to ? html`<a href=${to(entry.name)}><${Name} of=${entry.name} /></a>` : html`<${Name} of=${entry.name} />`}<${Bar} entry=${entry} most=${most} /></td>
      <td class="num" title=${entry.upper_bound === undefined ? null : `surely ${format(entry.lower_bound ?? 0)} to ${format(entry.upper_bound)}`}>${format(entry.estimate)}</td>${whole ? html`<td class="num">${percent(entry.estimate / whole)}</td>` : null}</tr>`)}</tbody></table>`;
  const more = every.length > SHOWN && html`<button class="more" aria-expanded=${isWhole.value} onClick=${() => (isWhole.value = !isWhole.value)}>${isWhole.value ? "Fewer" : `${every.length - SHOWN} more`}</button>`;
  const foot = more || (whole && sum < whole) ? html`<span>${more}</span><span>${whole && sum < whole && !filter ? `others ${format(whole - sum)}` : ""}</span>` : null;
  return html`<${Panel} title=${title} sub=${sub} width=${width} sheet=${entries && sheet} foot=${foot}>${body}<//>`;
}
