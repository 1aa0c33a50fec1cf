// What a question read, and what is done where it would read too much: a cheaper one, as a button.
import { html } from "../../vendor.js";
import { change } from "../address.js";
import { useDocument } from "../documents.js";
import { hoursOf, minute, span } from "../hub.js";
import { count, moment, short } from "../units.js";
import { State, waits } from "./state.js";

/** @param {number} s */
export const stepText = (s) => (s % 86400 === 0 ? `${s / 86400} d` : s % 3600 === 0 ? `${s / 3600} h` : `${s / 60} min`);

/** From when on there are steps of each length. */
function Kept() {
  const { value } = useDocument("hub", Math.floor(minute.value / 10));
  const from = Object.entries(/** @type {Record<string, string>} */ (value?.sealed?.steps_from ?? {}));
  return from.length > 0 && html`<span>Kept: ${from.map(([step, time], i) => `${i ? ", " : ""}${stepText(Number(step))} since ${time.slice(0, 10)}`)}</span>`;
}

/** @param {{ of: any }} props  a document of the hub's history */
export function Cost({ of }) {
  if (!of) return html`<p class="cost"><${Kept} /></p>`;
  const { read, data_from, data_to, reason, left_out, step_s } = of;
  return html`<p class="cost">${step_s && html`<span>Step <b>${stepText(step_s)}</b></span>`}<span>Read <b>${count(read?.files)}</b> files, <b>${short(read?.bytes, "B")}</b>${read?.deliveries ? html`, <b>${count(read.deliveries)}</b> deliveries` : ""}</span>
    ${data_from && html`<span>Data from ${moment(data_from).slice(0, 16)} to ${moment(data_to).slice(0, 16)} UTC</span>`}<${Kept} />${reason && html`<span class="warn">${reason}</span>`}${left_out && html`<span class="warn">Without ${Object.entries(left_out).map(([name, n]) => `${n} ${name.replaceAll("_", " ")}`).join(", ")}: there was no room</span>`}</p>`;
}

/** The state of a question that has no answer yet; null where it has one. @param {import("../documents.js").Reading} reading */
export function refused(reading) {
  const { fault } = reading;
  if (fault?.status !== 400) return waits(reading);
  const [, name, value] = /(step|top)=(\d+)/.exec(fault.message) ?? [];
  const { from, to, range } = span();
  const shorter = () => (range ? change({ range: hoursOf(range) > 168 ? "7d" : hoursOf(range) > 24 ? "24h" : "1h" }) : change({ from: to - Math.floor((to - from) / 240) * 60 }));
  return html`<${State} title="The hub refuses this question" mark="warn">${fault.message}<br />${name && html`<button class="button main" onClick=${() => change({ [name]: value })}>Ask with ${name === "step" ? `steps of ${stepText(Number(value))}` : `${value} items`}</button>`} <button class="button" onClick=${shorter}>Ask for a shorter time</button><//>`;
}
