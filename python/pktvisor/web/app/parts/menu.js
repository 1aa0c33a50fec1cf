// The menu of a panel.
import { html, useRef } from "../../vendor.js";
import { escaped } from "../names.js";
import { copy, save } from "../saving.js";

/** A cell of CSV; a spreadsheet must not take it for a formula. @param {string | number | null} cell */
function field(cell) {
  if (typeof cell !== "string") return cell ?? "";
  const text = escaped(cell).replace(/^[=+\-@]/, "'$&");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {import("./panel.js").Sheet} sheet */
export const csv = ({ columns, rows }) => [columns, ...rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";

/** @param {import("./panel.js").Sheet} sheet */
const json = ({ columns, rows }) => JSON.stringify(rows.map((row) => Object.fromEntries(row.map((cell, i) => [columns[i], cell]))), null, 1);

/** @param {{ title: string, sheet: () => import("./panel.js").Sheet, box: { current: HTMLElement | null }, isTable: { value: boolean } }} props */
export function Menu({ title, sheet, box, isTable }) {
  const menu = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  /** @param {() => unknown} act */
  const item = (/** @type {string} */ name, act) => html`<button role="menuitem" onClick=${() => { if (menu.current) menu.current.open = false; void act(); }}>${name}</button>`;
  const close = (/** @type {FocusEvent} */ event) => {
    if (menu.current && !menu.current.contains(/** @type {Node | null} */ (event.relatedTarget))) menu.current.open = false;
  };
  return html`<details class="menu" ref=${menu} onFocusOut=${close}>
    <summary aria-label="Menu of ${title}">⋯</summary>
    <div role="menu">
      ${item(isTable.value ? "Figures" : "Table", () => (isTable.value = !isTable.value))}
      ${item("CSV", () => save(`${title}.csv`, "text/csv", csv(sheet())))}
      ${item("JSON", () => save(`${title}.json`, "application/json", json(sheet())))}
      ${item("PNG", async () => box.current && save(`${title}.png`, "image/png", await (await import("../picture.js")).picture(box.current)))}
      ${item("Copy link", () => copy(location.href))}
    </div>
  </details>`;
}
