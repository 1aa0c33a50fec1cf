// The shown time within a longer one: drag to show another part of it.
import { html } from "../../vendor.js";
import { useDocument } from "../documents.js";
import { minute, show, span } from "../hub.js";
import { grid, linesOf } from "../lines.js";
import { moment } from "../units.js";
import { Plot } from "./plot.js";

const TIMES = 5;
const SHORTEST_S = 300;

/** The longer time ends at the next whole of the shown one, so that it is asked for once. @param {number} from @param {number} to */
function around(from, to) {
  const length = to - from;
  const end = Math.min(minute.value * 60, Math.ceil(to / length) * length);
  return { begin: end - TIMES * length, end };
}

/** @param {{ question: string, quantile: string }} props  `question`: the parameters of the answer above, without its times */
export function Brush({ question, quantile }) {
  const { from, to } = span();
  const { begin, end } = around(from, to);
  const { value } = useDocument(`history?${question}&from=${begin}&to=${end}`, "");
  if (!value) return null;
  const times = grid(begin, end, value.step_s);
  const values = linesOf(value, times, quantile, end)[0]?.values ?? [];
  const choose = (/** @type {number} */ a, /** @type {number} */ b) => (b - a < SHORTEST_S ? show(a - (to - from) / 2, a + (to - from) / 2) : show(a, b));
  return html`<${Plot} isBare label="The time that is shown, within a longer one" times=${times} step=${value.step_s} lines=${[{ name: "", values, colour: "c8" }]} height=${40} select=${choose} selected=${[from, to]} />
    <p class="sub">${moment(begin).slice(0, 16)} to ${moment(end).slice(0, 16)} UTC. Drag over it or over the lines to choose a time; <kbd>[</kbd> <kbd>]</kbd> move it by its length.</p>`;
}
