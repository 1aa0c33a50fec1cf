// Numbers, times and shares as people read them; times in UTC, units always.
import { param } from "./address.js";

export const NOTHING = "–";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

/** In full, in groups of three digits. @param {number | null | undefined} n */
export const count = (n) => (n === null || n === undefined ? NOTHING : whole.format(n));

/** Three digits and a prefix, as `11.6 k`. @param {number | null | undefined} n @param {string} [unit] */
export function short(n, unit = "") {
  if (n === null || n === undefined || !isFinite(n)) return NOTHING;
  let step = 0;
  for (; Math.abs(n) >= 999.5 && step < 5; step++) n /= 1000;
  const text = Number.isInteger(n) || Math.abs(n) >= 99.95 ? n.toFixed(0) : String(+n.toPrecision(3));
  const end = ["", "k", "M", "G", "T", "P"][step] + unit;
  return end ? `${text} ${end}` : text;
}

/** A share as `5.6 %`; the small and the nearly whole keep two places. @param {number | null | undefined} share */
export function percent(share) {
  if (share === null || share === undefined || !isFinite(share)) return NOTHING;
  const p = share * 100;
  if (p > 99 && p < 100) return `${Math.min(p, 99.99).toFixed(2)} %`;
  if (p > 0 && p < 0.01) return "< 0.01 %";
  return `${p >= 10 || p === 0 ? +p.toFixed(1) : +p.toFixed(2)} %`;
}

/** A time given in microseconds. @param {number | null | undefined} us */
export function micros(us) {
  if (us === null || us === undefined) return NOTHING;
  if (us < 1000) return `${+us.toPrecision(3)} µs`;
  return us < 1e6 ? `${+(us / 1000).toPrecision(3)} ms` : `${+(us / 1e6).toPrecision(3)} s`;
}

/** A span by its two largest units. @param {number} s */
export function duration(s) {
  s = Math.max(0, Math.round(s));
  const parts = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60, s % 60];
  const first = Math.min(parts.findIndex((part) => part > 0) >>> 0, 3);
  return [0, 1].filter((i) => !i || parts[first + i]).map((i) => `${parts[first + i]} ${["d", "h", "min", "s"][first + i]}`).slice(0, first > 2 ? 1 : 2).join(" ");
}

/** @param {number} seconds Unix time */
const iso = (seconds) => new Date(seconds * 1000).toISOString();
/** Time of day, UTC. @param {number} seconds */
export const clock = (seconds) => iso(seconds).slice(11, 19);
/** Day and time, UTC. @param {number} seconds */
export const moment = (seconds) => iso(seconds).slice(0, 19).replace("T", " ");

/** Volumes are in bits per second, or in bytes where the reader wants that. */
export const isInBits = () => param("volume", "bits") === "bits";

/** @param {number | null | undefined} bytes per second */
export const volume = (bytes) => (isInBits() ? short(bytes && bytes * 8, "bit/s") : short(bytes, "B/s"));

/** A value in the unit that its metric declares, or that its name ends in. @param {string} name @param {number | null | undefined} n @param {{ unit?: string, kind?: string }} [metric] */
export function inUnitOf(name, n, { unit = "", kind = "" } = {}) {
  const last = name.split(/[. ]/).at(-1) ?? "";
  if (unit === "microseconds" || /(^|_)us$/.test(last)) return micros(n);
  if (/(^|_)ms$/.test(last)) return micros(n && n * 1000);
  if (last === "bps" || last.startsWith("bytes_") || (kind === "rate" && unit === "bytes")) return volume(n);
  if (kind === "rate") return short(n, "/s");
  if (unit === "bytes" || /(^|_)(bytes|size)$/.test(last)) return short(n, "B");
  if (unit === "percent" || last === "cpu_usage") return `${count(n)} %`;
  return unit === "seconds" ? `${count(n)} s` : count(n);
}
