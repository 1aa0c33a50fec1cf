// Who talks to whom, by what, and how much? Packets by direction, protocol, address, place and network.
import { html } from "../../vendor.js";
import { change, link, param } from "../address.js";
import { at, DIRECTIONS, divided, number, steps, timesOf, top } from "../figures.js";
import { itemLink } from "../item.js";
import { useKept } from "../kept.js";
import { Chart, chartSheet } from "../parts/chart.js";
import { Chips } from "../parts/chip.js";
import { later } from "../parts/later.js";
import { Panel } from "../parts/panel.js";
import { Rows } from "../parts/rows.js";
import { Segmented } from "../parts/segmented.js";
import { Soon, State, waits } from "../parts/state.js";
import { Tiles } from "../parts/tiles.js";
import { TopList } from "../parts/toplist.js";
import { NET, toward } from "../paths.js";
import { sheet } from "../sheets.js";
import { count, percent, short, volume } from "../units.js";

await sheet("measures");

/** @type {import("../screen.js").Screen} */
export const screen = { name: "net", title: "Network", group: "Measures", order: 30, of: "agent", schemas: ["net", "packets"] };

const Item = later(() => import("../parts/item.js").then((part) => part.Item));

/** @typedef {(name: keyof typeof NET) => (number | null)[]} ByStep */

/** @type {[string, { name: string, colour: string, of: keyof typeof NET }[]][]} the first on top */
const STACKS = [
  ["Transport", [{ name: "UDP", colour: "c1", of: "udp" }, { name: "TCP", colour: "c2", of: "tcp" }, { name: "Others", colour: "c8", of: "other" }]],
  ["IP", [{ name: "IPv4", colour: "c6", of: "ipv4" }, { name: "IPv6", colour: "c4", of: "ipv6" }]],
];

/** @param {import("../screen.js").Shown} shown */
export function View({ policy, reading, handlers, series, events, filter }) {
  const { since } = useKept(policy);
  const waiting = waits(reading);
  if (waiting) return waiting;
  const handler = handlers.find(({ schema }) => schema === "net" || schema === "packets");
  if (!handler) return null;
  const { metrics, period, schema } = handler;
  const isApart = schema === "net";
  const direction = isApart ? param("direction") : "";
  const of = (/** @type {keyof typeof NET} */ name) => number(metrics, ...toward(NET[name], direction));
  const list = (/** @type {keyof typeof NET} */ name) => top(metrics, ...toward(NET[name], direction));
  /** @type {ByStep} */
  const by = (name) => divided(steps(series, schema, ...toward(NET[name], direction)), series?.step_s ?? 1) ?? [];
  const total = of("total");
  const item = param("item");
  const to = (/** @type {string} */ kind) => (/** @type {string} */ one) => itemLink("net", kind, one);
  const about = { series, by, events, kept: since };
  const lists = /** @type {[string, string, keyof typeof NET, string, string][]} */ ([
    ["Top IPv4", "Address", "topIpv4", "address", "top_ips"], ["Top IPv6", "Address", "topIpv6", "address", "top_ips"],
    ["Top places", "Place", "topPlaces", "place", "top_geo"], ["Top networks", "Network", "topNetworks", "asn", "top_geo"],
  ]);
  return html`${(isApart || item) && html`<div class="head">${isApart && html`<${Segmented} label="Direction" value=${direction} choose=${(/** @type {string} */ one) => change({ direction: one })} options=${[["", "All"], ["in", "In"], ["out", "Out"], ["unknown", "Unknown"]]} />`}<${Chips} /></div>`}
    ${item && html`<div class="grid"><${Item} policy=${policy} handlers=${handlers} kind=${param("kind")} item=${item} /></div>`}
    <${Tiles} tiles=${tiles(metrics, of, by, direction, period)} />
    <div class="grid">
      <${Directions} ...${about} />
      <${Shares} metrics=${metrics} of=${of} total=${total} direction=${direction} />
      <${Protocols} ...${about} />
      <${Sizes} metrics=${metrics} direction=${direction} />
      ${lists.map(([title, what, name, kind, group]) => html`<${TopList} key=${name} title=${title} of=${what} what="Packets" entries=${list(name)} base=${total} filter=${filter} to=${to(kind)}
        why=${html`Metric group <code>${group}</code> is off. <a href=${link("policies", { open: group })}>Switch it on in the policy</a>`} none=${group === "top_geo" ? html`Databases name them: <code>--geo-city</code>, <code>--geo-asn</code>.` : null} />`)}
    </div>`;
}

/** Quantiles of rates by direction: those of 1.0 and 2.0. @param {any} metrics @param {string} direction @param {"pps" | "bytes"} what */
const rates = (metrics, direction, what) => at(metrics, `rates.${what}_${direction || "total"}`) ?? at(metrics, `${direction}.rates.${what === "bytes" ? "bps" : what}`);

/** @param {any} metrics @param {(name: keyof typeof NET) => number | null} of @param {ByStep} by @param {string} direction @param {any} period */
function tiles(metrics, of, by, direction, period) {
  const total = of("total");
  const share = (/** @type {number | null} */ n) => (total && n !== null ? n / total : null);
  const medians = (/** @type {string[]} */ some) => some.map((one) => rates(metrics, one, "bytes")?.p50).filter((n) => n !== undefined);
  const known = medians([direction]).length ? medians([direction]) : medians(DIRECTIONS);
  const pps = rates(metrics, direction, "pps");
  const addresses = [["in", "cardinality.src_ips_in"], ["out", "cardinality.dst_ips_out"], ["in", "in.cardinality.ips"], ["out", "out.cardinality.ips"], ["unknown", "unknown.cardinality.ips"]]
    .map(([name, path]) => ({ name, n: at(metrics, path) })).filter(({ name, n }) => n !== undefined && (!direction || name === direction));
  const unknown = number(metrics, ...NET.unknown);
  const all = number(metrics, ...NET.total);
  return [
    { name: "Packets", value: short(total === null ? null : total / (period.length || 1), "/s"), series: by("total"), note: pps ? html`p95 <b>${short(pps.p95)}</b> · p99 <b>${short(pps.p99)}</b>` : `${count(total)} in ${period.length} s` },
    known.length > 0 && { name: "Volume, median", value: volume(known.reduce((sum, n) => sum + n, 0)), note: html`in <b>${volume(rates(metrics, "in", "bytes")?.p50)}</b> · out <b>${volume(rates(metrics, "out", "bytes")?.p50)}</b>` },
    { name: "IPv6", value: percent(share(of("ipv6"))), series: by("ipv6"), note: "of packets" },
    { name: "TCP SYN", value: short(of("syn") === null ? null : (of("syn") ?? 0) / (period.length || 1), "/s"), series: by("syn"), note: `${percent(share(of("syn")))} of packets` },
    addresses.length > 0 && { name: "Remote addresses", value: addresses.length === 1 ? short(addresses[0].n) : short(Math.max(...addresses.map(({ n }) => n))), note: html`${addresses.map(({ name, n }, i) => html`${i > 0 && " · "}${name} <b>${short(n)}</b>`)}` },
    { name: "Direction unknown", value: percent(all && unknown !== null ? unknown / all : null), note: `${count(unknown)} packets`, isBad: Boolean(all && unknown && unknown / all > 0.02), to: link("net", { direction: "unknown" }) },
  ].filter(Boolean);
}

/** @typedef {{ series: import("../figures.js").Series | null, by: ByStep, events: any[], kept: number | null }} About */

/** @param {About} props */
function Directions({ series, by, events, kept }) {
  const lines = [{ name: "In", colour: "c1", fill: true, values: by("in") }, { name: "Out", colour: "c3", fill: true, isBelow: true, values: by("out") }, { name: "Unknown", colour: "c8", values: by("unknown") }];
  const times = timesOf(series, lines[0].values);
  return html`<${Panel} title="Directions" sub="packets per second" width=${8} sheet=${chartSheet(times, lines)}>${times.length > 1 ? html`<${Chart} label="Packets per second by direction" height=${260} times=${times} lines=${lines} events=${events} kept=${kept} />` : html`<${Soon} series=${series} />`}<//>`;
}

/** @param {About} props */
function Protocols({ series, by, events, kept }) {
  const which = param("by", "Transport");
  const form = param("form", "rate");
  const all = by("total");
  const [, stack] = STACKS.find(([name]) => name === which) ?? STACKS[0];
  const lines = stack.map(({ name, colour, of }) => ({ name, colour, values: by(of).map((n, i) => (form === "rate" || n === null ? n : all[i] ? n / /** @type {number} */ (all[i]) : null)) }));
  const times = timesOf(series, lines[0].values);
  const controls = html`<${Segmented} label="Protocols" value=${which} choose=${(/** @type {string} */ one) => change({ by: one })} options=${STACKS.map(([name]) => [name, name])} />
    <${Segmented} label="Unit" value=${form} choose=${(/** @type {string} */ one) => change({ form: one })} options=${[["rate", "Rate"], ["share", "Share"]]} />`;
  return html`<${Panel} title="Protocols" sub=${form === "rate" ? "packets per second" : "share of packets"} width=${8} controls=${controls} sheet=${chartSheet(times, lines)}>
    ${times.length > 1 ? html`<${Chart} label="Protocols over time" times=${times} lines=${lines} events=${events} kept=${kept} isStack format=${form === "rate" ? short : percent} />` : html`<${Soon} series=${series} />`}<//>`;
}

/** @param {{ metrics: any, of: (name: keyof typeof NET) => number | null, total: number | null, direction: string }} props */
function Shares({ metrics, of, total, direction }) {
  const names = /** @type {[string, keyof typeof NET][]} */ ([["In", "in"], ["Out", "out"], ["Direction unknown", "unknown"], ["UDP", "udp"], ["TCP", "tcp"], ["Other transports", "other"], ["IPv4", "ipv4"], ["IPv6", "ipv6"], ["TCP with SYN", "syn"]]);
  const rows = names.filter(([, name]) => !direction || !["in", "out", "unknown"].includes(name)).map(([name, key]) => /** @type {[string, number | null]} */ ([name, of(key)])).filter(([, n]) => n !== null);
  const filtered = number(metrics, "filtered", "filtered_packets");
  return html`<${Panel} title="Packets by kind" sub="in this window" width=${4} sheet=${() => ({ columns: ["kind", "packets"], rows })} foot=${filtered ? html`<span>${count(filtered)} more are filtered by the policy.</span>` : null}>
    ${rows.length ? html`<table><thead><tr><th scope="col">Kind</th><th scope="col" class="num">Packets</th><th scope="col" class="num">Share</th></tr></thead><tbody>${rows.map(([name, n]) => html`<tr key=${name}><td>${name}</td><td class="num">${count(n)}</td><td class="num">${percent(total ? /** @type {number} */ (n) / total : null)}</td></tr>`)}</tbody></table>` : html`<${State} title="Not measured">Metric group <code>counters</code> is off.<//>`}<//>`;
}

/** @param {{ metrics: any, direction: string }} props */
function Sizes({ metrics, direction }) {
  const found = [["all", at(metrics, "payload_size")], ...DIRECTIONS.map((one) => [one, at(metrics, `${one}.payload_size_bytes`)])].filter(([name, sizes]) => sizes && (!direction || name === direction));
  const told = { columns: ["direction", "p50", "p90", "p95", "p99"], rows: found.map(([name, { p50, p90, p95, p99 }]) => [name, p50, p90, p95, p99]) };
  return html`<${Panel} title="Packet sizes" sub="bytes on the wire" width=${4} sheet=${() => told}>${found.length ? html`<${Rows} ...${told} />` : html`<${State} title="Not measured">Metric group <code>quantiles</code> is off.<//>`}<//>`;
}
