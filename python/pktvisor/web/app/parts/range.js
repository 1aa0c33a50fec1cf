// The time that a hub's screen shows: a choice of spans, and keys that move it.
import { html, useEffect } from "../../vendor.js";
import { change } from "../address.js";
import { RANGES, show, span } from "../hub.js";
import { moment } from "../units.js";

/** Move the time by its length. @param {number} by @param {string} otherwise */
function move(by, otherwise) {
  const { from, to } = span(otherwise);
  const now = Math.floor(Date.now() / 60_000) * 60;
  const length = to - from;
  if (to + by * length >= now) change({ from: "", to: "" });
  else show(from + by * length, to + by * length);
}

/** @param {{ otherwise?: string, longest?: string, isLast?: boolean }} props  `isLast`: it always ends now */
export function Range({ otherwise = "6h", longest = "1y", isLast = false }) {
  const { from, to, range } = span(otherwise);
  const offered = RANGES.slice(0, RANGES.findIndex(([name]) => name === longest) + 1);
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (isLast || event.ctrlKey || event.metaKey || event.altKey || /** @type {HTMLElement} */ (event.target).matches("input, textarea, select")) return;
      if (event.key === "[") move(-1, otherwise);
      if (event.key === "]") move(1, otherwise);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [isLast, otherwise]);
  const choose = (/** @type {any} */ event) => change({ range: event.target.value, from: "", to: "" });
  return html`<span class="range">${!isLast && html`<button class="button icon" aria-label="Earlier" title="Earlier, key [" onClick=${() => move(-1, otherwise)}>‹</button>`}
    <select aria-label="Time" value=${range} onChange=${choose}>${!range && html`<option value="">${moment(from).slice(0, 16)} to ${moment(to).slice(from - (from % 86400) === to - (to % 86400) ? 11 : 0, 16)} UTC</option>`}
      ${offered.map(([name, text]) => html`<option key=${name} value=${name}>Last ${text}</option>`)}</select>
    ${!isLast && html`<button class="button icon" aria-label="Later" title="Later, key ]" disabled=${Boolean(range)} onClick=${() => move(1, otherwise)}>›</button>`}</span>`;
}
