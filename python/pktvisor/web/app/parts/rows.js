// A plain table of a sheet: what a screen reader gets of a chart, and what the menu's "Table" shows.
import { html } from "../../vendor.js";
import { Name } from "../names.js";
import { count } from "../units.js";

/** @param {import("./panel.js").Sheet} props */
export const Rows = ({ columns, rows }) => html`<div class="scroll" tabindex="0"><table>
  <thead><tr>${columns.map((column, i) => html`<th scope="col" class=${i ? "num" : ""}>${column}</th>`)}</tr></thead>
  <tbody>${rows.map((row) => html`<tr>${row.map((cell) => (typeof cell === "string" ? html`<td><${Name} of=${cell} /></td>` : html`<td class="num">${count(cell)}</td>`))}</tr>`)}</tbody>
</table></div>`;
