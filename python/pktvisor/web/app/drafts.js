// Texts of policies that somebody is writing: they outlive a change of screen and a lost connection.
import { signal } from "../vendor.js";
import { forget } from "./documents.js";
import { ask, Fault, send } from "./server.js";

/** @typedef {import("./parts/editor.js").Fault} TextFault */
/** @typedef {{ text: string, base: string, before: string, faults?: TextFault[], outcome?: any }} Draft
 *   `base` is the digest of what the text was made from, which read `before`; `faults` and `outcome` (of a dry run) are
 *   what the agent says of this text, and are not there until it has */

const PAUSE_MS = 300;

/** By policy; the one that is new has no name yet. @type {{ value: Record<string, Draft> }} */
export const drafts = signal({});
/** What was done last, or why it was not. */
export const done = signal("");

let timer = 0;

/** @param {string} name @param {Draft} [draft] none to forget it */
export function keep(name, draft) {
  const { [name]: _, ...others } = drafts.value;
  drafts.value = draft ? { ...others, [name]: draft } : others;
}

/** Take a text that somebody is writing, and have it checked once no key was pressed for a while. @param {string} name @param {Draft} draft */
export function write(name, { text, base, before }) {
  clearTimeout(timer);
  done.value = "";
  keep(name, text === before ? undefined : { text, base, before });
  timer = setTimeout(() => check(name), PAUSE_MS);
}

/** @param {any} error @returns {TextFault} */
function faultOf({ message, told }) {
  const [, line, column] = /line (\d+), column (\d+)/.exec(told?.place) ?? [];
  return { error: message, hint: told?.hint, path: told?.path, ...(line && { line: +line, column: +column }) };
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
    refresh(); // it may be another one by now
    faults = [...(faults ?? []), faultOf(error)];
  }
  if (drafts.value[name] === draft) keep(name, { ...draft, faults, outcome });
}

/** Ask again for what a change may have changed. */
const refresh = () => ["config", "policies", "inputs"].forEach(forget);

/** Change the agent, and ask again for what that has changed; null where it could not be done. @param {() => Promise<any>} act @param {string} words what to say once it is done */
export async function carryOut(act, words) {
  try {
    const told = await act();
    done.value = words;
    return told;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    done.value = `${error.message} ${error.told?.hint ?? ""}`;
    return null;
  } finally {
    refresh();
  }
}

/** Make the agent do what its dry run told. @param {string} name @returns {Promise<string>} the policy's name; empty where nothing was done */
export async function apply(name) {
  const draft = drafts.value[name];
  if (!draft?.outcome) return check(name).then(() => "");
  const told = await carryOut(() => post(draft, false), "Applied.");
  if (told) keep(name);
  return told ? [...told.policies.added, ...told.policies.changed, name][0] : "";
}

/** @param {string} name */
export const remove = (name) => carryOut(() => ask(`policies/${name}`, { method: "DELETE" }), `${name} is removed.`);
/** @param {boolean} isDry */
export const reload = (isDry) => carryOut(() => send(`config/reload?detail=true&dry_run=${isDry}`, {}), isDry ? "" : "The file is read again.");
