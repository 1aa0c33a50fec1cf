// What would change? The policies, the text of one, and what the agent would do with another text.
import { html, useSignal } from "../../vendor.js";
import { address, change, link, param } from "../address.js";
import { useDocument } from "../documents.js";
import { apply, done, drafts, isStored, keep, reload, remove, write } from "../drafts.js";
import { every, newestMark } from "../live.js";
import { Difference, difference } from "../parts/difference.js";
import { Editor } from "../parts/editor.js";
import { Mark } from "../parts/mark.js";
import { Panel } from "../parts/panel.js";
import { State, waits } from "../parts/state.js";
import { missingRight, session } from "../server.js";
import { sheet } from "../sheets.js";
import { clock, duration } from "../units.js";

await sheet("agent");

/** @type {import("../screen.js").Screen} */
export const screen = { name: "policies", title: "Policies", group: "Agent", order: 120, of: "agent", isLive: true };

/** @typedef {{ text?: string, origin: string, file?: string, digest?: string, since?: number }} Known */

/** @type {Record<string, string>} */
const ORIGINS = { configuration: "file", api: "API", "command line": "command" };
/** Inputs bring these along, to tell what they cost; nobody edits them. */
const OWN = /-resources$/;

/** @param {import("../screen.js").Shown} shown */
export function View({ policy, filter }) {
  // What others change has a mark in time, or is seen within 10 s.
  const moment = `${newestMark()} ${every(10)}`;
  const right = missingRight();
  const isAdmin = !right;
  const told = useDocument("policies", moment);
  const config = useDocument(isAdmin ? "config" : null, moment);
  const handlers = useDocument(isAdmin ? "handlers" : null);
  const planned = useSignal(/** @type {any} */ (null));
  const waiting = waits(told) ?? (isAdmin && waits(config));
  if (waiting) return waiting;
  /** @type {{ policies: Record<string, Known>, taps: Record<string, Known>, has_file?: boolean }} */
  const { policies, taps, has_file } = config.value ?? { policies: {}, taps: {} };
  const name = param("new") && drafts.value[""] ? "" : policy;
  const names = Object.keys(told.value).filter((one) => !OWN.test(one) && one.includes(filter));
  const item = (/** @type {string} */ one, /** @type {any} */ { input = {}, modules = {}, taps: of = {} } = {}) => {
    const faults = Object.values(input).map(({ fault }) => fault).filter(Boolean);
    return html`<li><a href=${link("policies", { policy: one || policy, new: one ? null : 1 })} aria-current=${one === name ? "true" : null}><${Mark} of=${faults[0] ? "warn" : one ? "live" : "info"} /><b>${one || "New policy"}</b>
      <i>${drafts.value[one] ? "edited" : ORIGINS[policies[one]?.origin] ?? policies[one]?.origin}</i><span class="sub">${[[...new Set(Object.values(modules).map(({ type, module }) => type ?? module?.type))].join(", "), Object.keys(of).join(", "), ...faults].filter(Boolean).join(" · ")}</span></a></li>`;
  };
  return html`<div class="head"><span class="sub">${right ? `You may look only. To change policies, ${right}.` : session.value?.name ? `You may change them (token “${session.value.name}”).` : "You may change them."}</span><b class=${done.value.look} role="status">${done.value.words}</b>
      ${isAdmin && html`<span class="end">${has_file && html`<button class="button" onClick=${async () => (planned.value = await reload(true))}>Reload file</button>`}
        <select aria-label="New policy on a tap" onChange=${(/** @type {any} */ { target }) => (begin(target.value, taps, policies, handlers.value), (target.value = ""))}><option value="">New policy on …</option>${Object.keys(taps).map((tap) => html`<option>${tap}</option>`)}<option value="*">all interfaces</option></select></span>`}</div>
    ${planned.value && html`<${Panel} title="Reload" sub="nothing was changed yet" controls=${html`<button class="button" onClick=${() => (planned.value = null)}>Discard</button><button class="button main" onClick=${() => ((planned.value = null), reload(false))}>Apply</button>`}><${Outcome} outcome=${planned.value} /><//>`}
    <div class="policies"><${Panel} title="On this agent"><ul class="pick">${names.map((one) => item(one, told.value[one]))}${drafts.value[""] && item("")}</ul><//>${isAdmin && html`<${Edited} key=${name} name=${name} now=${Object.hasOwn(policies, name) ? policies[name] : undefined} />`}</div>`;
}

/** Begin a text that works on a tap, or with one of its own; one that is begun stays. @param {string} tap @param {Record<string, Known>} taps @param {Record<string, Known>} policies @param {any[]} [handlers] */
function begin(tap, taps, policies, handlers = []) {
  const isOwn = tap === "*";
  const type = /input_type: "?(\w+)/.exec(taps[tap]?.text ?? "")?.[1] ?? "pcap";
  if (isOwn) tap = "any";
  let name = tap.replace(/^\W|\W/g, "_");
  while (policies[name]) name += "_2";
  const fitting = handlers.filter((one) => /^(net|dns|flow|netprobe)$/.test(one.type) && one.inputs.includes(type));
  const modules = [...new Map(fitting.map((one) => [one.type, one.version]))].map(([one, version]) => `          ${one}: {type: ${one}, require_version: "${version}"}\n`);
  const own = isOwn && !taps.any ? "  taps:\n    any: {input_type: pcap, config: {iface: any}}\n" : "";
  if (!drafts.value[""]) write("", { text: `version: "1.0"\nvisor:\n${own}  policies:\n    ${name}:\n      kind: collection\n      input: {tap: ${tap}, input_type: ${type}}\n      handlers:\n        modules:\n${modules.join("")}`, base: "", before: "" });
  change({ new: 1 });
}

/** @param {{ name: string, now?: Known }} props */
function Edited({ name, now }) {
  const isAsked = useSignal(false);
  const draft = drafts.value[name];
  if (!draft && !now?.text) return html`<${State} title=${now ? `${name} comes and goes with its input` : "There is no such policy"}>Choose another one, or a tap for a new one.<//>`;
  const { text, base, before, faults = [], outcome } = draft ?? { text: now?.text ?? "", base: now?.digest ?? "", before: now?.text ?? "" };
  const isHubs = now?.origin === "hub";
  const isBehind = draft && (now?.digest ?? "") !== base;
  const errors = faults.filter(({ isWarning }) => !isWarning);
  const lines = difference(before, text);
  const changes = lines.filter(({ sign }) => sign !== " ");
  const commit = async () => {
    const applied = await apply(name);
    if (applied && address.value.screen === "policies") change({ policy: applied, new: null });
  };
  const button = (/** @type {string} */ words, /** @type {() => unknown} */ act, isOff = false, isMain = false) => html`<button class="button ${isMain ? "main" : ""}" disabled=${isOff} onClick=${act}>${words}</button>`;
  const controls = isAsked.value
    ? html`<b>Its windows go, too.</b>${button("Keep it", () => (isAsked.value = false))}${button("Remove", () => (keep(name), remove(name), change({ policy: null })), false, true)}`
    : html`${now && !isHubs && button("Remove …", () => (isAsked.value = true))}${button("Discard", () => (keep(name), change({ new: null })), !draft)}${button("Apply", commit, !outcome || isBehind, true)}`;
  return html`<${Panel} title=${name || "New policy"} sub=${now && `from ${now.file ?? ORIGINS[now.origin] ?? now.origin}, since ${clock(now.since ?? 0)} UTC`} controls=${controls}>
      ${isHubs && html`<p class="banner info">It comes from the hub: change it there.</p>`}
      ${isBehind && html`<p class="banner warn" role="alert"><b>Somebody has ${now ? "changed" : "removed"} it meanwhile.</b> ${button("Compare with that", () => write(name, { text, base: now?.digest ?? "", before: now?.text ?? "" }))}</p>`}
      <${Editor} label="Text of ${name || "the new policy"}" text=${text} faults=${faults} changed=${new Set(changes.map((one) => one.sign === "+" && one.now))} isFixed=${isHubs} change=${(/** @type {string} */ written) => write(name, { text: written, base, before })} commit=${commit}>
        ${errors[0] ? html`<${Mark} of="bad" /><b class="bad">${errors.length} ${errors[1] ? "errors" : "error"}</b>${errors[0].line && ` at line ${errors[0].line}`}<span class="unseen">: ${errors[0].error}</span>` : outcome ? html`<${Mark} of="fine" /><b>No errors.</b> Checked by the agent` : draft ? "Checking …" : "As it runs"}${draft && html`<span class="sub"> · ${isStored() ? "kept in this tab until it is closed" : "too long to outlive a reload of this tab"}</span>`}<//><//>
    <${Panel} title="Dry run" sub=${outcome ? "asked the agent; nothing was changed" : errors[0] ? "waits until the error is gone" : draft ? "asked once you pause" : "nothing is edited"}>
      <${Outcome} outcome=${outcome} /><h2>Difference to what runs <span class="sub">${changes.length} lines</span></h2><${Difference} lines=${lines} /><//>`;
}

/** What would become of policies and inputs. @param {{ outcome: any }} props nothing where nobody knows */
function Outcome({ outcome }) {
  const { policies, dropped = {}, inputs = {} } = outcome ?? {};
  const are = (/** @type {string[]} */ names, /** @type {string} */ one, /** @type {string} */ several, mark = "fine") => names?.length > 0 && [mark, names.join(", "), names[1] ? several : one];
  const taps = (/** @type {string} */ fate) => Object.values(inputs).filter((one) => one.becomes === fate).map((one) => one.tap);
  const said = [
    are(policies?.added, "begins.", "begin.", "info"),
    ...Object.entries(dropped).map(([name, { windows, seconds }]) => ["warn", name, `${policies.removed.includes(name) ? "ends" : "begins anew"}. Windows dropped: ${windows}, of ${duration(seconds)}.`]),
    are(taps("opened"), "is opened.", "are opened.", "info"),
    are(taps("closed"), "is closed: nobody else needs it.", "are closed: nobody else needs them.", "warn"),
    are(taps("unchanged"), "runs on; no packet is lost.", "run on; no packet is lost."),
    are(policies?.unchanged, "stays as it is.", "stay as they are."),
  ];
  return html`<dl class="counts">${["added", "changed", "removed", "unchanged"].map((key) => html`<div><dt>${key}</dt><dd>${policies?.[key].length ?? "–"}</dd></div>`)}</dl>
    <div role="status"><ul class="said">${said.map((one) => one && html`<li><${Mark} of=${one[0]} /><span><b>${one[1]}</b> ${one[2]}</span></li>`)}</ul></div>`;
}
