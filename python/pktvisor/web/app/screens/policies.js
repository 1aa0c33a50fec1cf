// What would change? The policies, the text of one, and what the agent would do with another text.
import { html, useSignal } from "../../vendor.js";
import { address, change, link, param } from "../address.js";
import { useDocument } from "../documents.js";
import { apply, check, discard, done, drafts, NEW, reload, remove, write } from "../drafts.js";
import { tick } from "../live.js";
import { Difference, difference } from "../parts/difference.js";
import { Editor } from "../parts/editor.js";
import { Mark } from "../parts/mark.js";
import { Panel } from "../parts/panel.js";
import { Rows } from "../parts/rows.js";
import { State, waits } from "../parts/state.js";
import { session } from "../server.js";
import { clock, duration } from "../units.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "policies", title: "Policies", group: "Agent", order: 90, of: "agent" };

/** @typedef {{ text?: string, origin: string, file?: string, digest?: string, since?: number }} Known */

/** @type {Record<string, string>} */
const ORIGINS = { configuration: "file", api: "API", "command line": "command", stream: "own", hub: "hub" };
/** Handlers that a new policy begins with where its input feeds them. */
const FIRST = ["net", "dns", "flow", "netprobe"];

/** Agents change on their own account, too: a mark tells, and what has none is seen within 10 s. */
const moment = () => `${tick.value?.mark} ${Math.floor((tick.value?.time ?? 0) / 10)}`;

/** @param {import("../screen.js").Shown} shown */
export function View({ policy, filter }) {
  const isAdmin = session.value?.admin_api && session.value.scope === "admin";
  const policies = useDocument("policies", moment());
  const config = useDocument(isAdmin ? "config" : null, moment());
  const waiting = waits(policies) ?? (isAdmin ? waits(config) : null);
  const plan = useSignal(/** @type {any} */ (null));
  if (waiting) return waiting;
  const isNew = Boolean(param("new"));
  /** @type {Record<string, Known>} */
  const known = config.value?.policies ?? {};
  const names = Object.keys(policies.value).filter((name) => name.includes(filter)).sort((a, b) => Number(known[a]?.origin === "stream") - Number(known[b]?.origin === "stream"));
  return html`<div class="head"><span class="sub">${Object.keys(policies.value).length} policies. ${isAdmin ? `You may change them${session.value?.name ? ` (token “${session.value.name}”)` : ""}.` : ""}</span>
      <span class="sub" role="status">${done.value}</span>${isAdmin && html`<span class="end">${config.value.has_file && html`<button class="button" onClick=${async () => (plan.value = await reload(true))}>Reload file</button>`}<${NewPolicy} taps=${config.value.taps} policies=${policies.value} /></span>`}</div>
    ${!isAdmin && html`<p class="banner info">${session.value?.admin_api ? "You may look only: sign in with a token of scope admin to change policies." : "You may look only: start the agent with --admin-api to change policies here."}</p>`}
    ${plan.value && html`<div class="grid"><${Panel} title="Reload" sub="nothing was changed yet" controls=${html`<button class="button" onClick=${() => (plan.value = null)}>Leave it</button><button class="button main" onClick=${() => ((plan.value = null), reload(false))}>Reload</button>`}><${Outcome} outcome=${plan.value} /><//></div>`}
    <div class="policies"><${Panel} title="On this agent"><ul class="pick">${[...names, ...(drafts.value[NEW] ? [NEW] : [])].map((name) => html`<li><a href=${link("policies", { policy: name || policy, new: name ? null : 1 })} aria-current=${(isNew ? name === NEW : name === policy) ? "true" : null}>
        <${Mark} of=${name && isFailing(policies.value[name]) ? "warn" : "live"} /><b>${name || "New policy"}</b><span class="tag">${drafts.value[name] ? "edited" : ORIGINS[known[name]?.origin] ?? policies.value[name]?.origin ?? ""}</span><span class="sub">${name && summary(policies.value[name])}</span></a></li>`)}</ul><//>
      ${!isAdmin ? html`<${Looked} name=${policy} told=${policies.value[policy]} />` : isNew && drafts.value[NEW] ? html`<${Edited} key=${NEW} name=${NEW} />` : html`<${Edited} key=${policy} name=${policy} now=${known[policy]} />`}</div>`;
}

/** @param {any} told */
const inputs = (told) => /** @type {any[]} */ (Object.values(told?.input ?? {}));
/** @param {any} told */
const isFailing = (told) => inputs(told).some(({ fault, input }) => fault || input?.running === false);
/** @param {any} told */
const summary = (told) => [[...new Set(Object.values(told.modules ?? {}).map((/** @type {any} */ one) => one.module?.type ?? one.type))].join(", "), Object.keys(told.taps ?? {}).join(", ") || Object.keys(told.input ?? {}).join(", "), inputs(told).map(({ fault }) => fault).filter(Boolean).join("; ")].filter(Boolean).join(" · ");

/** What may be known of a policy by who may only look. @param {{ name: string, told: any }} props */
const Looked = ({ name, told }) => (told ? html`<${Panel} title=${name} sub="its handlers"><${Rows} columns=${["handler", "settings"]} rows=${Object.entries(told.modules ?? {}).map(([of, one]) => [of, JSON.stringify(/** @type {any} */ (one).module?.config ?? {})])} /><//>` : html`<${State} title="There is no policy ${name}" />`);

/** @param {{ taps: Record<string, Known>, policies: any }} props */
function NewPolicy({ taps, policies }) {
  const { value: handlers } = useDocument("handlers");
  const choose = (/** @type {any} */ event) => {
    const tap = event.target.value;
    const type = /input_type: "?(\w+)/.exec(taps[tap]?.text ?? "")?.[1] ?? "pcap";
    event.target.value = "";
    let name = tap.replace(/\W/g, "_");
    while (name in policies) name += "_2";
    const fed = FIRST.filter((one) => handlers?.some((/** @type {any} */ handler) => handler.type === one && handler.inputs.includes(type)));
    const modules = fed.map((one) => `          ${one}:\n            type: ${one}\n${handlers.some((/** @type {any} */ handler) => handler.type === one && handler.version === "2.0") ? '            require_version: "2.0"\n' : ""}`).join("");
    write(NEW, { text: `version: "1.0"\nvisor:\n  policies:\n    ${name}:\n      kind: collection\n      input: {tap: ${tap}, input_type: ${type}}\n      handlers:\n        modules:\n${modules}`, base: "", before: "", verdict: null });
    change({ new: 1 });
  };
  return html`<label><span class="unseen">New policy on a tap</span><select onChange=${choose}><option value="">New policy on …</option>${Object.keys(taps).map((tap) => html`<option>${tap}</option>`)}</select></label>`;
}

/** @param {{ name: string, now?: Known }} props */
function Edited({ name, now }) {
  const isAsked = useSignal(false);
  const draft = drafts.value[name];
  if (!now && !draft) return html`<${State} title=${name ? `There is no policy ${name}` : "There is no policy yet"}>Choose a tap for a new one.<//>`;
  if (!draft && now?.text === undefined) return html`<${State} title="${name} comes and goes with its input">The agent made it, to tell what the input costs. Nobody edits it.<//>`;
  const ours = draft ?? { text: now?.text ?? "", base: now?.digest ?? "", before: now?.text ?? "", verdict: null };
  const isFixed = now?.origin === "hub" || draft?.isApplying;
  const faults = ours.verdict?.faults ?? [];
  const errors = faults.filter(({ isWarning }) => !isWarning);
  const outcome = ours.verdict?.outcome;
  const lines = difference(name ? ours.before : "", ours.text);
  const changed = new Set(lines.filter(({ sign }) => sign === "+").map(({ now: line }) => line));
  const isBehind = Boolean(draft) && name !== NEW && (now?.digest ?? "") !== ours.base;
  const commit = async () => {
    const applied = await apply(name);
    if (applied && address.value.screen === "policies") change({ policy: applied, new: null });
  };
  const sub = name === NEW ? "not there yet" : [now?.file ? `from ${now.file}` : now && `from the ${ORIGINS[now.origin]}`, now?.since && `running since ${clock(now.since)} UTC`].filter(Boolean).join(", ");
  const controls = isAsked.value
    ? html`<b>Remove it with its windows?</b><button class="button" onClick=${() => (isAsked.value = false)}>Keep</button><button class="button main" onClick=${() => ((isAsked.value = false), discard(name), remove(name))}>Remove</button>`
    : html`${name && now?.origin !== "hub" && html`<button class="button" onClick=${() => (isAsked.value = true)}>Remove</button>`}<button class="button" disabled=${!draft} onClick=${() => (discard(name), change({ new: null }))}>Discard</button><button class="button main" disabled=${!outcome || isBehind || draft?.isApplying} onClick=${commit}>Apply</button>`;
  return html`<${Panel} title=${name || "New policy"} sub=${sub} controls=${controls}>
      ${now?.origin === "hub" && html`<p class="banner info">The hub gave this policy: change it there.</p>`}
      ${isBehind && html`<p class="banner warn" role="alert"><b>${now ? "Somebody has changed this policy meanwhile." : "Somebody has removed this policy meanwhile."}</b> Your text is made from the one before. <button class="button" onClick=${() => write(name, { ...ours, base: now?.digest ?? "", before: now?.text ?? "" })}>Compare with theirs</button></p>`}
      <${Editor} label="Text of ${name || "the new policy"}" text=${ours.text} faults=${faults} changed=${changed} isFixed=${isFixed} change=${(/** @type {string} */ text) => write(name, { ...ours, text })} commit=${commit}>
        ${errors.length ? html`<${Mark} of="bad" /><b class="bad">${errors.length} ${errors.length > 1 ? "errors" : "error"}</b>${errors[0].line ? ` at line ${errors[0].line}` : ""}<span class="unseen">: ${errors[0].error}</span>` : outcome ? html`<${Mark} of="fine" /><b>No errors.</b> Checked by the agent` : draft ? "Checking …" : "As it runs"}<//><//>
    <${Panel} title="Dry run" sub=${outcome ? "asked the agent; nothing was changed" : errors.length ? "waits until the error is gone" : draft ? html`asked once you pause <button class="button" onClick=${() => check(name)}>Ask now</button>` : "nothing is edited"}>
      <${Outcome} outcome=${outcome} /><h2>Difference to what runs <span class="sub">${changed.size || lines.some(({ sign }) => sign === "-") ? `${lines.filter(({ sign }) => sign !== " ").length} lines` : "none"}</span></h2><${Difference} lines=${lines} /><//>`;
}

/** @param {{ outcome: any }} props what would become of policies and inputs; null where nobody knows */
function Outcome({ outcome }) {
  const { policies, dropped = {}, inputs: fates = {} } = outcome ?? {};
  const by = (/** @type {string} */ fate) => Object.values(fates).filter((/** @type {any} */ one) => one.becomes === fate).map((/** @type {any} */ one) => one.tap).join(", ");
  const said = [
    ...(policies?.added ?? []).map((/** @type {string} */ name) => ["info", name, "begins."]),
    ...Object.entries(dropped).map(([name, { windows, seconds }]) => ["warn", name, `${policies.removed.includes(name) ? "ends" : "begins anew"}: ${windows ? `${windows === 1 ? "its window" : `its ${windows} windows`} (${duration(seconds)}) ${windows === 1 ? "is" : "are"} dropped` : "it has no window yet"}.`]),
    by("opened") && ["info", by("opened"), "is opened."],
    by("closed") && ["warn", by("closed"), "is closed: nobody else needs the input."],
    by("unchanged") && ["fine", by("unchanged"), "runs on; no packet is lost."],
    policies?.unchanged.length && ["fine", policies.unchanged.join(", "), policies.unchanged.length > 1 ? "stay as they are." : "stays as it is."],
  ].filter(Boolean);
  return html`<dl class="counts">${["added", "changed", "removed", "unchanged"].map((key, i) => html`<div><dt>${["Added", "Changed", "Removed", "Same"][i]}</dt><dd>${policies?.[key].length ?? "–"}</dd></div>`)}</dl>
    <ul class="said" role="status">${said.map(([mark, what, words]) => html`<li><${Mark} of=${mark} /><span><b>${what}</b> ${words}</span></li>`)}</ul>`;
}
