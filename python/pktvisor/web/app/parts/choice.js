// A choice among many, below its heading; what is chosen stands in the address.
import { html } from "../../vendor.js";
import { change } from "../address.js";

/** @typedef {string | [string, string]} Option a value, or a value and what it is called */

/** @param {{ label: string, name: string, value: string, options: Option[], also?: Record<string, string> }} props  `also` changes with it */
export const Choice = ({ label, name, value, options, also }) => html`<label class="choice"><span>${label}</span><select value=${value} onChange=${(/** @type {any} */ event) => change({ ...also, [name]: event.target.value })}>
  ${options.map((option) => (typeof option === "string" ? [option, option] : option)).map(([one, text]) => html`<option key=${one} value=${one} selected=${one === value}>${text}</option>`)}</select></label>`;
