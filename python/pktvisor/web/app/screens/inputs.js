// What comes in, and what became of it: each input with its state, its ledger, and what it could not read.
import { html } from "../../vendor.js";
import { link } from "../address.js";
import { useDocument } from "../documents.js";
import { every } from "../live.js";
import { Complete } from "../parts/complete.js";
import { Ledger, ledgerSheet } from "../parts/ledger.js";
import { Mark } from "../parts/mark.js";
import { Panel } from "../parts/panel.js";
import { State, waits } from "../parts/state.js";
import { sheet } from "../sheets.js";
import { count, percent, short } from "../units.js";

await sheet("agent");

/** @type {import("../screen.js").Screen} */
export const screen = { name: "inputs", title: "Inputs", group: "Agent", order: 110, of: "agent" };

/** @param {import("../screen.js").Shown} shown */
export function View({ filter }) {
  const reading = useDocument("inputs", every(2));
  const waiting = waits(reading);
  if (waiting) return waiting;
  const inputs = Object.entries(reading.value).filter(([name]) => name.includes(filter));
  if (!inputs[0]) return html`<${State} title=${filter ? "No input has that in its name" : "No input is at work"}>Inputs are opened for policies. <a href=${link("policies")}>See the policies</a>.<//>`;
  return html`<div class="grid">${inputs.map(([name, told]) => html`<${Input} key=${name} name=${name} told=${told} />`)}</div>`;
}

/** Settings as text. @param {any} settings @returns {string} */
const said = (settings) => Object.entries(settings ?? {}).filter(([, value]) => value !== "").map(([key, value]) => `${key}: ${value && typeof value === "object" && !Array.isArray(value) ? `{${said(value)}}` : value}`).join(", ");

/** @param {{ name: string, told: any }} props */
function Input({ name, told: { input, ledger = {}, fault, warnings = [], memory = {}, module, direction_unknown_share, ...details } }) {
  const seen = ledger.seen ?? 0;
  const lost = ["dropped_by_kernel", "dropped_by_interface", "dropped_by_us", "malformed"].reduce((sum, key) => sum + (ledger[key] ?? 0), 0);
  const [mark, state] = fault ? ["bad", fault] : input?.running ? ["live", "at work"] : ["fine", "read to its end"];
  const read = said(module?.config);
  const special = said(Object.values(details)[0]);
  const reasons = Object.entries(ledger).filter(([key, n]) => key.includes(".") && n > 0).sort(([, a], [, b]) => b - a);
  const facts = [
    ["Reads", read],
    [Object.keys(details)[0], special],
    ["Feeds", `${count(input?.consumers)} handlers`],
    ["Direction unknown", seen > 0 && percent(direction_unknown_share)],
    ["Packets kept", memory.lookback && html`<a href=${link("packets", { input: name })}>${short(memory.lookback, "B")}</a>`],
    ...reasons.map(([key, n]) => [key, count(n)]),
  ];
  return html`<${Panel} title=${name} sub=${html`<${Mark} of=${mark} /> <b class=${fault ? "bad" : ""}>${state}</b>`} width=${6} controls=${html`<${Complete} share=${seen ? (seen - lost) / seen : null} />`} sheet=${ledgerSheet(ledger)}>
    ${warnings.map((/** @type {string} */ warning) => html`<p class="banner warn">${warning}</p>`)}<${Ledger} ledger=${ledger} />
    <dl class="facts">${facts.map(([key, value]) => value && html`<dt>${key}</dt><dd>${value}</dd>`)}</dl><//>`;
}
