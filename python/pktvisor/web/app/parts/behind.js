// Who asks for a name that fails or is slow, how it ends, and which server says so: from pairs, where the policy counts them.
import { html } from "../../vendor.js";
import { link } from "../address.js";
import { top } from "../figures.js";
import { itemLink } from "../item.js";
import { Name } from "../names.js";
import { DNS, toward } from "../paths.js";
import { count } from "../units.js";

/** @typedef {import("../figures.js").Entry} Entry */
const SHOWN = 5;

/** The agent's word for SERVFAIL is another than people's. @param {string} result */
export const resultName = (result) => (result === "SRVFAIL" ? "SERVFAIL" : result);

/** @param {{ metrics: any, name: string, direction?: string, isSlow?: boolean }} props */
export function Behind({ metrics, name, direction = "", isSlow = false }) {
  const of = (/** @type {import("../paths.js").Paths} */ paths) => top(metrics, ...toward(paths, direction));
  const group = isSlow ? "slow_names" : "failing_names";
  const parts = /** @type {[string, Entry[] | null, "client" | "server" | "result"][]} */ ([
    ["Who asks for it", of(isSlow ? DNS.slowClients : DNS.failingClients), "client"],
    ...(isSlow ? [] : [["How it ends", of(DNS.failingResults), "result"]]),
    ["Which server says so", of(isSlow ? DNS.slowServers : DNS.failingServers), "server"],
  ]);
  if (parts.every(([, entries]) => entries === null)) return html`<p class="behind sub">Who asks for it and which server says so is not measured: metric group <code>${group}</code> of handler dns counts it. <a href=${link("policies", { open: group })}>Switch it on in the policy</a></p>`;
  return html`<div class="behind">${parts.map(([title, entries, key]) => {
    const own = (entries ?? []).filter((entry) => entry.name === name);
    return html`<div><b>${title}</b><ul>${own.slice(0, SHOWN).map((entry) => {
      const value = entry[key] ?? "";
      return html`<li>${key === "result" ? resultName(value) : html`<a href=${itemLink("net", "address", value)}><${Name} of=${value} /></a>`}<span class="num">${count(entry.estimate)}</span></li>`;
    })}${!own.length && html`<li class="sub">not among the heaviest pairs</li>`}${own.length > SHOWN && html`<li class="sub">${own.length - SHOWN} more</li>`}</ul></div>`;
  })}</div>`;
}
