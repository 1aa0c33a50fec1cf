// Names come from the network: they are text, shown so that nobody is deceived by what can't be seen.
import { html } from "../vendor.js";

const LONGEST = 56;
const HIDDEN = /[\p{C}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]|(?! )\p{Z}/u;
const PIECES = new RegExp(`(${HIDDEN.source})`, "u");

/** @param {string} character */
function escape(character) {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code < 256 ? `\\x${hex.padStart(2, "0")}` : `U+${hex.toUpperCase().padStart(4, "0")}`;
}

/** The whole name with escapes, for titles, copies and files. @param {string} text */
export const escaped = (text) => text.split(PIECES).map((piece, i) => (i % 2 ? escape(piece) : piece)).join("");

/** The middle of a long name is left out: its end says most. @param {string} text */
function cut(text) {
  const all = [...text];
  return all.length > LONGEST ? `${all.slice(0, 24).join("")}…${all.slice(-(LONGEST - 25)).join("")}` : text;
}

/** @param {{ of: string }} props */
export function Name({ of }) {
  const text = of === "" ? "(empty)" : of;
  const shown = cut(text).split(PIECES);
  return html`<bdi class="name" title=${escaped(text)}>${shown.map((piece, i) => (i % 2 ? html`<span class="escape">${escape(piece)}</span>` : piece))}</bdi>`;
}
