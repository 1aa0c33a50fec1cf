// Since when? One metric over any time, apart by a tag or agent, beside the period before.
import { html } from "../../vendor.js";
import { change, link, param } from "../address.js";
import { useDocument } from "../documents.js";
import { minute, show, span } from "../hub.js";
import { grid, isCounted, linesOf, QUANTILES, summary } from "../lines.js";
import { chosen, tagValues, unasked, useMetrics } from "../metrics.js";
import { Name } from "../names.js";
import { Brush } from "../parts/brush.js";
import { Choice } from "../parts/choice.js";
import { Cost, refused, stepText } from "../parts/cost.js";
import { Panel } from "../parts/panel.js";
import { Plot, plotSheet } from "../parts/plot.js";
import { Range } from "../parts/range.js";
import { State } from "../parts/state.js";
import { inUnitOf, moment, percent, short } from "../units.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "history", title: "History", group: "Hub", order: 30, of: "hub" };

const MOST_LINES = 8;
const STEPS = ["60", "600", "3600", "86400"];
const DAY_S = 86400;

/** @param {{ filter: string }} shown */
export function View({ filter }) {
  const known = useMetrics();
  const { names, policy, metrics } = known;
  const { value: fleet } = useDocument("fleet?hours=6", minute.value);
  const offered = metrics.filter(({ shape }) => shape !== "top");
  const metric = chosen(offered) ?? { path: param("metric", "packets.total"), shape: "number" };
  const waiting = unasked(known);
  if (waiting) return waiting;
  const tags = Object.keys(tagValues(fleet));
  const quantile = param("quantile", "p95");
  return html`<div class="grid"><section class="panel w12 asked" aria-label="The question"><div class="body choices">
      ${names.length > 1 && html`<${Choice} label="Policy" name="policy" value=${policy} options=${names} />`}
      <${Choice} label="Metric" name="metric" value=${metric.path} options=${offered.map(({ path }) => path)} />
      ${metric.shape === "quantiles" && html`<${Choice} label="Quantile" name="quantile" value=${quantile} options=${QUANTILES} />`}
      <${Choice} label="One line for each" name="by" value=${param("by")} also=${{ agent: "", line: "" }} options=${[["", "all agents together"], ...tags, "agent"]} />
      ${param("by") === "agent" && html`<label class="choice"><span>Agents</span><input defaultValue=${param("agent")} placeholder="all, or some with commas" list="agents" onChange=${(/** @type {any} */ event) => change({ agent: event.target.value })} /><datalist id="agents">${Object.keys(fleet?.agents ?? {}).slice(0, 1000).map((name) => html`<option value=${name} />`)}</datalist></label>`}
      <${Choice} label="Step" name="step" value=${param("step")} options=${[["", "automatic"], ...STEPS.map((step) => /** @type {[string, string]} */ ([step, stepText(Number(step))]))]} />
      <${Choice} label="Compare with" name="before" value=${param("before")} options=${[["", "nothing"], ["period", "the period before"], ["day", "the day before"], ["week", "the week before"]]} />
      <span class="end"><${Range} /></span></div><${Answer} policy=${policy} metric=${metric} quantile=${quantile} filter=${filter} /></section></div>`;
}

/** Seconds back to what is compared with. @param {number} length */
const back = (length) => ({ period: length, day: DAY_S, week: 7 * DAY_S })[param("before")] ?? 0;

/** @param {{ policy: string, metric: import("../metrics.js").Metric, quantile: string, filter: string }} props */
function Answer({ policy, metric, quantile, filter }) {
  const { from, to } = span();
  const by = param("by");
  const parts = { policy, metric: metric.path, by, agent: by === "agent" ? param("agent") : "" };
  const question = String(new URLSearchParams(Object.entries(parts).filter(([, value]) => value)));
  const step = param("step") ? `&step=${param("step")}` : "";
  const shift = back(to - from);
  const reading = useDocument(`history?${question}${step}&from=${from}&to=${to}`, "");
  const before = useDocument(shift ? `history?${question}${step}&from=${from - shift}&to=${to - shift}` : null, "");
  const { value: marks } = useDocument("marks", minute.value);
  const waiting = refused(reading);
  if (waiting) return waiting;
  const answer = reading.value;
  const times = grid(from, to, answer.step_s);
  const all = linesOf(answer, times, quantile, to).filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()));
  const biggest = all.map((line) => ({ ...line, of: summary(line.values, answer.step_s) })).sort((a, b) => (b.of.average ?? 0) - (a.of.average ?? 0));
  const lines = biggest.slice(0, MOST_LINES).map((line, i) => ({ ...line, label: line.name || "all agents", colour: `c${i + 1}` }));
  const current = lines.find(({ name }) => name === param("line")) ?? lines[0];
  const ago = before.value && before.value.step_s === answer.step_s ? linesOf(before.value, times.map((time) => time - shift), quantile, to - shift) : [];
  const counted = isCounted(answer.kind);
  const format = (/** @type {number | null} */ n) => (counted ? short(n, "/s") : answer.kind === "counter" || metric.shape === "number" ? short(n) : inUnitOf(metric.path.replace(/^.*quantiles_us$/, "x_us"), n));
  const dashed = ago.find(({ name }) => name === current?.name);
  const drawn = [...lines.map(({ label, values, colour }) => ({ name: label, values, colour, isBold: lines.length > 1 && label === current.label })), ...(dashed ? [{ name: `${current.label}, before`, values: dashed.values, colour: "text-2", isDashed: true }] : [])];
  if (!lines.length) return html`<${Cost} of=${answer} /><${State} title="Nothing of it in this time">${answer.reason}${answer.kept_from && ` There is something from ${moment(answer.kept_from)} UTC on.`}<//>`;
  return html`<${Cost} of=${answer} /><${Panel} title=${metric.path} sub=${`${counted ? "per second, " : metric.shape === "quantiles" ? `${quantile}, ` : ""}steps of ${stepText(answer.step_s)}`} sheet=${plotSheet(times, drawn)}>
    <${Plot} label=${metric.path} times=${times} step=${answer.step_s} lines=${drawn} format=${format} events=${marks?.marks ?? []} select=${show} />
    <${Summaries} lines=${lines} ago=${ago} current=${current} step=${answer.step_s} format=${format} counted=${counted} isCompared=${shift > 0} />
    ${biggest.length > MOST_LINES && html`<p class="sub">The ${MOST_LINES} heaviest of ${biggest.length}. Filter names to see others.</p>`}
    <${Brush} question=${question} quantile=${quantile} /><//>`;
}

/** @param {{ lines: any[], ago: any[], current: any, step: number, format: (n: number | null) => string, counted: boolean, isCompared: boolean }} props */
function Summaries({ lines, ago, current, step, format, counted, isCompared }) {
  const change_ = (/** @type {any} */ { name, of }) => {
    const old = ago.find((line) => line.name === name);
    const was = old && summary(old.values, step);
    if (!was || was.average === null || of.average === null) return "–";
    if (Math.abs(was.share - of.share) > 0.02) return html`<span title="One of them is less complete">not comparable</span>`;
    const share = was.average ? of.average / was.average - 1 : 0;
    return `${share < 0 ? "−" : "+"} ${percent(Math.abs(share))}`;
  };
  const by = param("by");
  return html`<table class="summaries"><thead><tr><th scope="col">Line</th>${["Min", "Average", "95th", "Max", ...(counted ? ["Total"] : []), ...(isCompared ? ["Against before"] : []), "Complete"].map((name) => html`<th scope="col" class="num">${name}</th>`)}</tr></thead>
    <tbody>${lines.map((line) => html`<tr key=${line.name} aria-current=${line === current ? "true" : null}><td><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class=${line.colour} width="10" height="10" rx="2" /></svg><a href=${link("history", { line: line.name })}>${by && by !== "agent" ? `${by} ` : ""}<${Name} of=${line.label} /></a></td>
      ${[["Min", line.of.min], ["Average", line.of.average], ["95th", line.of.p95], ["Max", line.of.max]].map(([name, n]) => html`<td class="num" data-of=${name}>${format(n)}</td>`)}${counted && html`<td class="num" data-of="Total">${short(line.of.total)}</td>`}${isCompared && html`<td class="num" data-of="Against before">${change_(line)}</td>`}<td class="num ${line.of.share < 0.98 ? "warn" : ""}" data-of="Complete">${percent(line.of.share)}</td></tr>`)}</tbody></table>`;
}
