// How a series changed: its newest span against the one before.
import { mean } from "./thin.js";

/** The mean of the newest span less that of the span before; null where either is not known. @param {(number | null)[]} values @param {number} span in seconds @param {number} [step] */
export function change(values, span, step = 10) {
  const size = Math.max(1, Math.round(span / step));
  const [now, before] = [mean(values.slice(-size)), mean(values.slice(-2 * size, -size))];
  return now === null || before === null ? null : now - before;
}
