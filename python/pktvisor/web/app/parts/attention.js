// What deviates, as sentences that lead to it; nothing where all is as it should be.
import { html } from "../../vendor.js";
import { Mark } from "./mark.js";

/** @typedef {{ mark: "bad" | "warn" | "info", what: any, why?: any, to: string, where: string }} Sentence */

/** @param {{ of: Sentence[] }} props */
export const Attention = ({ of }) => of.length > 0 && html`<ul class="panel attention" aria-label="What needs attention">${of.map(({ mark, what, why, to, where }) => html`<li><${Mark} of=${mark} /><span><b>${what}</b> ${why}</span><a href=${to}>${where} →</a></li>`)}</ul>`;
