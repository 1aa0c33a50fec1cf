// All handlers of the policy, whatever they measure: one at a time, with panels that follow from its declarations.
import { html } from "../../vendor.js";
import { change, link, param } from "../address.js";
import { useDocument } from "../documents.js";
import { tick } from "../live.js";
import { Declared, Trail, placeShown } from "../parts/declared.js";
import { Segmented } from "../parts/segmented.js";
import { State, waits } from "../parts/state.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "handlers", title: "Handlers", group: "Measures", order: 80, of: "agent" };

/** What the handlers of a policy declare; asked for again when something was changed. @param {string} policy */
export const useDeclarations = (policy) => useDocument(policy ? `policies/${encodeURIComponent(policy)}/declarations` : null, tick.value?.mark);

/** @param {import("../screen.js").Shown} shown */
export function View({ policy, reading, handlers, series, filter }) {
  const told = useDeclarations(policy);
  const waiting = waits(reading) ?? waits(told);
  if (waiting) return waiting;
  if (!handlers.length) return html`<${State} title="Policy ${policy} shows no metrics">It has no handlers, or all their groups are off. <a href=${link("policies")}>Look at the policy</a>.<//>`;
  const { instance, metrics } = handlers.find((one) => one.instance === param("handler")) ?? handlers[0];
  const declared = told.value.handlers[instance];
  const names = handlers.map((one) => /** @type {[string, string]} */ ([one.instance, told.value.handlers[one.instance]?.module ?? one.instance]));
  const place = placeShown();
  return html`<p class="trail"><${Segmented} label="Handler" value=${instance} options=${names} choose=${(/** @type {string} */ handler) => change({ handler, at: "" })} />
      ${declared && html`<span class="sub">${declared.type} ${declared.version}</span>`}</p>
    <${Trail} place=${place} />
    ${declared ? html`<${Declared} key=${instance} declared=${declared} metrics=${metrics} lines=${series?.handlers[instance]?.counters} place=${place} filter=${filter} />` : html`<${State} title="Handler ${instance} declares nothing" />`}`;
}
