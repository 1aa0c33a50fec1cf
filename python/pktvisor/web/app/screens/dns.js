// Who fails, who is slow? Results and answer times share an axis, because slow and failing come together.
import { html } from "../../vendor.js";
import { change, link, param } from "../address.js";
import { answerTimes, failedShare, resultLines } from "../dns.js";
import { DIRECTIONS, divided, number, steps, timesOf, top } from "../figures.js";
import { histograms, histogramSheet, quantiles } from "../histograms.js";
import { deeper, isBelow, itemLink } from "../item.js";
import { useKept } from "../kept.js";
import { Chart, chartSheet } from "../parts/chart.js";
import { Chips } from "../parts/chip.js";
import { later } from "../parts/later.js";
import { Panel } from "../parts/panel.js";
import { Segmented } from "../parts/segmented.js";
import { Soon, waits } from "../parts/state.js";
import { Tiles } from "../parts/tiles.js";
import { TopList } from "../parts/toplist.js";
import { DNS, toward } from "../paths.js";
import { sheet } from "../sheets.js";
import { change as changed } from "../trend.js";
import { clock, count, micros, percent, short } from "../units.js";

await sheet("measures");

/** @type {import("../screen.js").Screen} */
export const screen = { name: "dns", title: "DNS", group: "Measures", order: 20, of: "agent", schemas: ["dns"] };

const Failing = later(() => import("../parts/failing.js").then((part) => part.Failing));
const Heat = later(() => import("../parts/heat.js").then((part) => part.Heat));
const Item = later(() => import("../parts/item.js").then((part) => part.Item));

const TRANSPORTS = [["UDP", "udp"], ["TCP", "tcp"], ["DNS over TLS", "dot"], ["DNS over HTTPS", "doh"], ["DNS over QUIC", "doq"], ["DNSCrypt over UDP", "dnscrypt_udp"], ["DNSCrypt over TCP", "dnscrypt_tcp"], ["over IPv4", "ipv4"], ["over IPv6", "ipv6"]];

/** @param {import("../screen.js").Shown} shown */
export function View({ policy, window, reading, handlers, series, events, filter }) {
  const { since } = useKept(policy);
  const waiting = waits(reading);
  if (waiting) return waiting;
  const handler = handlers.find(({ schema }) => schema === "dns");
  if (!handler) return null;
  const { metrics, period } = handler;
  const isApart = DIRECTIONS.some((one) => one in metrics);
  const direction = isApart ? param("direction") : "";
  const of = (/** @type {keyof typeof DNS} */ name) => number(metrics, ...toward(DNS[name], direction));
  const list = (/** @type {keyof typeof DNS} */ name) => top(metrics, ...toward(DNS[name], direction));
  const below = param("below");
  const names = (/** @type {keyof typeof DNS} */ name) => list(name)?.filter(isBelow(below)) ?? list(name);
  const item = param("item");
  const span = `${clock(period.start_ts)} to ${clock(period.start_ts + period.length)} UTC`;
  const all = of("messages");
  return html`${(isApart || below || item) && html`<div class="head">${isApart && html`<${Segmented} label="Direction" value=${direction} choose=${(/** @type {string} */ one) => change({ direction: one })} options=${[["", "All"], ["in", "In"], ["out", "Out"], ["unknown", "Unknown"]]} />`}<${Chips} /></div>`}
    ${item && html`<div class="grid"><${Item} policy=${policy} handlers=${handlers} kind=${param("kind")} item=${item} /></div>`}
    <${Tiles} tiles=${tiles(metrics, of, series, direction, period, window)} />
    <div class="grid">
      <${Results} series=${series} direction=${direction} events=${events} since=${since} isApart=${isApart} />
      <div class="column w3">
        <${TopList} title="Query types" of="Type" entries=${list("topTypes")} base=${all} filter=${filter} to=${(/** @type {string} */ one) => itemLink("dns", "qtype", one)} why=${group("top_qtypes")} />
        <${TopList} title="Transports" of="Transport" entries=${transports(metrics, direction)} what=${isApart ? "Transactions" : "Messages"} filter=${filter} why=${group("counters")} />
      </div>
      <${Failing} policy=${policy} metrics=${metrics} direction=${direction} filter=${filter} below=${below} span=${span} />
      <${TopList} width=${4} title="Top names" sub=${below ? "three labels" : "two labels; click goes one label deeper"} entries=${below ? names("topNames3") : names("topNames2")} base=${below ? null : all} filter=${filter} to=${deeper} why=${group("top_qnames")} />
      <${TopList} width=${4} title="Slow names" sub="slower than p90 of the window before" what="Slow" look="rc-servfail" entries=${names("topSlow")} filter=${filter} to=${deeper} why=${group(isApart ? "xact_times" : "dns_transaction")} />
      <${TopList} width=${4} title="Client subnets" sub="EDNS" of="Subnet" entries=${list("topSubnets")} filter=${filter} to=${(/** @type {string} */ one) => itemLink("dns", "ecs", one)} why=${group("top_ecs")} none="Group top_ecs is on; no query carried a client subnet." />
    </div>`;
}

/** What switches a list on. @param {string} name */
const group = (name) => html`Metric group <code>${name}</code> is off. <a href=${link("policies", { open: name })}>Switch it on in the policy</a>`;

/** @param {any} metrics @param {string} direction @returns {import("../figures.js").Entry[] | null} */
function transports(metrics, direction) {
  const all = TRANSPORTS.map(([name, key]) => ({ name, estimate: number(metrics, `wire_packets.${key}`, ...toward([`*.${key}_xacts`], direction)) }));
  const known = /** @type {{ name: string, estimate: number }[]} */ (all.filter(({ estimate }) => estimate !== null));
  return known.length ? known.filter(({ estimate }) => estimate).sort((a, b) => b.estimate - a.estimate) : null;
}

/** @param {any} metrics @param {(name: keyof typeof DNS) => number | null} of @param {import("../figures.js").Series | null} series @param {string} direction @param {any} period @param {number} window */
function tiles(metrics, of, series, direction, period, window) {
  const all = of("answers");
  const share = (/** @type {number | null} */ n) => (all && n !== null ? n / all : null);
  const failed = of("servfail") === null ? null : (of("servfail") ?? 0) + (of("refused") ?? 0);
  const times = answerTimes(metrics, direction);
  const found = histograms(series, "dns", toward(DNS.times, direction || times?.direction || ""));
  const line = (/** @type {keyof typeof DNS} */ name) => steps(series, "dns", ...toward(DNS[name], direction));
  const trend = changed(failedShare(series, direction), window * 60, series?.step_s);
  const timedOut = of("timedOut");
  const orphans = of("orphans");
  return [
    { name: "Transactions", value: short(of("xacts") === null ? null : (of("xacts") ?? 0) / (period.length || 1), "/s"), series: divided(line("xacts"), 10), note: `${count(of("xacts"))} in ${period.length} s` },
    { name: "SERVFAIL and REFUSED", value: percent(share(failed)), series: failedShare(series, direction), note: trend && Math.abs(trend) >= 0.001 ? html`<b class=${trend > 0.01 ? "bad" : ""}>${trend > 0 ? "▲" : "▼"} ${(Math.abs(trend) * 100).toFixed(1)} points</b> in ${window} min` : "of answers", isBad: (share(failed) ?? 0) > 0.05 },
    { name: "NXDOMAIN", value: percent(share(of("nxdomain"))), series: line("nxdomain"), note: `${count(of("nxdomain"))} answers` },
    times && { name: `Answer time, ${times.direction}, p95`, value: micros(times.p95), series: found && quantiles(found, 0.95), note: `p50 ${micros(times.p50)} · p99 ${micros(times.p99)}` },
    { name: "Queries timed out", value: count(timedOut), series: line("timedOut"), note: orphans === null ? "without an answer" : `${count(orphans)} orphan answers` },
    { name: "Different names", value: short(of("names")), note: direction || !("cardinality" in metrics || "in" in metrics) ? "estimate" : "cardinality" in metrics ? "estimate" : "added over directions" },
  ].filter((tile) => tile !== null);
}

/** @param {{ series: import("../figures.js").Series | null, direction: string, events: any[], since: number | null, isApart: boolean }} props */
function Results({ series, direction, events, since, isApart }) {
  const form = /** @type {"all" | "failing" | "share"} */ (param("form", "all"));
  const lines = resultLines(series, direction, form);
  const times = timesOf(series, lines[0].values);
  const found = histograms(series, "dns", toward(DNS.times, direction));
  const controls = html`<${Segmented} label="Form" value=${form} choose=${(/** @type {string} */ one) => change({ form: one === "all" ? "" : one })} options=${[["all", "All"], ["failing", "Failing"], ["share", "Share"]]} />`;
  return html`<div class="column w9"><${Panel} title="Results over time" sub=${form === "share" ? "share of answers" : "answers per second"} controls=${controls} sheet=${chartSheet(times, lines)}>
      ${times.length > 1 ? html`<${Chart} label="Results over time" times=${times} lines=${lines} events=${events} kept=${since} isStack height=${180} format=${form === "share" ? percent : short} />` : html`<${Soon} series=${series} />`}<//>
    <${Panel} title="Answer times" sub="same axis; each column 10 s, each row twice the one below" sheet=${found && histogramSheet(times, found)} foot=${since && html`<span>The bracket below the axis is what the agent keeps as windows.</span>`}>
      ${found && times.length > 1 ? html`<${Heat} label="Answer times" times=${times} of=${found} events=${events} kept=${since} />` : html`<${Soon} series=${series} group=${isApart ? "counters" : "dns_transaction"} />`}<//></div>`;
}
