// Flows: which devices and interfaces carry how much, and whose traffic that is.
import { html } from "../../vendor.js";
import { change, link, param } from "../address.js";
import { breakdowns, groups, silent, titled, together } from "../declared.js";
import { Groups, Trail, placeShown } from "../parts/declared.js";
import { useHandler } from "../parts/handler.js";
import { Segmented } from "../parts/segmented.js";
import { TopList } from "../parts/toplist.js";
import { count, percent, short, volume } from "../units.js";

/** @typedef {import("../declared.js").Group} Group */

/** @type {import("../screen.js").Screen} */
export const screen = { name: "flows", title: "Flows", group: "Measures", order: 40, of: "agent", schemas: ["flow"] };

/** @param {import("../screen.js").Shown} shown */
export function View({ filter, ...shown }) {
  const { waiting, chosen } = useHandler({ filter, ...shown }, screen.schemas);
  if (!chosen) return waiting;
  const { declared, metrics, choice } = chosen;
  const place = placeShown();
  const weight = param("by", "bytes");
  const seconds = metrics.period?.length || 1;
  const per = (/** @type {number | null | undefined} */ n) => (weight === "bytes" ? volume(n && n / seconds) : short(n && n / seconds, "/s"));
  const lists = breakdowns(declared, []).at(-1)?.metrics.filter(({ metric, name }) => metric.kind === "top" && name.endsWith(`_${weight}`)) ?? [];
  lists.sort((a, b) => Number(b.name.includes("conversations")) - Number(a.name.includes("conversations")));
  const devices = groups(metrics, ["devices", "*"], place);
  const interfaces = groups(metrics, ["devices", "*", "interfaces", "*"], place);
  const sum = (/** @type {Group[]} */ some, /** @type {string} */ direction) => some.reduce((all, { value }) => all + (value[`${direction}_${weight}`] ?? 0), 0);
  const whole = { in: sum(interfaces, "in"), out: sum(interfaces, "out") };
  const of = (/** @type {Group} */ { path }) => interfaces.filter((one) => one.path[1] === path[1]);
  const rate = (/** @type {string} */ name, /** @type {(group: Group) => number} */ read) => ({ name, of: (/** @type {Group} */ group) => read(group), show: (/** @type {Group} */ group) => per(read(group)) });
  const counted = (/** @type {string} */ name, /** @type {string} */ key, /** @type {string} */ help) => ({ name, help, of: (/** @type {Group} */ { value }) => value[key] });
  const device = { name: "device", of: (/** @type {Group} */ { path }) => path[1] };
  const share = (/** @type {Group} */ group) => (whole.in + whole.out ? (sum([group], "in") + sum([group], "out")) / (whole.in + whole.out) : null);
  // A record counts for the interface that it comes in by and for the one that it leaves by: of all together, those coming in are every record once.
  const shownLists = place.length > 2 ? lists : lists.filter(({ name }) => !name.startsWith("top_out_"));
  const off = silent(declared);
  return html`${choice}<${Trail} place=${place} /><p class="trail"><${Segmented} label="What counts" value=${weight} options=${[["bytes", "Bytes"], ["packets", "Packets"]]} choose=${(/** @type {string} */ by) => change({ by: by === "bytes" ? "" : by })} /></p>
    <div class="grid">${place.length < 2 && html`<${Groups} id="devices" title="Devices" sub="that send records; one opens its interfaces" filter=${filter} order="in" rows=${devices} columns=${[device, rate("in", (group) => sum(of(group), "in")), rate("out", (group) => sum(of(group), "out")), { name: "interfaces", of: (/** @type {Group} */ group) => of(group).length }, counted("records", "records_flows", "that the filters let pass"), counted("filtered", "records_filtered", "that they did not"), counted("records lost", "records_lost", "by the device's sequence numbers"), counted("datagrams lost", "datagrams_lost", "by the device's sequence numbers")]} />`}
      <${Groups} id="interfaces" title=${place.length > 2 ? "Interface" : "Interfaces"} filter=${filter} order="in" rows=${interfaces} columns=${[device, { name: "interface", of: (/** @type {Group} */ { path }) => path[3] }, rate("in", (group) => sum([group], "in")), rate("out", (group) => sum([group], "out")), { name: "share", help: "of both directions", of: share, show: (/** @type {Group} */ group) => percent(share(group)) }, { name: "conversations", of: (/** @type {Group} */ { value }) => value.cardinality?.conversations }, { name: "sources", help: "different addresses that send in by it", of: (/** @type {Group} */ { value }) => value.cardinality?.src_ips_in }, { name: "destinations", help: "different addresses that it sends out to", of: (/** @type {Group} */ { value }) => value.cardinality?.dst_ips_out }]} />
      ${shownLists.map(({ metric, name }) => html`<${TopList} key=${name} width=${name.includes("conversations") ? 8 : 4} title=${titled(name.replace(`_${weight}`, ""))} sub=${html`<span title=${metric.help}>${place.length > 2 || /_in_/.test(name) ? "" : "at each interface on the way"}</span>`} of=${metric.labels.at(-1)} what=${weight === "bytes" ? "Bytes" : "Packets"} format=${weight === "bytes" ? (/** @type {number} */ n) => short(n, "B") : count} filter=${filter} base=${name.includes("_in_") ? whole.in : name.includes("_out_") ? whole.out : whole.in + whole.out} entries=${together(interfaces, name)} />`)}
      ${off.length > 0 && html`<p class="sub w12">Off: ${off.map(([group]) => group).join(", ")}. <a href=${link("policies")}>Switch groups on in the policy</a>.</p>`}</div>`;
}
