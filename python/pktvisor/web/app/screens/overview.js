// Is all well? What deviates first, then the figures that say how much there is.
import { html } from "../../vendor.js";
import { link, param, change } from "../address.js";
import { useDocument } from "../documents.js";
import { at, divided, number, steps, top } from "../figures.js";
import { every } from "../live.js";
import { Chart, chartSheet } from "../parts/chart.js";
import { Ledger, ledgerSheet } from "../parts/ledger.js";
import { Panel } from "../parts/panel.js";
import { Segmented } from "../parts/segmented.js";
import { State, waits } from "../parts/state.js";
import { Tiles } from "../parts/tiles.js";
import { TopList } from "../parts/toplist.js";
import { micros, percent, short } from "../units.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "overview", title: "Overview", group: "Measures", order: 10, of: "agent" };

/** @param {import("../screen.js").Shown} shown */
export function View({ policy, reading, handlers, series, events, filter }) {
  const net = handlers.find(({ schema }) => schema === "packets" || schema === "net");
  const dns = handlers.find(({ schema }) => schema === "dns");
  const { value: app } = useDocument("metrics/app", every(5));
  const waiting = waits(reading);
  if (waiting) return waiting;
  if (!net && !dns) return html`<${State} title="Policy ${policy} measures neither packets nor DNS">Its handlers: ${handlers.map(({ schema }) => schema).join(", ") || "none"}. <a href=${link("handlers")}>See what they tell</a>.<//>`;
  const seconds = handlers[0].period?.length || 1;
  const ledger = handlers[0].period?.ledger ?? {};
  return html`<${Tiles} tiles=${tiles(net?.metrics, dns?.metrics, series, seconds, app)} />
    <div class="grid">
      ${net && html`<${Packets} schema=${net.schema} series=${series} events=${events} />`}
      <${Panel} title="Loss ledger" sub="what became of each packet" width=${net ? 4 : 12} sheet=${ledgerSheet(ledger)} foot=${html`<a href=${link("inputs")}>By input and decoder</a>`}><${Ledger} ledger=${ledger} /><//>
      ${dns && html`<${Failures} series=${series} events=${events} />`}
      ${dns && html`<${TopList} title="Top names" sub="two labels" of="Name" filter=${filter} entries=${top(dns.metrics, "top_qname2", "*.top_qname2_xacts")} base=${number(dns.metrics, "wire_packets.total", "*.xacts")} />
        <${TopList} title="Top NXDOMAIN" filter=${filter} entries=${top(dns.metrics, "top_nxdomain", "*.top_nxdomain_xacts")} base=${number(dns.metrics, "wire_packets.nxdomain", "*.nxdomain_xacts")} />`}
      ${net && html`<${TopList} title="Top IPv4" of="Address" what="Packets" filter=${filter} entries=${top(net.metrics, "top_ipv4", "*.top_ipv4_packets")} base=${number(net.metrics, "total", "*.total_packets")} />
        <${TopList} title="Top networks" sub="by ASN" of="Network" what="Packets" filter=${filter} entries=${top(net.metrics, "top_ASN", "*.top_asn_packets")} base=${number(net.metrics, "total", "*.total_packets")} />`}
    </div>`;
}

/** @param {any} net @param {any} dns @param {import("../figures.js").Series | null} series @param {number} seconds @param {any} app */
function tiles(net, dns, series, seconds, app) {
  const failed = number(dns, "wire_packets.srvfail", "*.srvfail_xacts");
  const refused = number(dns, "wire_packets.refused", "*.refused_xacts");
  const replies = number(dns, "wire_packets.replies", "*.xacts");
  const share = replies ? ((failed ?? 0) + (refused ?? 0)) / replies : null;
  const time = ["xact.out.quantiles_us", "xact.in.quantiles_us", "out.xact_time_us", "in.xact_time_us"].map((path) => at(dns, path)).find(Boolean);
  const rate = (/** @type {number | null} */ n, /** @type {string} */ unit) => short(n === null ? null : n / seconds, unit);
  const schema = net && "rates" in net ? "packets" : "net";
  return [
    net && { name: "Packets", value: rate(number(net, "total", "*.total_packets"), "/s"), series: steps(series, schema, "total", "*.total_packets"), note: `p95 ${short(at(net, "rates.pps_total.p95") ?? at(net, "rates.observed_pps.p95"))}`, to: link("net") },
    dns && { name: "DNS transactions", value: rate(number(dns, "xact.counts.total", "*.xacts"), "/s"), series: steps(series, "dns", "xact.counts.total", "*.xacts"), note: `${short(number(dns, "cardinality.qname", "*.cardinality.qname"))} names`, to: link("dns") },
    dns && { name: "DNS failures", value: percent(share), series: steps(series, "dns", "wire_packets.srvfail", "*.srvfail_xacts"), note: "SERVFAIL and REFUSED", isBad: (share ?? 0) > 0.05, to: link("dns") },
    time && { name: "Answer time, p95", value: micros(time.p95), note: `p50 ${micros(time.p50)} · p99 ${micros(time.p99)}`, to: link("dns") },
    app?.memory && { name: "Memory held", value: short(app.memory.held_bytes, "B"), note: app.memory.budget_bytes ? `of ${short(app.memory.budget_bytes, "B")}` : "no budget stated", to: link("inputs") },
  ].filter(Boolean);
}

/** The times of a series' steps. @param {import("../figures.js").Series | null} series @param {unknown[]} values */
const timesOf = (series, values) => values.map((_, i) => (series ? series.start + i * series.step_s : i));

/** @param {{ schema: string, series: import("../figures.js").Series | null, events: any[] }} props */
function Packets({ schema, series, events }) {
  const per = (/** @type {string} */ old, /** @type {string} */ path) => divided(steps(series, schema, old, path), series?.step_s ?? 1) ?? [];
  const lines = [
    { name: "In", colour: "c1", fill: true, values: per("in", "in.total_packets") },
    { name: "Out", colour: "c3", fill: true, isBelow: true, values: per("out", "out.total_packets") },
    { name: "Unknown", colour: "c8", values: per("unknown_dir", "unknown.total_packets") },
  ];
  const times = timesOf(series, lines[0].values);
  return html`<${Panel} title="Packets" sub="per second, 10 s steps" width=${8} sheet=${chartSheet(times, lines)}>${times.length > 1 ? html`<${Chart} label="Packets per second" times=${times} lines=${lines} events=${events} />` : html`<${State} title="The first step is not full yet">A step is 10 seconds.<//>`}<//>`;
}

/** @param {{ series: import("../figures.js").Series | null, events: any[] }} props */
function Failures({ series, events }) {
  const isShare = param("unit", "share") === "share";
  const all = steps(series, "dns", "wire_packets.replies", "*.xacts") ?? [];
  const per = (/** @type {string} */ old, /** @type {string} */ path) =>
    (steps(series, "dns", old, path) ?? []).map((value, i) => (value === null ? null : isShare ? (all[i] ? value / /** @type {number} */ (all[i]) : 0) : value / (series?.step_s ?? 1)));
  // The worst stands at the foot, on a straight base.
  const lines = [
    { name: "NXDOMAIN", colour: "rc-nxdomain", values: per("wire_packets.nxdomain", "*.nxdomain_xacts") },
    { name: "REFUSED", colour: "rc-refused", values: per("wire_packets.refused", "*.refused_xacts") },
    { name: "SERVFAIL", colour: "rc-servfail", values: per("wire_packets.srvfail", "*.srvfail_xacts") },
  ];
  const times = timesOf(series, lines[0].values);
  const controls = html`<${Segmented} label="Unit" value=${isShare ? "share" : "rate"} choose=${(/** @type {string} */ unit) => change({ unit })} options=${[["share", "Share"], ["rate", "Rate"]]} />`;
  return html`<${Panel} title="DNS failures" sub=${isShare ? "share of answers" : "per second"} width=${12} controls=${controls} sheet=${chartSheet(times, lines)}>${times.length > 1 ? html`<${Chart} label="DNS failures" times=${times} lines=${lines} events=${events} isStack format=${isShare ? percent : short} />` : html`<${State} title="The first step is not full yet">A step is 10 seconds.<//>`}<//>`;
}
