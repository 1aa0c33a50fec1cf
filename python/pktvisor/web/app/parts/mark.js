// A shape for each severity, beside a word: colour never says it alone.
import { html } from "../../vendor.js";

/** @type {Record<string, string>} */
const SHAPES = {
  live: "M7 3.500a3.500 3.500 0 1 0 .01 0z",
  fine: "M7 3.500a3.500 3.500 0 1 0 .01 0z",
  info: "M3.500 3.500h7v7h-7z",
  warn: "M7 2l5.500 10h-11z",
  bad: "M7 1.500l5.500 5.500l-5.500 5.500l-5.500-5.500z",
  gone: "M2.500 4l1.500-1.500l3 3l3-3l1.500 1.500l-3 3l3 3l-1.500 1.500l-3-3l-3 3l-1.500-1.500l3-3z",
};

/** @param {{ of: string }} props */
export const Mark = ({ of }) => html`<svg class="mark ${of}" viewBox="0 0 14 14" aria-hidden="true"><path d=${SHAPES[of]} /></svg>`;
