// A chart over time on canvas: axes, lines, areas and steps, a cross at a step, and a rectangle that somebody drags.
import { timeTicks, valueTicks } from "./axes.js";
import { sized } from "./canvas.js";
import { colourOf } from "./theme.js";

/** @typedef {{ colour: string, isDashed?: boolean, fill?: string }} Stroke */
/** @typedef {(number | null)[]} Values */

/**
 * @typedef {object} Look
 * @property {number} height in CSS pixels
 * @property {Stroke[]} strokes one for each row of values
 * @property {boolean} [isStack] each value lasts for its step
 * @property {[number, number]} [range] of the values; else all of them, and zero
 * @property {number[]} [ticks] values with a name on the axis
 * @property {(value: number) => string} format
 * @property {(plot: TimePlot) => void} [below] paints before the lines
 * @property {(plot: TimePlot) => void} [above] paints after them
 * @property {(time: number | null) => void} pointed is told where the pointer is
 * @property {(span: import("./parts/chart.js").Span) => void} [chosen] is told of what somebody drags over
 * @property {boolean} [isArea] a drag chooses values, too
 */

const [LEFT, RIGHT, TOP, FOOT] = [54, 8, 8, 26];
const SHORTEST_DRAG = 4;
const MARGIN = 1.06;
const FONT = "11px sans-serif";

export class TimePlot {
  /** @type {Look} */
  #look = { height: 0, strokes: [], format: String, pointed: () => {} };
  /** @type {{ from: [number, number], to: [number, number] } | null} */
  #drag = null;
  /** @type {number | null} */
  #at = null;
  /** @type {number[]} */
  times = [];
  /** @type {Values[]} */
  rows = [];
  low = 0;
  high = 1;
  /** Where lines may be, in CSS pixels. */
  area = { left: LEFT, right: LEFT, top: TOP, foot: TOP };

  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.sheet = box.appendChild(document.createElement("canvas"));
    this.glass = box.appendChild(document.createElement("canvas"));
    this.ctx = /** @type {CanvasRenderingContext2D} */ (this.sheet.getContext("2d"));
    Object.assign(this.glass, { className: "glass", onpointerdown: this.#down, onpointermove: this.#move, onpointerup: this.#up, onpointerleave: () => this.#look.pointed(null) });
  }

  get step() {
    return this.times.length > 1 ? this.times[1] - this.times[0] : 1;
  }
  get begin() {
    return this.times[0];
  }
  get end() {
    return this.times[this.times.length - 1] + this.step;
  }
  x = (/** @type {number} */ time) => LEFT + ((time - this.begin) / (this.end - this.begin)) * (this.area.right - LEFT);
  y = (/** @type {number} */ value) => this.area.foot - ((value - this.low) / (this.high - this.low)) * (this.area.foot - TOP);
  timeAt = (/** @type {number} */ x) => this.begin + ((x - LEFT) / (this.area.right - LEFT)) * (this.end - this.begin);
  valueAt = (/** @type {number} */ y) => this.low + ((this.area.foot - y) / (this.area.foot - TOP)) * (this.high - this.low);

  /** @param {Look} look @param {number[]} times @param {Values[]} rows */
  show(look, times, rows) {
    this.#look = look;
    [this.times, this.rows] = [times, rows];
    const known = rows.flatMap((values) => values.filter((value) => value !== null));
    const [least, most] = [Math.min(0, ...known), Math.max(0, ...known)];
    [this.low, this.high] = look.range ?? [least * MARGIN, most > 0 || least < 0 ? most * MARGIN : 1];
    this.draw();
  }

  draw() {
    const [width, height] = [this.box.clientWidth, this.#look.height];
    this.ctx = sized(this.sheet, width, height);
    this.area = { left: LEFT, right: width - RIGHT, top: TOP, foot: height - FOOT };
    if (!this.times.length || width <= LEFT + RIGHT) return;
    this.#drawAxes();
    this.#look.below?.(this);
    this.rows.forEach((values, row) => this.#drawRow(values, this.#look.strokes[row]));
    this.#look.above?.(this);
    this.point(this.#at);
  }

  #drawAxes() {
    const { ctx, area } = this;
    const { ticks, format } = this.#look;
    Object.assign(ctx, { fillStyle: colourOf("text-3"), font: FONT, textAlign: "right", textBaseline: "middle" });
    for (const value of ticks ?? valueTicks(this.low, this.high)) {
      ctx.fillText(format(value), LEFT - 6, this.y(value));
      if (!ticks) this.#line([[LEFT, this.y(value)], [area.right, this.y(value)]], { colour: colourOf("grid") }, 1);
    }
    ctx.textAlign = "center";
    for (const { time, text } of timeTicks(this.begin, this.end, area.right - LEFT)) ctx.fillText(text, this.x(time), area.foot + 14);
  }

  /** What is not known is not drawn: a line for each run of steps without a gap. @param {Values} values @param {Stroke} stroke */
  #drawRow(values, stroke) {
    for (let i = 0; i < values.length; i++) {
      const first = i;
      while (i < values.length && values[i] !== null) i++;
      if (i > first) this.#drawRun(first, /** @type {number[]} */ (values.slice(first, i)), stroke);
    }
  }

  /** @param {number} first @param {number[]} values @param {Stroke} stroke */
  #drawRun(first, values, stroke) {
    // a step alone would be a point
    const isWide = this.#look.isStack || values.length === 1;
    const ends = isWide ? [0, 1] : [0.5];
    const points = values.flatMap((value, i) => ends.map((end) => [this.x(this.times[first + i] + end * this.step), this.y(value)]));
    if (stroke.fill) {
      const [start, last] = [points[0][0], points[points.length - 1][0]];
      const area = pathOf([...points, [last, this.y(0)], [start, this.y(0)]]);
      this.ctx.fillStyle = stroke.fill;
      this.ctx.fill(area);
    }
    this.#line(points, stroke, 1.5);
  }

  /** @param {number[][]} points @param {Stroke} stroke @param {number} width */
  #line(points, { colour, isDashed }, width) {
    this.ctx.strokeStyle = colour;
    this.ctx.lineWidth = width;
    this.ctx.setLineDash(isDashed ? [4, 4] : []);
    this.ctx.stroke(pathOf(points));
  }

  /** Shows the cross at a step, and what is chosen. @param {number | null} time when the step begins */
  point(time) {
    this.#at = time;
    const { area } = this;
    const paint = sized(this.glass, area.right + RIGHT, area.foot + FOOT);
    const shown = this.#drag && this.#corners(this.#drag);
    paint.fillStyle = colourOf("hatch");
    if (shown) paint.fillRect(shown.left, shown.top, shown.right - shown.left, shown.foot - shown.top);
    const i = time === null ? -1 : Math.floor((time - this.begin) / this.step);
    if (!(i in this.times)) return;
    const x = this.x(this.times[i] + this.step / 2);
    paint.strokeStyle = colourOf("text-3");
    paint.setLineDash([3, 3]);
    paint.stroke(pathOf([[x, TOP], [x, area.foot]]));
    this.rows.forEach((values, row) => {
      const value = values[i];
      if (value === null) return;
      paint.fillStyle = this.#look.strokes[row].colour;
      paint.beginPath();
      paint.arc(x, this.y(value), 2.5, 0, 7);
      paint.fill();
    });
  }

  /** @param {{ from: [number, number], to: [number, number] }} drag */
  #corners({ from, to }) {
    const { area } = this;
    const within = (/** @type {number} */ n, /** @type {number} */ low, /** @type {number} */ high) => Math.min(Math.max(n, low), high);
    const [left, right] = [from[0], to[0]].map((x) => within(x, area.left, area.right)).sort((a, b) => a - b);
    const [top, foot] = this.#look.isArea ? [from[1], to[1]].map((y) => within(y, area.top, area.foot)).sort((a, b) => a - b) : [area.top, area.foot];
    return { left, right, top, foot };
  }

  #down = (/** @type {PointerEvent} */ { pointerId, offsetX, offsetY }) => {
    if (!this.#look.chosen) return;
    this.glass.setPointerCapture(pointerId);
    this.#drag = { from: [offsetX, offsetY], to: [offsetX, offsetY] };
  };
  #move = (/** @type {PointerEvent} */ { offsetX, offsetY, buttons }) => {
    if (this.#drag && buttons) this.#drag.to = [offsetX, offsetY];
    const { left, right } = this.area;
    this.#look.pointed(offsetX < left || offsetX >= right ? null : this.timeAt(offsetX));
    // the cross may have stayed where it was
    if (this.#drag && buttons) this.point(this.#at);
  };
  #up = () => {
    if (!this.#drag) return;
    const { left, right, top, foot } = this.#corners(this.#drag);
    const isChosen = right - left > SHORTEST_DRAG;
    if (!isChosen || !this.#look.isArea) this.#drag = null;
    this.point(this.#at);
    if (isChosen) this.#look.chosen?.({ from: this.timeAt(left), to: this.timeAt(right), low: this.valueAt(foot), high: this.valueAt(top) });
  };
}

/** @param {number[][]} points */
function pathOf(points) {
  const path = new Path2D();
  for (const [x, y] of points) path.lineTo(x, y);
  return path;
}
