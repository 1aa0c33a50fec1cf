// How much of what there was a window is made of.
import { html } from "../../vendor.js";
import { percent } from "../units.js";

/** @param {{ share: number | null | undefined }} props */
export function Complete({ share }) {
  if (share === null || share === undefined) return null;
  return html`<span class="badge ${share < 0.98 ? "stale" : ""}"><svg class="mark" viewBox="0 0 14 14" aria-hidden="true"><circle class="ring" cx="7" cy="7" r="4.500" pathLength="1" /><circle class="part" cx="7" cy="7" r="4.500" pathLength="1" stroke-dasharray="${share} 1" /></svg><b>${percent(share)}</b> complete</span>`;
}
