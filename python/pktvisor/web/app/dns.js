// What screens say of DNS: results, and how they went over time.
import { at, steps } from "./figures.js";
import { DNS, toward } from "./paths.js";

/** @typedef {import("./figures.js").Series} Series */

/** The worst stands at the foot of a stack, on a straight base: it is the last. @type {{ name: string, colour: string, of: "noerror" | "nodata" | "nxdomain" | "refused" | "servfail", isPale?: boolean }[]} */
export const RESULTS = [
  { name: "NOERROR", colour: "rc-noerror", of: "noerror", isPale: true },
  { name: "NODATA", colour: "rc-nodata", of: "nodata" },
  { name: "NXDOMAIN", colour: "rc-nxdomain", of: "nxdomain" },
  { name: "REFUSED", colour: "rc-refused", of: "refused" },
  { name: "SERVFAIL", colour: "rc-servfail", of: "servfail" },
];
const FAILING = RESULTS.slice(2);

/** Lines of results: of all, or of those that fail; each as a rate, or as a share of all answers, which leaves a gap where nothing was answered.
 * @param {Series | null} series @param {string} direction @param {"all" | "failing" | "share"} form @returns {import("./parts/chart.js").Line[]} */
export function resultLines(series, direction, form) {
  const of = (/** @type {keyof typeof DNS} */ name) => steps(series, "dns", ...toward(DNS[name], direction)) ?? [];
  const all = of("answers");
  const nodata = of("nodata");
  return (form === "all" ? RESULTS : FAILING).map(({ name, colour, isPale, of: counted }) => ({
    name, colour, isPale,
    values: of(counted).map((n, i) => {
      if (n === null) return null;
      if (form === "share") return all[i] ? n / /** @type {number} */ (all[i]) : null;
      // Answers without data are NOERROR, too: each is in one part of the stack.
      return (counted === "noerror" ? Math.max(0, n - (nodata[i] ?? 0)) : n) / (series?.step_s ?? 1);
    }),
  }));
}

/** SERVFAIL and REFUSED as a share of answers, by step. @param {Series | null} series @param {string} [direction] */
export function failedShare(series, direction = "") {
  const of = (/** @type {"servfail" | "refused" | "answers"} */ name) => steps(series, "dns", ...toward(DNS[name], direction)) ?? [];
  const [servfail, refused, all] = [of("servfail"), of("refused"), of("answers")];
  return all.map((n, i) => (n ? ((servfail[i] ?? 0) + (refused[i] ?? 0)) / n : null));
}

/** Quantiles of answer times in a window, in microseconds; of one direction, as those of several can't be added. @param {any} metrics @param {string} direction @returns {{ direction: string, p50: number, p95: number, p99: number } | null} */
export function answerTimes(metrics, direction) {
  for (const one of direction ? [direction] : ["out", "in", "unknown"]) {
    const found = at(metrics, `xact.${one}.quantiles_us`) ?? at(metrics, `${one}.xact_time_us`);
    if (found) return { ...found, direction: one };
  }
  return null;
}
