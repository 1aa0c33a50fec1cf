// Texts of policies that somebody is writing: they outlive a change of screen and a lost connection.
import { signal } from "../vendor.js";
import { forget } from "./documents.js";
import { ask, Fault, send } from "./server.js";

/** @typedef {import("./parts/editor.js").Fault} TextFault */
/** @typedef {{ text: string, faults: TextFault[], outcome: any }} Verdict what the agent says of a text; `outcome` is that of its dry run */
/** @typedef {{ text: string, base: string, before: string, verdict: Verdict | null, isApplying?: boolean }} Draft `base` is the digest of what the text was made from, which read `before` */

const PAUSE_MS = 300;
/** The policy that is new has no name yet. */
export const NEW = "";

/** @type {{ value: Record<string, Draft> }} */
export const drafts = signal({});
/** What was done last, in a sentence. */
export const done = signal("");

let timer = 0;

/** @param {string} name @param {Partial<Draft>} changes */
const keep = (name, changes) => (drafts.value = { ...drafts.value, [name]: { ...drafts.value[name], ...changes } });

/** @param {string} name */
export function discard(name) {
  const { [name]: _, ...others } = drafts.value;
  drafts.value = others;
}

/** Take a text that somebody is writing, and have it checked once no key was pressed for a while. @param {string} name @param {Draft} draft */
export function write(name, draft) {
  clearTimeout(timer);
  done.value = "";
  if (draft.text === draft.before) return discard(name);
  keep(name, { ...draft, verdict: null });
  timer = setTimeout(() => check(name), PAUSE_MS);
}

/** @param {unknown} error @returns {TextFault} */
function faultOf(error) {
  if (!(error instanceof Fault)) throw error;
  const place = /line (\d+), column (\d+)/.exec(error.told?.place ?? "");
  return { error: error.message, hint: error.told?.hint, path: error.told?.path, ...(place && { line: +place[1], column: +place[2] }) };
}

/** @param {Draft} draft @param {boolean} isDry */
const post = ({ text, base }, isDry) => send(`config/policy?base=${base}&dry_run=${isDry}`, text);

/** Ask the agent what is wrong with a text, and what it would do with it. @param {string} name */
export async function check(name) {
  const draft = drafts.value[name];
  if (!draft) return;
  const { text } = draft;
  /** @type {Verdict} */
  const verdict = { text, faults: [], outcome: null };
  try {
    const { faults, warnings } = await send("config/check", text);
    verdict.faults = [...faults, ...warnings.map((/** @type {TextFault} */ one) => ({ ...one, isWarning: true }))];
    if (!faults.length) verdict.outcome = await post(draft, true);
  } catch (error) {
    verdict.faults.push(faultOf(error));
  }
  if (drafts.value[name]?.text === text) keep(name, { verdict });
}

/** Ask again for what a change has changed. */
function refresh() {
  ["config", "policies", "inputs"].forEach(forget);
}

/** Make the agent do what its dry run told. @param {string} name @returns {Promise<string>} the policy's name */
export async function apply(name) {
  const draft = drafts.value[name];
  if (draft?.verdict?.text !== draft?.text || !draft?.verdict?.outcome) return (await check(name), "");
  keep(name, { isApplying: true });
  try {
    const { policies } = await post(draft, false);
    discard(name);
    refresh();
    done.value = "Applied.";
    return [...policies.added, ...policies.changed][0] ?? name;
  } catch (error) {
    keep(name, { isApplying: false, verdict: { text: draft.text, faults: [faultOf(error)], outcome: null } });
    return "";
  }
}

/** @param {() => Promise<any>} act @param {string} [words] what to say once it is done */
export async function carryOut(act, words = "") {
  try {
    const told = await act();
    if (words) refresh();
    done.value = words;
    return told;
  } catch (error) {
    const { error: message, hint } = faultOf(error);
    done.value = [message, hint].filter(Boolean).join(" ");
    return null;
  }
}

/** @param {string} name */
export const remove = (name) => carryOut(() => ask(`policies/${name}`, { method: "DELETE" }), `${name} is removed.`);

/** @param {boolean} isDry */
export const reload = (isDry) => carryOut(() => send(`config/reload?detail=true&dry_run=${isDry}`, {}), isDry ? "" : "The file is read again.");
