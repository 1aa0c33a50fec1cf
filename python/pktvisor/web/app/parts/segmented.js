// A choice of a few, side by side.
import { html } from "../../vendor.js";

/** @param {{ label: string, options: [string, string][], value: string, choose: (value: string) => void }} props  each option its value and its name */
export const Segmented = ({ label, options, value, choose }) => html`<span class="segmented" role="group" aria-label=${label}>
  ${options.map(([option, name]) => html`<button aria-pressed=${option === value} onClick=${() => choose(option)}>${name}</button>`)}</span>`;
