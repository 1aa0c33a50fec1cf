// Where the axes of charts have their figures.
import { clock, moment } from "./units.js";

const SPANS_S = [1, 2, 5, 10, 15, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 15_552_000, 31_536_000];
const TICK_PIXELS = 80;

/** Multiples of a round number, some four of them between two values. @param {number} low @param {number} high */
export function valueTicks(low, high) {
  const most = high - low;
  const power = 10 ** Math.floor(Math.log10(most / 4 || 1));
  const unit = power * ([1, 2, 2.5, 5].find((n) => most / (n * power) <= 5) ?? 10);
  return multiples(unit, low, high);
}

/** Round times with their texts, as many as fit; midnight is told as its day. @param {number} begin @param {number} end @param {number} pixels */
export function timeTicks(begin, end, pixels) {
  const span = SPANS_S.find((s) => (end - begin) / s <= pixels / TICK_PIXELS) ?? end - begin;
  return multiples(span, begin, end).filter((time) => time < end).map((time) => ({ time, text: time % 86_400 ? clock(time).slice(0, span < 60 ? 8 : 5) : moment(time).slice(5, 10) }));
}

/** @param {number} unit @param {number} low @param {number} high */
const multiples = (unit, low, high) => Array.from({ length: Math.max(0, Math.floor(high / unit) - Math.ceil(low / unit) + 1) }, (_, i) => +((Math.ceil(low / unit) + i) * unit).toPrecision(12));

const MARK_ROWS = 3;

/** Where the texts of marks stand: behind each, before it at the right edge, below others that it would touch; null where there is no room.
 * @param {[at: number, width: number][]} marks @param {number} left @param {number} right @returns {({ start: number, row: number } | null)[]} */
export function markPlaces(marks, left, right) {
  /** @type {{ row: number, start: number, end: number }[]} */
  const taken = [];
  return marks.map(([at, width]) => {
    const start = at + width > right ? at - width : at;
    const isFree = (/** @type {number} */ row) => !taken.some((one) => one.row === row && start < one.end && start + width > one.start);
    const row = Array.from({ length: MARK_ROWS }, (_, i) => i).find(isFree);
    if (row === undefined || start < left) return null;
    taken.push({ row, start, end: start + width });
    return { start, row };
  });
}
