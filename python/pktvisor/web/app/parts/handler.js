// Which handler a screen shows, of those in the policy that measure what it is about.
import { html } from "../../vendor.js";
import { change, param } from "../address.js";
import { useDocument } from "../documents.js";
import { newestMark } from "../live.js";
import { Segmented } from "./segmented.js";
import { State, waits } from "./state.js";

/** @typedef {{ instance: string, declared: import("../declared.js").Declared, metrics: any, lines: any, choice: any }} Chosen  `lines` are steps of its counters by path, `choice` is shown above */

/**
 * @param {import("../screen.js").Shown} shown @param {string[]} [schemas] any where there are none
 * @returns {{ waiting: any, chosen: Chosen | null }} what to show until the documents are there, else the handler
 */
export function useHandler({ policy, reading, handlers, series }, schemas) {
  const told = useDocument(policy ? `policies/${encodeURIComponent(policy)}/declarations` : null, newestMark());
  const waiting = waits(reading) ?? waits(told);
  if (waiting) return { waiting, chosen: null };
  const fitting = handlers.filter(({ schema }) => !schemas || schemas.includes(schema));
  const one = fitting.find(({ instance }) => instance === param("handler")) ?? fitting[0];
  if (!one) return { waiting: html`<${State} title="Policy ${policy} shows nothing of this in the window" />`, chosen: null };
  const { instance, metrics } = one;
  const declared = told.value.handlers[instance];
  if (!declared) return { waiting: html`<${State} title="Nothing is declared of handler ${instance}">A policy that merges like handlers shows them on their own screens.<//>`, chosen: null };
  const names = fitting.map((one) => /** @type {[string, string]} */ ([one.instance, told.value.handlers[one.instance]?.module ?? one.instance]));
  const choice = (fitting.length > 1 || !schemas) && html`<p class="trail"><${Segmented} label="Handler" value=${instance} options=${names} choose=${(/** @type {string} */ handler) => change({ handler, at: "" })} /><span class="sub">${declared.type} ${declared.version}</span></p>`;
  return { waiting: null, chosen: { instance, declared, metrics, lines: series?.handlers[instance]?.counters, choice } };
}
