// A titled box. Its menu gives what it shows as a table, CSV, JSON, PNG or link.
import { html, useRef, useSignal } from "../../vendor.js";
import { Menu } from "./menu.js";
import { Rows } from "./rows.js";

/** @typedef {{ columns: string[], rows: (string | number | null)[][] }} Sheet What a panel shows, as a table. */

/**
 * @param {{ title: string, sub?: any, width?: number, sheet?: () => Sheet, controls?: any, foot?: any, children?: any }} props
 *   `width` counts in twelfths of the screen
 */
export function Panel({ title, sub, width = 12, sheet, controls, foot, children }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const isTable = useSignal(false);
  return html`<section class="panel w${width}" ref=${box} aria-label=${title}>
    <header><h2>${title}</h2>${sub && html`<span class="sub">${sub}</span>`}
      <span class="end">${controls}${sheet && html`<${Menu} title=${title} sheet=${sheet} box=${box} isTable=${isTable} />`}</span></header>
    <div class="body">${isTable.value && sheet ? html`<${Rows} ...${sheet()} />` : children}</div>
    ${foot && html`<footer>${foot}</footer>`}
  </section>`;
}
