// What deviates, as sentences: rules over documents alone, each with the numbers that it goes by.
import { mean } from "./thin.js";
import { clock, count, duration, percent } from "./units.js";

/** @typedef {(number | null)[]} Values by step */
/** @typedef {{ time: number, kind: string, subject: string, text: string }} Happening */
/** @typedef {import("./figures.js").Entry} Entry */
/** `name` comes from the network and stands between `why` and `rest`. @typedef {{ mark: "bad" | "warn" | "info", what: string, why?: string, name?: string, rest?: string, screen: string, params?: Record<string, string>, where: string }} Finding */

/** Steps that are taken for now, and that must be known of the past before it is compared. */
const NOW = 6;
const LEAST_PAST = 12;
/** A share of answers that fails must be so much more, and twice as much. */
const LEAST_RISE = 0.01;
const LEAST_FAILED = 20;
const MOST_UNKNOWN = 0.02;
const LEAST_COMPLETE = 0.98;
const SILENT_STEPS = 3;
const LATELY_S = 900;

const ratio = (/** @type {number} */ a, /** @type {number} */ b) => (b ? a / b : 0);

/** @param {Values} values */
function median(values) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return known.length ? known[Math.floor(known.length / 2)] : null;
}

/** Since which step, from what share to what: where answers that fail rose, and stay so. @param {Values} failed @param {Values} answers */
export function rise(failed, answers) {
  const shares = failed.map((n, i) => (n === null || !answers[i] ? null : n / /** @type {number} */ (answers[i])));
  const past = shares.slice(0, -NOW);
  const now = mean(shares.slice(-NOW));
  const before = past.filter((share) => share !== null).length < LEAST_PAST ? null : median(past.slice(0, Math.ceil(past.length / 2)));
  const many = failed.slice(-NOW).reduce((sum, n) => (sum ?? 0) + (n ?? 0), 0) ?? 0;
  if (now === null || before === null || many < LEAST_FAILED || now < 2 * before || now < before + LEAST_RISE) return null;
  let since = shares.length;
  // Back to where the share was nearer to what it was before, over a minute, so that one step says little.
  while (since > 0 && (mean(shares.slice(Math.max(0, since - NOW), since)) ?? now) > (before + now) / 2) since--;
  return { from: before, to: now, since };
}

/** The name that most of a result's answers are about, as far as its list makes sure of that. @param {Entry[] | null} names @param {number | null} all */
function mainly(names, all) {
  const [heaviest] = names ?? [];
  const least = heaviest ? (heaviest.lower_bound ?? heaviest.estimate) : 0;
  if (!heaviest || !all || least < all / 2) return null;
  const isSure = least === (heaviest.upper_bound ?? heaviest.estimate);
  return { name: heaviest.name, share: `${isSure ? "" : "at least "}${percent(Math.min(1, least / all))}` };
}

/** @param {{ result: string, failed: Values, answers: Values, start: number, step: number, names: Entry[] | null, all: number | null, servers: Entry[] | null }} of @returns {Finding | null} */
export function failuresRose({ result, failed, answers, start, step, names, all, servers }) {
  const found = rise(failed, answers);
  if (!found) return null;
  const main = mainly(names, all);
  const server = servers?.find(({ name }) => name === main?.name)?.server;
  const since = found.since > 0 ? `at ${clock(start + found.since * step).slice(0, 5)} and stays there` : "before what is shown";
  const about = main ? `; ${main.share} of them are about ` : "";
  return { mark: "bad", what: `${result} rose from ${percent(found.from)} to ${percent(found.to)}`, why: `${since}${about}`, name: main?.name, rest: `${server ? `, from ${server}` : ""}.`, screen: "dns", params: { result }, where: "Failing names" };
}

/** @param {Record<string, number>} ledger @returns {Finding[]} */
export function losses(ledger) {
  const seen = ledger.seen ?? 0;
  const who = /** @type {const} */ ([["dropped_by_kernel", "The kernel"], ["dropped_by_interface", "The interface"], ["dropped_by_us", "The agent"]]);
  const found = who.flatMap(([name, subject]) => {
    const n = ledger[name] ?? 0;
    return n ? [/** @type {Finding} */ ({ mark: n > seen / 100 ? "bad" : "warn", what: `${subject} dropped ${count(n)} packets`, why: `(${percent(ratio(n, seen))}) in this window.`, screen: "inputs", where: "Inputs" })] : [];
  });
  const malformed = ledger.malformed ?? 0;
  if (malformed > seen / 100) found.push({ mark: "warn", what: `${percent(ratio(malformed, seen))} of packets can't be read.`, why: "The ledger tells the reasons.", screen: "inputs", where: "Inputs" });
  return found;
}

/** @param {{ completeness: number | null | undefined, ledger: Record<string, number> }} period @returns {Finding | null} */
export function incomplete({ completeness }) {
  if (typeof completeness !== "number" || completeness >= LEAST_COMPLETE) return null;
  return { mark: "bad", what: `These figures are of ${percent(completeness)} of the packets.`, why: "The others were dropped or could not be read.", screen: "inputs", where: "Inputs" };
}

/** @param {Record<string, number>} ledger @returns {Finding | null} */
export function directionUnknown(ledger) {
  const share = ratio(ledger.direction_unknown ?? 0, ledger.seen ?? 0);
  if (share <= MOST_UNKNOWN) return null;
  return { mark: "info", what: `${percent(share)} of packets have no known direction.`, why: "Neither end is in the host_spec of their input.", screen: "net", params: { direction: "unknown" }, where: "Addresses" };
}

/** Inputs that are gone, and those that were. @param {Happening[]} happenings @param {number} now @returns {Finding[]} */
export function inputsLost(happenings, now) {
  /** @type {Map<string, Finding>} */
  const found = new Map();
  /** @type {Map<string, number>} */
  const lost = new Map();
  for (const { kind, subject, time, text } of happenings) {
    const base = { screen: "inputs", where: "Inputs" };
    if (kind === "input_lost") {
      lost.set(subject, time);
      found.set(subject, { mark: "bad", what: `${text}`, why: `since ${clock(time)}, for ${duration(now - time)}.`, ...base });
    } else if (kind === "input_back") {
      const since = lost.get(subject);
      found.set(subject, { mark: "warn", what: since === undefined ? text : `${subject} was gone for ${duration(time - since)}`, why: `from ${clock(since ?? time)}; figures have a gap there.`, ...base });
    }
  }
  return [...found.values()];
}

/** Inputs that can't work, as the agent says why. @param {Record<string, any> | null} inputs @returns {Finding[]} */
export const inputFaults = (inputs) =>
  Object.entries(inputs ?? {}).filter(([, input]) => input.input?.fault).map(([name, input]) => ({ mark: "bad", what: `${name} can't work:`, why: input.input.fault, screen: "inputs", where: "Inputs" }));

/** Nothing came of late, though something did before. @param {Values} seen @param {number} start @param {number} step @returns {Finding | null} */
export function silent(seen, start, step) {
  const last = seen.findLastIndex((n) => n);
  if (last < 0 || seen.length - 1 - last < SILENT_STEPS) return null;
  const isKnown = seen.slice(last + 1).some((n) => n === 0);
  return { mark: "bad", what: `Nothing has come since ${clock(start + (last + 1) * step)}.`, why: isKnown ? "The input works and sees no packets." : "No input of this policy is at work.", screen: "inputs", where: "Inputs" };
}

/** @param {Record<string, number> | undefined} gaveWay how often, by what gave way @returns {Finding | null} */
export function memoryGaveWay(gaveWay) {
  const [heaviest, ...others] = Object.entries(gaveWay ?? {}).filter(([, n]) => n).sort((a, b) => b[1] - a[1]);
  if (!heaviest) return null;
  const what = heaviest[0].replaceAll("_", " ");
  return { mark: "warn", what: "Memory gave way", why: `since the agent started: ${count(heaviest[1])} ${what}${others.length ? " and others" : ""} hold less or are gone.`, screen: "inputs", where: "Memory" };
}

/** @param {number | undefined} upTime in seconds @returns {Finding | null} */
export const startedLately = (upTime) =>
  upTime !== undefined && upTime < LATELY_S ? { mark: "info", what: `The agent started ${duration(upTime)} ago.`, why: "What was before is not in these figures, unless it was saved.", screen: "policies", where: "Policies" } : null;
