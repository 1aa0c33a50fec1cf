// Texts of policies that somebody is writing: they outlive a change of screen, a lost connection and a reload of the tab.
import { signal } from "../vendor.js";
import { forget } from "./documents.js";
import { ask, Fault, missingRight, send, session, STORED } from "./server.js";

/** @typedef {import("./parts/editor.js").Fault} TextFault */
/** @typedef {{ text: string, base: string, before: string, faults?: TextFault[], outcome?: any }} Draft
 *   `base` is the digest of what the text was made from, which read `before`; `faults` and `outcome` (of a dry run) are
 *   what the agent says of this text, and are not there until it has */

const PAUSE_MS = 300;
/** Until an agent is asked again that did not answer, or had too much to do. */
const RETRY_MS = 2000;

/** So many characters of them are kept over a reload. */
const MOST_STORED = 1_000_000;

/** By policy; the one that is new has no name yet. @type {{ value: Record<string, Draft> }} */
export const drafts = signal(Object.create(null));
/** Whether all of them outlive a reload. */
export const isStored = () => Object.values(drafts.value).reduce((sum, { text, before }) => sum + text.length + before.length, 0) <= MOST_STORED;
/** What was done last, or why it was not, and how that looks. */
export const done = signal({ words: "", look: "" });
const say = (words = "", look = "") => (done.value = { words, look });

/** When texts are checked next, by policy. @type {Record<string, number>} */
const timers = {};

/** @param {string} name @param {Draft} [draft] none to forget it */
export function keep(name, draft) {
  const all = Object.assign(Object.create(null), drafts.value); // a policy may be called "constructor"
  if (draft) all[name] = draft;
  else delete all[name];
  drafts.value = all;
}

/** Take a text that somebody is writing, and have it checked once no key was pressed for a while. @param {string} name @param {Draft} draft */
export function write(name, { text, base, before }) {
  say();
  keep(name, text === before ? undefined : { text, base, before });
  later(name, PAUSE_MS);
}

/** @param {string} name @param {number} ms */
function later(name, ms) {
  clearTimeout(timers[name]);
  timers[name] = setTimeout(() => check(name), ms);
}

/** @param {any} error @returns {TextFault} */
function faultOf({ message, told }) {
  const [, line, column] = /line (\d+), column (\d+)/.exec(told?.place) ?? [];
  return { error: message, hint: told?.hint, path: told?.path, ...(line && { line: +line, column: +column }) };
}

/** Whether to ask again would do. @param {unknown} error @throws what is no fault of the agent's */
function isPassing(error) {
  if (!(error instanceof Fault)) throw error;
  return [0, 429, 503].includes(error.status);
}

/** @param {Draft} draft @param {boolean} isDry */
const post = ({ text, base }, isDry) => send(`config/policy?base=${base}&dry_run=${isDry}`, text);

/** Ask the agent what is wrong with a text, and what it would do with it. @param {string} name */
export async function check(name) {
  const draft = drafts.value[name];
  if (!draft) return;
  let faults;
  let outcome;
  try {
    const told = await send("config/check", draft.text);
    faults = [...told.faults, ...told.warnings.map((/** @type {TextFault} */ one) => ({ ...one, isWarning: true }))];
    if (!told.faults[0]) outcome = await post(draft, true);
  } catch (error) {
    if (isPassing(error)) return later(name, RETRY_MS);
    refresh(); // it may be another one by now
    faults = [...(faults ?? []), faultOf(error)];
  }
  if (drafts.value[name] === draft) keep(name, { ...draft, faults, outcome });
}

/** Ask again for what a change may have changed. */
const refresh = () => ["config", "policies", "inputs"].forEach(forget);

/** Change the agent, and ask again for what that has changed; null where it could not be done. @param {() => Promise<any>} act @param {string} words what to say once it is done */
async function carryOut(act, words) {
  try {
    const told = await act();
    say(words);
    return told;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    say(`${error.message} ${error.told?.hint ?? ""}`, "bad");
    return null;
  } finally {
    refresh();
  }
}

/** Make the agent do what its dry run told. @param {string} name @returns {Promise<string>} the policy's name; empty where nothing was done */
export async function apply(name) {
  const draft = drafts.value[name];
  if (!draft?.outcome) return check(name).then(() => "");
  const applied = { ...draft, outcome: null }; // once is enough
  keep(name, applied);
  try {
    const { policies } = await post(draft, false);
    if (drafts.value[name] === applied) keep(name); // else somebody has written on
    say("Applied.");
    return [...policies.added, ...policies.changed, name][0];
  } catch (error) {
    if (isPassing(error)) say(/** @type {Fault} */ (error).message, "bad");
    if (drafts.value[name] === applied) keep(name, isPassing(error) ? draft : { ...applied, faults: [faultOf(error)] });
    return "";
  } finally {
    refresh();
  }
}

/** @param {string} name */
export const remove = (name) => carryOut(() => ask(`policies/${name}`, { method: "DELETE" }), `${name} is removed.`);
/** @param {boolean} isDry */
export const reload = (isDry) => carryOut(() => send(`config/reload?detail=true&dry_run=${isDry}`, {}), isDry ? "" : "The file is read again.");

const texts = () => Object.entries(drafts.value).map(([name, { text, base, before }]) => [name, text, base, before]);
addEventListener("pagehide", () => {
  try {
    if (isStored() && session.value?.scope) sessionStorage.setItem(STORED, JSON.stringify(texts()));
    else sessionStorage.removeItem(STORED);
  } catch {
    // a browser may keep nothing for anybody
  }
});

/** Take up what the tab had before it was loaded again. */
function restore() {
  try {
    for (const [name, text, base, before] of JSON.parse(sessionStorage.getItem(STORED) ?? "[]")) {
      keep(name, { text, base, before });
      later(name, 0);
    }
  } catch {
    // nothing is kept, or not by this page
  }
}
if (!missingRight()) restore();
