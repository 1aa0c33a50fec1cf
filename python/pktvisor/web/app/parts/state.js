// What stands where figures can't: nothing came, not measured, refused, on its way.
import { html } from "../../vendor.js";
import { report } from "../server.js";
import { length } from "../steps.js";
import { Mark } from "./mark.js";

/** @param {{ title: string, children?: any, mark?: string }} props */
export const State = ({ title, children, mark }) => html`<div class="state">${mark && html`<${Mark} of=${mark} />`}<b>${title}</b>${children && html`<p>${children}</p>`}</div>`;

/** Grey lines; style.css holds them back for 200 ms. */
export const Loading = () => html`<div class="loading" role="status" aria-label="Loading"><i></i><i></i><i></i></div>`;

/**
 * The state of a document that a part waits for; null where it has come.
 * @param {import("../documents.js").Reading} reading
 */
export function waits({ value, fault, isLoading }) {
  if (value !== null) return null;
  if (fault?.status === 425 && /not yet/.test(fault.message)) return html`<${State} title="The first window is not full yet">Figures come once it is. “Live” shows the open one.<//>`;
  if (fault) return html`<${State} title=${fault.message} mark="bad">${fault.told?.hint}<//>`;
  return isLoading ? html`<${Loading} />` : null;
}

/** Where a chart will be once there are steps; where there are, they count something else.
 * @param {{ series: import("../figures.js").Series | null, group?: string }} props `group` counts it */
export function Soon({ series, group = "counters" }) {
  if (series && length(series) > 1) return html`<${State} title="Not measured">Metric group <code>${group}</code> counts it by step, and is off.<//>`;
  if (report) return html`<${State} title="Too short for a line">All came within one step of ${series?.step_s ?? 10} s: the tables have it.<//>`;
  return html`<${State} title="The first step is not full yet">A step is ${series?.step_s ?? 10} seconds.<//>`;
}
