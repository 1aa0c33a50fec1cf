// The shown time within a longer one: drag to show another part of it.
import { html, useEffect, useRef, useSignal } from "../../vendor.js";
import { useDocument } from "../documents.js";
import { minute, show, span } from "../hub.js";
import { grid, linesOf } from "../lines.js";
import { moment } from "../units.js";

const TIMES = 5;
const WIDTH = 600;
const HEIGHT = 40;

/** The longer time ends at the next whole of the shown time, so that it is asked for once. */
function around() {
  const { from, to } = span();
  const length = (to - from) * TIMES;
  const end = Math.min(minute.value * 60, Math.ceil(to / (length / TIMES)) * (length / TIMES));
  return { begin: end - length, end };
}

/** @param {{ question: string, quantile: string }} props  `question`: the parameters of the answer above, without its times */
export function Brush({ question, quantile }) {
  const place = useRef(/** @type {SVGSVGElement | null} */ (null));
  const drawn = useSignal(/** @type {[number, number] | null} */ (null));
  const { begin, end } = around();
  const { value } = useDocument(`history?${question}&from=${begin}&to=${end}`, "");
  const { from, to } = span();
  const x = (/** @type {number} */ time) => (WIDTH * (time - begin)) / (end - begin);
  const at = (/** @type {PointerEvent} */ event) => {
    const { left, width } = /** @type {SVGSVGElement} */ (place.current).getBoundingClientRect();
    return begin + Math.max(0, Math.min(1, (event.clientX - left) / width)) * (end - begin);
  };
  useEffect(() => {
    const moved = (/** @type {PointerEvent} */ event) => drawn.value && (drawn.value = [drawn.value[0], at(event)]);
    const up = () => {
      if (!drawn.value) return;
      const [a, b] = drawn.value.toSorted((one, other) => one - other);
      drawn.value = null;
      if (b - a >= 300) show(a, b);
      else show(a - (to - from) / 2, a + (to - from) / 2);
    };
    addEventListener("pointermove", moved);
    addEventListener("pointerup", up);
    return () => (removeEventListener("pointermove", moved), removeEventListener("pointerup", up));
  });
  if (!value) return null;
  const times = grid(begin, end, value.step_s);
  const values = linesOf(value, times, quantile)[0]?.values ?? [];
  const most = Math.max(...values.map((one) => one ?? 0)) || 1;
  let isDrawing = false;
  const path = values.map((one, i) => {
    const step = one === null ? "" : `${isDrawing ? "L" : "M"}${x(times[i]).toFixed(1)} ${(HEIGHT - 2 - (one / most) * (HEIGHT - 4)).toFixed(1)}`;
    isDrawing = one !== null;
    return step;
  }).join("");
  const [left, right] = (drawn.value ?? [from, to]).map(x).sort((a, b) => a - b);
  return html`<svg class="brush" ref=${place} viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="The time that is shown, within a longer one" onPointerDown=${(/** @type {PointerEvent} */ event) => (drawn.value = [at(event), at(event)])}><path d=${path} /><rect x=${Math.max(0, left)} width=${Math.max(2, right - Math.max(0, left))} height=${HEIGHT} /></svg>
    <p class="sub">${moment(begin).slice(0, 16)} to ${moment(end).slice(0, 16)} UTC. Drag over it or over the chart to choose a time; <kbd>[</kbd> <kbd>]</kbd> move it by its length.</p>`;
}
