// Have the hub read its file again: first what that would change, then the doing.
import { html, useSignal } from "../../vendor.js";
import { forget } from "../documents.js";
import { Fault, send, session } from "../server.js";

/** Lists of names in what a reload tells, as sentences. @param {any} told @param {string} [path] @returns {string[]} */
const said = (told, path = "") =>
  Object.entries(told ?? {}).flatMap(([name, value]) => (Array.isArray(value) ? (value.length && name !== "unchanged" ? [`${path}${name}: ${value.join(", ")}`] : []) : value && typeof value === "object" ? said(value, `${path}${name} `) : []));

export function Reload() {
  const told = useSignal(/** @type {{ changes: string[], fault: string } | null} */ (null));
  if (!session.value?.admin_api || session.value.scope !== "admin") return null;
  const ask = async (/** @type {boolean} */ isTrial) => {
    try {
      const document = await send(`config/reload${isTrial ? "?dry_run=true" : ""}`, {});
      told.value = isTrial ? { changes: said(document), fault: "" } : null;
      if (!isTrial) forget("hub");
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      told.value = { changes: [], fault: error.message };
    }
  };
  return html`<button class="button" onClick=${() => ask(true)}>Read the file again</button>${told.value && html`<div class="banner info reload" role="status">${told.value.fault ? html`<b class="bad">${told.value.fault}</b>` : told.value.changes.length ? html`<b>This would change:</b><ul>${told.value.changes.slice(0, 30).map((line) => html`<li>${line}</li>`)}</ul><button class="button main" onClick=${() => ask(false)}>Apply</button>` : "Nothing has changed in it."} <button class="button" onClick=${() => (told.value = null)}>Close</button></div>`}`;
}
