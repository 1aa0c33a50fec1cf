// Is all well? What deviates first, then the figures that say how much there is.
import { html } from "../../vendor.js";
import { change, link, param } from "../address.js";
import * as rules from "../attention.js";
import { answerTimes, failedShare, resultLines } from "../dns.js";
import { useDocument } from "../documents.js";
import { at, divided, number, steps, timesOf, top } from "../figures.js";
import { histograms, quantiles } from "../histograms.js";
import { deeper, itemLink } from "../item.js";
import { useKept } from "../kept.js";
import { tick } from "../live.js";
import { Name } from "../names.js";
import { Attention } from "../parts/attention.js";
import { Chart, chartSheet } from "../parts/chart.js";
import { Ledger, ledgerSheet } from "../parts/ledger.js";
import { Panel } from "../parts/panel.js";
import { Segmented } from "../parts/segmented.js";
import { Soon, State, waits } from "../parts/state.js";
import { Tiles } from "../parts/tiles.js";
import { TopList } from "../parts/toplist.js";
import { DNS, NET, toward } from "../paths.js";
import { report } from "../server.js";
import { change as changed } from "../trend.js";
import { micros, percent, short, volume } from "../units.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "overview", title: "Overview", group: "Measures", order: 10, of: "agent" };

/** @typedef {import("../figures.js").Series | null} Series */
/** @typedef {import("../figures.js").Handler | undefined} Handler */

/** @param {import("../screen.js").Shown} shown */
export function View({ policy, window, reading, handlers, series, events, filter }) {
  const net = handlers.find(({ schema }) => schema === "packets" || schema === "net");
  const dns = handlers.find(({ schema }) => schema === "dns");
  const { value: app } = useDocument(report ? null : "metrics/app", Math.floor((tick.value?.time ?? 0) / 5));
  const { value: inputs } = useDocument(report ? null : "inputs", Math.floor((tick.value?.time ?? 0) / 10));
  const { since } = useKept(policy);
  const waiting = waits(reading);
  if (waiting) return waiting;
  if (!net && !dns) return html`<${State} title="Policy ${policy} measures neither packets nor DNS">Its handlers: ${handlers.map(({ schema }) => schema).join(", ") || "none"}. <a href=${link("handlers")}>See what they tell</a>.<//>`;
  const period = handlers[0].period ?? {};
  const ledger = period.ledger ?? {};
  const packets = net && number(net.metrics, ...NET.total);
  const about = { series, events, kept: since };
  return html`<${Attention} of=${sentences(dns, period, series, /** @type {any} */ (events), inputs, app)} />
    <${Tiles} tiles=${tiles(net, dns, series, period.length || 1, window, app)} />
    <div class="grid">
      ${net && html`<${Packets} schema=${net.schema} ...${about} />`}
      <${Panel} title="Loss ledger" sub="what became of each packet" width=${net ? 4 : 12} sheet=${ledgerSheet(ledger)} foot=${html`<a href=${link("inputs")}>By input and decoder</a>`}><${Ledger} ledger=${ledger} /><//>
      ${dns && html`<${Failures} ...${about} /><${Times} metrics=${dns.metrics} ...${about} />`}
      ${dns && html`<${TopList} title="Top names" sub="two labels" filter=${filter} entries=${top(dns.metrics, ...DNS.topNames2)} base=${number(dns.metrics, ...DNS.messages)} to=${deeper} />
        <${TopList} title="Top NXDOMAIN" filter=${filter} look="rc-nxdomain" entries=${top(dns.metrics, ...DNS.topNxdomain)} base=${number(dns.metrics, ...DNS.nxdomain)} to=${deeper} />`}
      ${net && html`<${TopList} title="Top IPv4" of="Address" what="Packets" filter=${filter} entries=${top(net.metrics, ...NET.topIpv4)} base=${packets} to=${(/** @type {string} */ one) => itemLink("net", "address", one)} />
        <${TopList} title="Top networks" sub="by ASN" of="Network" what="Packets" filter=${filter} entries=${top(net.metrics, ...NET.topNetworks)} base=${packets} to=${(/** @type {string} */ one) => itemLink("net", "asn", one)} none=${html`A database names them: <code>--geo-asn</code>.`} />`}
    </div>`;
}

/** @param {Handler} dns @param {any} period @param {Series} series @param {import("../attention.js").Happening[]} happenings @param {any} inputs @param {any} app */
function sentences(dns, period, series, happenings, inputs, app) {
  const now = tick.value?.time ?? 0;
  const [start, step] = [series?.start ?? 0, series?.step_s ?? 10];
  const of = (/** @type {readonly string[]} */ paths) => steps(series, "dns", ...paths) ?? [];
  const seen = Object.values(series?.handlers ?? {})[0]?.ledger.seen ?? [];
  const rose = (/** @type {string} */ result, /** @type {"servfail" | "refused" | "nxdomain"} */ name, /** @type {readonly string[]} */ list) =>
    dns ? rules.failuresRose({ result, failed: of(DNS[name]), answers: of(DNS.answers), start, step, names: top(dns.metrics, ...list), all: number(dns.metrics, ...DNS[name]), servers: top(dns.metrics, ...DNS.failingServers) }) : null;
  const found = [
    ...(report ? [] : [rules.silent(seen, start, step), ...rules.inputFaults(inputs), ...rules.inputsLost(happenings, now), rules.memoryGaveWay(app?.memory?.gave_way), rules.startedLately(tick.value?.up_time_s)]),
    rose("SERVFAIL", "servfail", DNS.topServfail), rose("REFUSED", "refused", DNS.topRefused), rose("NXDOMAIN", "nxdomain", DNS.topNxdomain),
    rules.incomplete(period), ...rules.losses(period.ledger ?? {}), rules.directionUnknown(period.ledger ?? {}),
  ].filter((finding) => finding !== null);
  const worst = ["bad", "warn", "info"];
  return found.sort((a, b) => worst.indexOf(a.mark) - worst.indexOf(b.mark)).map(({ mark, what, why, name, rest, screen: to, params, where }) => ({ mark, what, why: html`${why}${name && html`<${Name} of=${name} />`}${rest}`, to: link(to, params), where }));
}

/** @param {Handler} net @param {Handler} dns @param {Series} series @param {number} seconds @param {number} window @param {any} app */
function tiles(net, dns, series, seconds, window, app) {
  const of = (/** @type {keyof typeof DNS} */ name) => number(dns?.metrics, ...DNS[name]);
  const answers = of("answers");
  const share = answers ? ((of("servfail") ?? 0) + (of("refused") ?? 0)) / answers : null;
  const trend = changed(failedShare(series), window * 60, series?.step_s);
  const times = answerTimes(dns?.metrics, "");
  const hist = times && histograms(series, "dns", toward(DNS.times, times.direction));
  const rate = (/** @type {number | null} */ n) => short(n === null ? null : n / seconds, "/s");
  const per = (/** @type {string} */ schema, /** @type {readonly string[]} */ paths) => divided(steps(series, schema, ...paths), series?.step_s ?? 1);
  const quantile = (/** @type {string} */ path) => at(net?.metrics, `rates.${path}`);
  const volumes = ["in", "out", "unknown"].map((direction) => (quantile(`bytes_${direction}`) ?? at(net?.metrics, `${direction}.rates.bps`))?.p50);
  const all = quantile("bytes_total")?.p50 ?? volumes.reduce((sum, one) => (one === undefined ? sum : (sum ?? 0) + one), null);
  const pps = quantile("pps_total") ?? quantile("observed_pps");
  return [
    net && { name: "Packets", value: rate(number(net.metrics, ...NET.total)), series: per(net.schema, NET.total), note: pps?.p95 !== undefined && html`p95 <b>${short(pps.p95)}</b> · p99 <b>${short(pps.p99)}</b>`, to: link("net") },
    all !== null && { name: "Volume, median", value: volume(all), note: html`in <b>${volume(volumes[0])}</b> · out <b>${volume(volumes[1])}</b>`, to: link("net") },
    dns && { name: "DNS transactions", value: rate(of("xacts")), series: per("dns", DNS.xacts), note: html`<b>${short(of("names"))}</b> names`, to: link("dns") },
    dns && { name: "DNS failures", value: percent(share), series: failedShare(series), note: trend && Math.abs(trend) >= 0.001 ? html`<b class=${trend > 0.01 ? "bad" : ""}>${trend > 0 ? "▲" : "▼"} ${(Math.abs(trend) * 100).toFixed(1)} points</b> in ${window} min` : "SERVFAIL and REFUSED", isBad: (share ?? 0) > 0.05, to: link("dns") },
    times && { name: `Answer time, ${times.direction}, p95`, value: micros(times.p95), series: hist && quantiles(hist, 0.95), note: html`p50 <b>${micros(times.p50)}</b> · p99 <b>${micros(times.p99)}</b>`, to: link("dns") },
    app?.memory && { name: "Memory held", value: short(app.memory.held_bytes, "B"), note: app.memory.budget_bytes ? `of ${short(app.memory.budget_bytes, "B")}` : "no budget stated", to: link("inputs") },
  ].filter(Boolean);
}

/** @typedef {{ series: Series, events: any[], kept: number | null }} About */

/** @param {About & { schema: string }} props */
function Packets({ schema, series, events, kept }) {
  const per = (/** @type {readonly string[]} */ paths) => divided(steps(series, schema, ...paths), series?.step_s ?? 1) ?? [];
  const lines = [
    { name: "In", colour: "c1", fill: true, values: per(NET.in) },
    { name: "Out", colour: "c3", fill: true, isBelow: true, values: per(NET.out) },
    { name: "Unknown", colour: "c8", values: per(NET.unknown) },
  ];
  const times = timesOf(series, lines[0].values);
  return html`<${Panel} title="Packets" sub=${`per second, ${series?.step_s ?? 10} s steps`} width=${8} sheet=${chartSheet(times, lines)} foot=${kept && html`<span>The bracket below the axis is what the agent keeps as windows.</span>`}>
    ${times.length > 1 ? html`<${Chart} label="Packets per second" height=${220} times=${times} lines=${lines} events=${events} kept=${kept} />` : html`<${Soon} series=${series} />`}<//>`;
}

/** @param {About} props */
function Failures({ series, events, kept }) {
  const form = param("unit", "share");
  const lines = resultLines(series, "", form === "share" ? "share" : "failing");
  const times = timesOf(series, lines[0].values);
  const controls = html`<${Segmented} label="Unit" value=${form} choose=${(/** @type {string} */ unit) => change({ unit })} options=${[["share", "Share"], ["rate", "Rate"]]} />`;
  return html`<${Panel} title="DNS failures" sub=${form === "share" ? "share of answers" : "per second"} width=${6} controls=${controls} sheet=${chartSheet(times, lines)}>
    ${times.length > 1 ? html`<${Chart} label="DNS failures" times=${times} lines=${lines} events=${events} kept=${kept} isStack format=${form === "share" ? percent : short} />` : html`<${Soon} series=${series} />`}<//>`;
}

/** @param {About & { metrics: any }} props */
function Times({ metrics, series, events, kept }) {
  const direction = param("times", answerTimes(metrics, "")?.direction ?? "out");
  const hist = histograms(series, "dns", toward(DNS.times, direction));
  const lines = [{ name: "p95", colour: "c2", fill: true, values: hist ? quantiles(hist, 0.95) : [] }, { name: "p50", colour: "c1", values: hist ? quantiles(hist, 0.5) : [] }];
  const times = timesOf(series, lines[0].values);
  const controls = html`<${Segmented} label="Direction" value=${direction} choose=${(/** @type {string} */ one) => change({ times: one })} options=${[["in", "In"], ["out", "Out"]]} />`;
  return html`<${Panel} title="Answer times" sub="${direction === "in" ? "of queries to hosts here" : "of queries that hosts here send"}; read from buckets" width=${6} controls=${controls} sheet=${chartSheet(times, lines)}>
    ${times.length > 1 ? html`<${Chart} label="Answer times" times=${times} lines=${lines} events=${events} kept=${kept} format=${(/** @type {number} */ us) => micros(Number.isFinite(us) ? +us.toPrecision(2) : null)} />` : html`<${Soon} series=${series} group=${"xact" in metrics ? "dns_transaction" : "counters"} />`}<//>`;
}
