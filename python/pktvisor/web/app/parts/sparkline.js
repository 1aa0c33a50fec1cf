// A small line. It spans at least 30 % of its mean, so that noise looks like noise; gaps stay gaps.
import { html } from "../../vendor.js";
import { means } from "../thin.js";

const WIDTH = 70;
const HEIGHT = 18;
const MOST_POINTS = 140;

/** @param {{ values: (number | null)[], isBad?: boolean }} props */
export function Sparkline({ values, isBad = false }) {
  const points = means(values, Math.ceil(values.length / MOST_POINTS));
  const known = /** @type {number[]} */ (points.filter((value) => value !== null));
  if (known.length < 2) return null;
  const mean = known.reduce((a, b) => a + b, 0) / known.length;
  const span = Math.max(Math.max(...known) - Math.min(...known), 0.3 * Math.abs(mean)) || 1;
  const middle = (Math.max(...known) + Math.min(...known)) / 2;
  let isDrawing = false;
  const path = points.map((value, i) => {
    if (value === null) return ((isDrawing = false), "");
    const step = `${isDrawing ? "L" : "M"}${((i * WIDTH) / (points.length - 1)).toFixed(1)} ${(HEIGHT / 2 - ((value - middle) / span) * (HEIGHT - 3)).toFixed(1)}`;
    isDrawing = true;
    return step;
  });
  return html`<svg class="spark ${isBad ? "bad" : ""}" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true"><path d=${path.join("")} /></svg>`;
}
