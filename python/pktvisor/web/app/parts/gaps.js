// A strip of how complete an agent is: the height is what came of each step, a red foot is nothing.
import { html } from "../../vendor.js";
import { useMade } from "../hub.js";

const HEIGHT = 12;
const MOST = 35;

/** Levels of a strip as numbers from 0 to 1; null where nothing is known. @param {string} strip @returns {(number | null)[]} */
export const levels = (strip) => [...strip].map((level) => (level === " " ? null : parseInt(level, 36) / MOST));

/** @param {string} strip */
function paths(strip) {
  const made = { whole: "", part: "", none: "" };
  for (const { 0: run, index } of strip.matchAll(/(.)\1*/g)) {
    const level = parseInt(run[0], 36);
    const tall = run[0] === "0" ? 2 : Math.max(3, (HEIGHT * level) / MOST);
    if (run[0] !== " ") made[level === MOST ? "whole" : level ? "part" : "none"] += `M${index} ${HEIGHT}v${-tall.toFixed(1)}h${run.length}v${tall.toFixed(1)}z`;
  }
  return made;
}

/** @param {{ of: string, label: string }} props */
export function Gaps({ of, label }) {
  const { whole, part, none } = useMade(() => paths(of), [of]);
  return html`<svg class="gaps" viewBox="0 0 ${of.length} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${label}><rect class="rest" width=${of.length} height=${HEIGHT} /><path class="c-decoded" d=${whole} /><path class="warn" d=${part} /><path class="bad" d=${none} /></svg>`;
}

/** What a strip says, in words. @param {string} strip @param {number} step_s */
export function gapsText(strip, step_s) {
  const known = strip.replaceAll(" ", "");
  const [none, part] = [known.replace(/[^0]/g, "").length, known.replace(/[0z]/g, "").length];
  const minutes = (/** @type {number} */ n) => `${Math.round((n * step_s) / 60)} min`;
  return none + part === 0 ? "complete" : [none && `nothing for ${minutes(none)}`, part && `in part for ${minutes(part)}`].filter(Boolean).join(", ");
}
