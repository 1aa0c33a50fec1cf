// What the screen is narrowed to, and the way back.
import { html } from "../../vendor.js";
import { address, change, link } from "../address.js";
import { kindName } from "../item.js";
import { Name } from "../names.js";

/** Chips of the parameters that narrow a screen, in the order in which one goes deeper. */
export function Chips() {
  const { screen, params } = address.value;
  const [below, item] = [params.get("below"), params.get("item")];
  return html`<span class="chips">${below && html`<span>name below <${Name} of=${below} /><button aria-label="Names of all" onClick=${() => change({ below: "", item: "" })}>×</button></span>`}
    ${item !== null && html`<span>${kindName(params.get("kind") ?? "")} = <${Name} of=${item} /><a role="button" aria-label="Back from this item" href=${link(screen, { item: null, kind: null })}>×</a></span>`}</span>`;
}
