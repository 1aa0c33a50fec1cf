// A panel of somebody's own dashboard: one metric, drawn as they want it, or as its kind usually is.
import { html } from "../../vendor.js";
import { link, windowAsked } from "../address.js";
import { groups, named, titled } from "../declared.js";
import { useDocument } from "../documents.js";
import { added, handlersOf } from "../figures.js";
import { histogramSheet, histograms } from "../histograms.js";
import { every, newestMark, stamp } from "../live.js";
import { useSeries } from "../series.js";
import { report, session } from "../server.js";
import { sheet } from "../sheets.js";
import { windowPath } from "../shell.js";
import { count, inUnitOf, short, volume } from "../units.js";
import { Bars, barsSheet, classes } from "./bars.js";
import { groupColumns } from "./declared.js";
import { later } from "./later.js";
import { Panel } from "./panel.js";
import { Sparkline } from "./sparkline.js";
import { State, waits } from "./state.js";
import { Table, tableSheet } from "./table.js";
import { TopList } from "./toplist.js";

/** @typedef {import("../declared.js").Found} Found */
/** @typedef {{ title: string, policy: string, handler: string, metric: string, as: string, width: number }} Asked  as GET /api/v1/dashboards gives it */
/** @typedef {{ title: string, width: number, sub: any }} Frame */

/** What a kind is drawn as where nobody says. @type {Record<string, string>} */
const USUAL = { counter: "figure", cardinality: "figure", last: "figure", minimum: "figure", maximum: "figure", top: "top", histogram: "bars" };
const COLOURS = ["c1", "c3", "c8"];

/** The documents of a panel's policy. @param {string} policy @param {number} window */
function useFigures(policy, window) {
  const isHub = session.value?.is_hub;
  const moment = window && !isHub ? stamp(policy, "window") : every(isHub ? 20 : 2);
  const reading = useDocument(policy ? windowPath(policy, window) : null, moment);
  const told = useDocument(policy ? `policies/${encodeURIComponent(policy)}/declarations` : null, newestMark());
  return { reading, told, series: useSeries(isHub ? "" : policy, stamp(policy, "step")) };
}

/** @param {{ asked: Asked, shown: string, window: number, filter: string }} props  `shown` is the policy where the panel says none */
export function BoardPanel({ asked, shown, window, filter }) {
  const policy = asked.policy || shown;
  const { reading, told, series } = useFigures(policy, window);
  const title = asked.title || titled(asked.metric);
  const frame = { title, width: asked.width, sub: policy };
  const alone = (/** @type {any} */ body) => html`<${Panel} ...${frame}>${body}<//>`;
  const waiting = policy ? (reading.fault?.status === 404 ? html`<${State} title="There is no policy ${policy}" />` : (waits(reading) ?? waits(told))) : html`<${State} title="No policy" />`;
  if (waiting) return alone(waiting);
  const declarations = told.value.handlers;
  const fitting = handlersOf(reading.value).filter(({ instance, schema }) => ["", schema, declarations[instance]?.module, declarations[instance]?.type].includes(asked.handler) || instance.endsWith(`-${asked.handler}`));
  const all = fitting.map((one) => ({ ...one, ...named(declarations[one.instance], one.schema, one.metrics, asked.metric) }));
  const one = all.find(({ values, apart }) => values.length || apart);
  if (!one) return alone(all.some(({ isOff }) => isOff) ? html`<${State} title="Switched off">Its metric group is off. <a href=${link("policies", { policy })}>Switch it on</a>.<//>` : html`<${State} title="No ${asked.metric} in this window">${fitting.length ? `Policy ${policy} does not measure it, or nothing came.` : `Policy ${policy} has no handler ${asked.handler}.`}<//>`);
  const { values, apart, instance, schema, metrics } = one;
  if (apart) {
    const columns = groupColumns(apart, []);
    const rows = groups(metrics, apart.lead, []);
    return html`<${Panel} ...${frame} sheet=${tableSheet(columns, rows)}><${Table} id=${title} label=${title} columns=${columns} rows=${rows} keyOf=${(/** @type {any} */ { path }) => path.join("/")} filter=${filter} order=${columns.at(-1)?.name} /><//>`;
  }
  const lines = values.map(({ direction }) => series?.handlers[instance]?.counters[`${schema}.${direction && `${direction}.`}${values[0].name}`] ?? null);
  const Form = FORMS[asked.as || (USUAL[values[0].metric.kind] ?? "table")] ?? Rows;
  return html`<${Form} frame=${frame} values=${values} lines=${lines} series=${series} seconds=${metrics.period?.length ?? 0} filter=${filter} />`;
}

/** @param {(number | null)[][]} lines */
const summed = (lines) => lines[0].map((_, i) => lines.reduce((/** @type {number | null} */ sum, line) => (line[i] === null ? sum : (sum ?? 0) + /** @type {number} */ (line[i])), null));

/** @typedef {{ frame: Frame, values: Found[], lines: ((number | null)[] | null)[], series: import("../figures.js").Series | null, seconds: number, filter: string }} Drawn */

/** @param {Drawn} props */
function Figure({ frame, values, lines, seconds }) {
  const { metric, name } = values[0];
  const sum = values.reduce((all, { value }) => all + value, 0);
  const [figure, ...unit] = (metric.unit === "bytes" || metric.kind === "minimum" || metric.kind === "maximum" ? inUnitOf(name, sum, metric) : short(sum)).split(" ");
  const known = /** @type {(number | null)[][]} */ (lines.filter(Boolean));
  const rate = metric.kind === "counter" && seconds ? (metric.unit === "bytes" ? volume(sum / seconds) : short(sum / seconds, "/s")) : "";
  return html`<${Panel} ...${frame} sheet=${() => ({ columns: ["direction", name], rows: values.map(({ direction, value }) => [direction || "all", value]) })}>
    <p class="figure"><b>${figure}</b> ${unit.join(" ")}${known.length > 0 && html`<${Sparkline} values=${summed(known)} />`}</p><p class="sub">${rate}${values.length > 1 && ` · ${values.map(({ direction, value }) => `${direction} ${short(value)}`).join(", ")}`}</p><//>`;
}

const Heat = later(async () => (await Promise.all([import("./heat.js"), sheet("measures")]))[0].Heat);

/** A histogram of times over the last hour. @param {Drawn} props */
function HeatMap({ frame, values, series }) {
  const { metric, name } = values[0];
  const of = histograms(series, metric.path.split(".")[0], [name, `*.${name}`]);
  const times = (of?.counts ?? []).map((_, i) => (series ? series.start + i * series.step_s : i));
  return html`<${Panel} ...${frame} sheet=${of && histogramSheet(times, of)}>${of && times.length > 1 ? html`<${Heat} times=${times} of=${of} events=${[]} label=${frame.title} />` : html`<${State} title="No steps yet">An agent keeps those of histograms whose metric group is on.<//>`}<//>`;
}

const Chart = later(async () => (await import("./chart.js")).Chart);

/** Lines over the last hour. @param {Drawn} props */
function Lines({ frame, values, lines, series }) {
  const { metric } = values[0];
  const known = values.flatMap(({ direction }, i) => {
    const steps = lines[i];
    return steps ? [{ name: direction || frame.title, colour: COLOURS[i] ?? "c8", fill: i === 0, values: steps.map((n) => (n === null ? n : n / (series?.step_s ?? 1))) }] : [];
  });
  const times = (known[0]?.values ?? []).map((_, i) => (series ? series.start + i * series.step_s : i));
  const columns = [{ name: "time", of: (/** @type {number} */ i) => new Date(times[i] * 1000).toISOString() }, ...known.map(({ name, values: steps }) => ({ name, of: (/** @type {number} */ i) => steps[i] }))];
  const body = times.length > 1 ? html`<${Chart} label=${frame.title} times=${times} lines=${known} format=${metric.unit === "bytes" ? volume : short} />` : html`<${State} title="No steps yet">An agent keeps those of counters, of 10 s.<//>`;
  return html`<${Panel} ...${frame} sub="${frame.sub}, per second" sheet=${tableSheet(columns, times.map((_, i) => i))}>${body}<//>`;
}

/** @param {Drawn} props */
function Top({ frame, values, filter }) {
  const { metric } = values[0];
  const entries = values.length === 1 ? values[0].value : added(values.flatMap(({ value }) => value));
  return html`<${TopList} ...${frame} of=${metric.labels.at(-1)} what=${metric.unit === "bytes" ? "Bytes" : "Count"} entries=${entries} format=${(/** @type {number} */ n) => inUnitOf("", n, metric)} filter=${filter} />`;
}

/** @param {Drawn} props */
function Histograms({ frame, values }) {
  return html`<${Panel} ...${frame} sheet=${barsSheet(values[0].value)}>${values.map(({ metric, name, value, direction }) => html`${direction && html`<h3>${direction}</h3>`}<${Bars} value=${value} format=${(/** @type {number} */ n) => inUnitOf(name.replace("histogram_", ""), n, metric)} label="${frame.title} ${direction}" />`)}<//>`;
}

/** Anything by its figures, a row for each. @param {Drawn} props */
function Rows({ frame, values, filter }) {
  const { metric, name } = values[0];
  const rows = values.flatMap(({ direction, value }) => {
    if (Array.isArray(value)) return value.map((entry) => ({ direction, ...entry }));
    if (value?.buckets) return classes(value).map(({ upto, n }) => ({ direction, name: isFinite(upto) ? `up to ${inUnitOf(name, upto, metric)}` : "above", count: n }));
    return [{ direction, ...(typeof value === "number" ? { [name]: value } : value) }];
  });
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => key !== "direction" || values.length > 1);
  const columns = keys.map((key) => ({ name: key, of: (/** @type {any} */ row) => row[key], ...(key !== "name" && key !== "direction" && { show: (/** @type {any} */ row) => key === "count" ? count(row[key]) : inUnitOf(metric.kind === "top" ? "" : name, row[key], metric) }) }));
  return html`<${Panel} ...${frame} sheet=${tableSheet(columns, rows)}><${Table} id=${frame.title} label=${frame.title} columns=${columns} rows=${rows} keyOf=${(/** @type {any} */ row) => `${row.direction}/${row.name}`} filter=${filter} /><//>`;
}

/** @type {Record<string, (props: Drawn) => any>} */
const FORMS = { figure: Figure, chart: Lines, top: Top, bars: Histograms, heat: HeatMap, table: Rows };

/** Minutes that a dashboard shows: of a hub at least two, which its windows begin with. */
export const windowShown = () => report ? 0 : Math.max(session.value?.is_hub ? 2 : 0, windowAsked());
