// A table of many rows: columns sort, only the rows in sight are drawn, and arrow keys walk through them.
import { html, useEffect, useRef, useSignal } from "../../vendor.js";
import { change, param } from "../address.js";
import { Name } from "../names.js";
import { count } from "../units.js";

/** @typedef {string | number | null | undefined} Cell */
/** @typedef {{ name: string, of: (row: any) => Cell, show?: (row: any) => any, help?: string }} Column  `of` is what it sorts and saves by, `show` what stands there */

const MOST_DRAWN = 200;
const AROUND = 15;
/** Height of a row and of the part in sight, as in style.css. */
const ROW = 29;
const SEEN = 480;

/** Texts by their letters, numbers by size; what there is not comes last. @param {Cell} a @param {Cell} b */
function compared(a, b) {
  if ((a ?? null) === null || (b ?? null) === null) return Number((a ?? null) === null) - Number((b ?? null) === null);
  return typeof a === "number" && typeof b === "number" ? b - a : String(a).localeCompare(String(b), "en", { numeric: true });
}

/** @param {any[]} rows @param {Column[]} columns @param {string} order name of a column, with - before it the other way around */
function sorted(rows, columns, order) {
  const by = columns.find(({ name }) => name === order.replace(/^-/, ""));
  if (!by) return rows;
  const sign = order.startsWith("-") ? -1 : 1;
  return rows.toSorted((a, b) => ((by.of(a) ?? null) === null || (by.of(b) ?? null) === null ? 1 : sign) * compared(by.of(a), by.of(b)));
}

/** Rows of which a text has what is looked for. @param {any[]} rows @param {Column[]} columns @param {string} filter */
const matching = (rows, columns, filter) => (filter ? rows.filter((row) => columns.some(({ of }) => String(of(row) ?? "").toLowerCase().includes(filter.toLowerCase()))) : rows);

/** What a table shows, for a panel's menu. @param {Column[]} columns @param {any[]} rows */
export const tableSheet = (columns, rows) => () => ({ columns: columns.map(({ name }) => name), rows: rows.map((row) => columns.map(({ of }) => of(row) ?? null)) });

/**
 * @param {{ id: string, label: string, columns: Column[], rows: any[], keyOf: (row: any) => string, to?: (row: any) => string, filter?: string, order?: string }} props
 *   `id` names it in the address, where its order stands; `to` gives the link of a row; `order` holds until somebody sorts
 */
export function Table({ id, label, columns, rows, keyOf, to, filter = "", order = "" }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const first = useSignal(0);
  const at = useSignal(0);
  const isWalking = useRef(false);
  const chosen = param(`sort.${id}`, order);
  const all = sorted(matching(rows, columns, filter), columns, chosen);
  const isCut = all.length > MOST_DRAWN;
  const from = isCut ? Math.max(0, Math.min(first.value - AROUND, all.length - 1)) : 0;
  const upto = isCut ? Math.min(all.length, first.value + Math.ceil(SEEN / ROW) + AROUND) : all.length;
  const current = Math.min(at.value, all.length - 1);

  useEffect(() => {
    if (isWalking.current) /** @type {HTMLElement | null | undefined} */ (box.current?.querySelector("tr[tabindex='0']"))?.focus();
    isWalking.current = false;
  });
  const walk = (/** @type {KeyboardEvent} */ event) => {
    const steps = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -all.length, End: all.length });
    const row = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Enter" && row.matches("tr")) return row.querySelector("a")?.click();
    if (!(event.key in steps) || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    at.value = Math.max(0, Math.min(all.length - 1, current + steps[event.key]));
    isWalking.current = true;
    if (isCut && box.current) {
      box.current.scrollTop = Math.max(0, at.value * ROW - SEEN / 2);
      first.value = Math.floor(box.current.scrollTop / ROW);
    }
  };
  const scrolled = () => isCut && box.current && (first.value = Math.floor(box.current.scrollTop / ROW));
  const sort = (/** @type {string} */ name) => change({ [`sort.${id}`]: chosen === name ? `-${name}` : name });
  const cell = (/** @type {Column} */ column, /** @type {any} */ row) => {
    const value = column.of(row);
    return column.show ? column.show(row) : typeof value === "string" ? html`<${Name} of=${value} />` : count(value);
  };
  const isText = columns.map(({ of }) => rows.some((row) => typeof of(row) === "string"));
  return html`<div class="scroll rows" ref=${box} onScroll=${scrolled}><table aria-label=${label} aria-rowcount=${all.length + 1}>
    <thead><tr>${columns.map(({ name, help }, i) => html`<th scope="col" key=${name} class=${isText[i] ? "" : "num"} aria-sort=${chosen === name ? (isText[i] ? "ascending" : "descending") : chosen === `-${name}` ? (isText[i] ? "descending" : "ascending") : null}>
      <button title=${help} onClick=${() => sort(name)}>${name}${chosen.replace(/^-/, "") === name && html` <i aria-hidden="true">${(chosen === name) === isText[i] ? "▴" : "▾"}</i>`}</button></th>`)}</tr></thead>
    <tbody onKeyDown=${walk}>${from > 0 && html`<tr key="above"><td colspan=${columns.length} height=${from * ROW}></td></tr>`}
      ${all.slice(from, upto).map((row, i) => html`<tr key=${keyOf(row)} tabindex=${from + i === current ? 0 : -1} aria-rowindex=${from + i + 2} onFocus=${() => (at.value = from + i)}>${columns.map((column, n) => html`<td class=${isText[n] ? "" : "num"}>${to && !n ? html`<a href=${to(row)} tabindex="-1">${cell(column, row)}</a>` : cell(column, row)}</td>`)}</tr>`)}
      ${upto < all.length && html`<tr key="below"><td colspan=${columns.length} height=${(all.length - upto) * ROW}></td></tr>`}</tbody></table>
    ${all.length === 0 && html`<p class="sub">${filter ? `Nothing with “${filter}”` : "None in this window"}</p>`}</div>`;
}
