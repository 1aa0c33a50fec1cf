// Panels of any handler's figures, from what it declares, and of the groups that they are kept apart by.
import { html } from "../../vendor.js";
import { address, link, param } from "../address.js";
import { base, breakdowns, found, groups, reach, silent, titled } from "../declared.js";
import { DIRECTIONS } from "../figures.js";
import { Name } from "../names.js";
import { inUnitOf, percent, short, volume } from "../units.js";
import { Bars, barsSheet } from "./bars.js";
import { Panel } from "./panel.js";
import { Sparkline } from "./sparkline.js";
import { State } from "./state.js";
import { Table, tableSheet } from "./table.js";
import { Tiles } from "./tiles.js";
import { TopList } from "./toplist.js";

/** @typedef {import("../declared.js").Found} Found */
/** @typedef {import("../declared.js").Group} Group */
/** @typedef {{ name: string, metric: Found["metric"], by: Record<string, number>, sum: number, whole: number | null, lines: (number | null)[][] }} Count */

const QUANTILES = ["live", "p50", "p90", "p95", "p99"];
const MOST_PANELS = 60;
const MOST_COLUMNS = 7;

/** The place in the address: keys of the group that is opened. */
export const placeShown = () => param("at").split("/").filter(Boolean).map(decodeURIComponent);
/** @param {string[]} place */
export const placed = (place) => place.map(encodeURIComponent).join("/");

/** The group that is opened, one chip for each step; its × goes back. @param {{ place: string[] }} props */
export const Trail = ({ place }) => (place.length ? html`<p class="trail">${place.map((key, i) => i % 2 === 1 && html`<a class="chip" href=${link(address.value.screen, { at: placed(place.slice(0, i - 1)) })}>${place[i - 1]} <b><${Name} of=${key} /></b> ×</a>`)}</p>` : null);

/** Counts by name, those of directions side by side. @param {Found[]} all @param {any} lines steps by path @param {string} schema @returns {Count[]} */
function counts(all, lines, schema) {
  /** @type {Map<string, Count>} */
  const rows = new Map();
  for (const { name, metric, value, direction } of all) {
    if (typeof value !== "number" || metric.kind === "cardinality") continue;
    const row = rows.get(name) ?? { name, metric, by: {}, sum: 0, whole: null, lines: [] };
    row.by[direction] = value;
    row.sum += value;
    const line = lines?.[`${schema}.${direction && `${direction}.`}${name}`];
    if (line) row.lines.push(line);
    rows.set(name, row);
  }
  const sums = Object.fromEntries([...rows.values()].map(({ name, sum }) => [name, sum]));
  return [...rows.values()].map((row) => ({ ...row, whole: row.metric.kind === "counter" ? base(row.name, sums) : null }));
}

/** @param {(number | null)[][]} lines */
const summed = (lines) => lines[0].map((_, i) => lines.reduce((/** @type {number | null} */ sum, line) => (line[i] === null ? sum : (sum ?? 0) + /** @type {number} */ (line[i])), null));

/** @param {{ rows: Count[], seconds: number, filter: string, width: number }} props */
function Counts({ rows, seconds, filter, width }) {
  const directions = [...new Set(rows.flatMap(({ by }) => Object.keys(by)))].filter(Boolean);
  const rate = (/** @type {Count} */ { metric, sum }) => (metric.kind === "counter" && seconds ? sum / seconds : null);
  const columns = [
    { name: "Metric", of: (/** @type {Count} */ { name }) => name, show: (/** @type {Count} */ { name, metric }) => html`<span title=${metric.help}>${name}</span>` },
    ...directions.map((direction) => ({ name: direction, of: (/** @type {Count} */ { by }) => by[direction] })),
    { name: directions.length ? "sum" : "count", of: (/** @type {Count} */ { sum }) => sum, show: (/** @type {Count} */ { name, metric, sum }) => inUnitOf(name, sum, metric) },
    ...(rows.some(({ whole }) => whole) ? [{ name: "share", help: "of what it is told apart from", of: (/** @type {Count} */ { sum, whole }) => whole && sum / whole, show: (/** @type {Count} */ { sum, whole }) => (whole ? percent(sum / whole) : "") }] : []),
    { name: "per second", of: rate, show: (/** @type {Count} */ row) => (row.metric.unit === "bytes" || /bytes$/.test(row.name) ? volume(rate(row)) : rate(row) === null ? "" : short(rate(row), "/s")) },
    ...(rows.some(({ lines }) => lines.length) ? [{ name: "last hour", of: () => null, show: (/** @type {Count} */ { lines }) => lines.length > 0 && html`<${Sparkline} values=${summed(lines)} />` }] : []),
  ];
  return html`<${Panel} title="Counters" width=${width} sheet=${tableSheet(columns.slice(0, 3 + directions.length), rows)}><${Table} id="counters" label="Counters" columns=${columns} rows=${rows} keyOf=${(/** @type {Count} */ { name }) => name} filter=${filter} /><//>`;
}

/** @param {{ rows: Found[], filter: string, width: number }} props */
function Quantiles({ rows, filter, width }) {
  const columns = [
    { name: "Metric", of: (/** @type {Found} */ { direction, name }) => `${direction} ${name.replace(/^rates\./, "")}`.trim() },
    ...QUANTILES.filter((key) => rows.some(({ value }) => key in value)).map((key) => ({ name: key, of: (/** @type {Found} */ { value }) => value[key], show: (/** @type {Found} */ { name, metric, value }) => inUnitOf(name, value[key], metric) })),
  ];
  return html`<${Panel} title="Rates and quantiles" sub="per second, and of values" width=${width} sheet=${tableSheet(columns, rows)}><${Table} id="quantiles" label="Rates and quantiles" columns=${columns} rows=${rows} keyOf=${columns[0].of} filter=${filter} /><//>`;
}

/**
 * The columns for a breakdown's groups: their labels, then figures; the shorter the name of one, the more it says.
 * @param {import("../declared.js").Breakdown} breakdown @param {string[]} place
 */
export function groupColumns({ labels, metrics }, place) {
  const told = labels.slice(place.length / 2).map((name, i) => ({ name, of: (/** @type {Group} */ { path }) => path[place.length + 2 * i + 1] }));
  const words = (/** @type {string} */ name) => name.split(/[._]/).length;
  const figures = metrics.filter(({ metric }) => !["top", "histogram"].includes(metric.kind)).sort((a, b) => words(a.name) - words(b.name)).slice(0, MOST_COLUMNS);
  return [...told, ...figures.map(({ name, metric }) => {
    const of = (/** @type {Group} */ { value }) => {
      const found = reach(value, name.split("."));
      return typeof found === "object" ? found?.p95 : found;
    };
    const isSpread = ["quantiles", "rate"].includes(metric.kind);
    return { name: isSpread ? `${name} p95` : name, help: metric.help, of, show: (/** @type {Group} */ group) => inUnitOf(name, of(group), metric) };
  })];
}

/** A row for each group, which opens it. @param {{ title: string, sub?: any, columns: any[], rows: Group[], screen?: string, filter: string, order?: string, id: string, width?: number }} props */
export const Groups = ({ title, sub, columns, rows, screen = address.value.screen, filter, order, id, width = 12 }) =>
  html`<${Panel} title=${title} sub=${sub} width=${width} sheet=${tableSheet(columns, rows)} foot=${html`<span>${rows.length} in all</span>`}><${Table} id=${id} label=${title} columns=${columns} rows=${rows} keyOf=${(/** @type {Group} */ { path }) => placed(path)} to=${(/** @type {Group} */ { path }) => link(screen, { at: placed(path) })} filter=${filter} order=${order} /><//>`;

/** Lists and histograms, those of directions side by side. @param {{ all: Found[], filter: string, wholes: Record<string, number> }} props */
function Lists({ all, filter, wholes }) {
  const names = [...new Set(all.map(({ name }) => name))];
  const some = all.filter(({ value }) => !Array.isArray(value) || value.length);
  const empty = names.filter((name) => !some.some((one) => one.name === name));
  const directions = DIRECTIONS.filter((direction) => some.some((one) => one.direction === direction));
  const panels = names.flatMap((name) => {
    // Those of one name stand in one row, so that directions can be compared.
    const ones = (empty.includes(name) ? [] : all).filter((one) => one.name === name && (!one.direction || directions.includes(one.direction)));
    const isWanted = titled(name).toLowerCase().includes(filter.toLowerCase());
    return ones.filter(({ value }) => isWanted || (Array.isArray(value) && value.some((entry) => entry.name.toLowerCase().includes(filter.toLowerCase())))).map(({ metric, value, direction }) => {
      const format = (/** @type {number} */ n) => inUnitOf(metric.kind === "top" && metric.unit !== "bytes" ? "" : name.replace(/histogram_/, ""), n, metric);
      const same = { key: `${direction}/${name}`, title: titled(name), width: direction ? 12 / directions.length : 4, sub: html`<span title=${metric.help}>${direction}</span>` };
      return Array.isArray(value)
        ? html`<${TopList} ...${same} of=${metric.labels.at(-1)} what=${metric.unit === "bytes" ? "Bytes" : "Count"} entries=${value} format=${format} filter=${isWanted ? "" : filter} base=${wholes[direction]} />`
        : html`<${Panel} ...${same} sheet=${barsSheet(value)}><${Bars} value=${value} format=${format} label=${titled(name)} /><//>`;
    });
  });
  return html`${panels.slice(0, MOST_PANELS)}${panels.length > MOST_PANELS && html`<${Panel} title="More"><p>${panels.length - MOST_PANELS} more lists: filter by name.</p><//>`}
    ${empty.length > 0 && !filter && html`<p class="sub w12">Nothing in this window for ${empty.map(titled).join(", ")}.</p>`}`;
}

/** What is switched off, and where that is done. @param {{ declared: import("../declared.js").Declared }} props */
function Silent({ declared }) {
  const off = silent(declared);
  return off.length ? html`<p class="sub w12">Off: ${off.map(([group, helps], i) => html`${i ? ", " : ""}<span title=${helps.join("\n")}>${group}</span>`)}. <a href=${link("policies")}>Switch groups on in the policy</a>.</p>` : null;
}

/**
 * @param {{ declared: import("../declared.js").Declared, metrics: any, lines?: any, place?: string[], filter: string, but?: string[] }} props
 *   `lines` are the steps of its counters by path, `place` the group that is opened, `but` names what the screen shows by itself
 */
export function Declared({ declared, metrics, lines, place = [], filter, but = [] }) {
  const seconds = metrics.period?.length ?? 0;
  const all = found(declared, metrics, place).filter(({ name }) => !but.includes(name));
  const rows = counts(all, place.length ? null : lines, declared.schema);
  const spread = all.filter(({ value, metric }) => ["rate", "quantiles"].includes(metric.kind) && value);
  const lists = all.filter(({ metric }) => ["top", "histogram"].includes(metric.kind));
  const distinct = all.filter(({ metric }) => metric.kind === "cardinality");
  const wholes = Object.fromEntries(["", "in", "out", "unknown"].map((direction) => [direction, rows.map(({ by }) => by[direction] ?? 0).find((n) => n > 0) ?? 0]));
  const apart = breakdowns(declared, place);
  if (!all.length && !apart.length) return html`<${State} title="It shows nothing">All its groups are off. <a href=${link("policies")}>Switch them on in the policy</a>.<//>`;
  return html`${distinct.length > 0 && html`<${Tiles} tiles=${distinct.map(({ name, value, direction }) => ({ name: `${titled(name.replace(/^cardinality\./, ""))}${direction && `, ${direction}`}`, value: short(value), note: "different ones" }))} />`}
    <div class="grid">${rows.length > 0 && html`<${Counts} rows=${rows} seconds=${seconds} filter=${filter} width=${spread.length ? 6 : 12} />`}
      ${spread.length > 0 && html`<${Quantiles} rows=${spread} filter=${filter} width=${rows.length ? 6 : 12} />`}
      ${apart.map((one) => html`<${Groups} key=${one.lead.join()} id=${one.lead.join(".")} title=${titled(one.lead.at(-2) ?? "")} sub="kept apart by ${one.labels.join(", ")}" columns=${groupColumns(one, place)} rows=${groups(metrics, one.lead, place)} filter=${filter} />`)}
      <${Lists} all=${lists} filter=${filter} wholes=${wholes} /><${Silent} declared=${declared} /></div>`;
}
