// Probes: which targets answer, how fast, and what is lost on the way.
import { html } from "../../vendor.js";
import { breakdowns, groups } from "../declared.js";
import { Declared, Groups, Trail, placeShown } from "../parts/declared.js";
import { useHandler } from "../parts/handler.js";
import { Mark } from "../parts/mark.js";
import { Tiles } from "../parts/tiles.js";
import { micros, percent } from "../units.js";

/** @typedef {import("../declared.js").Group} Group */

/** @type {import("../screen.js").Screen} */
export const screen = { name: "probes", title: "Probes", group: "Measures", order: 70, of: "agent", schemas: ["netprobe"] };

/** Share of the attempts of which no answer came in time. @param {any} target */
const lost = ({ attempts = 0, successes = 0 }) => (attempts ? Math.max(0, 1 - successes / attempts) : null);

/** @param {string} name @param {(value: any) => number | null | undefined} read */
const time = (name, read) => ({ name, of: (/** @type {Group} */ { value }) => read(value), show: (/** @type {Group} */ { value }) => micros(read(value)) });

const COLUMNS = [
  { name: "target", of: (/** @type {Group} */ { path }) => path[1] },
  { name: "attempts", of: (/** @type {Group} */ { value }) => value.attempts },
  { name: "unanswered", help: "share of the attempts", of: (/** @type {Group} */ { value }) => lost(value), show: (/** @type {Group} */ { value }) => html`${(lost(value) ?? 0) > 0 && html`<${Mark} of=${(lost(value) ?? 0) > 0.5 ? "bad" : "warn"} /> `}${percent(lost(value))}` },
  { name: "refused", help: "connections that were refused or failed, names that were not found", of: (/** @type {Group} */ { value }) => (value.connect_failures ?? 0) + (value.dns_lookup_failures ?? 0) },
  { name: "late", help: "answers after the timeout", of: (/** @type {Group} */ { value }) => value.packets_late },
  time("fastest", ({ response_min_us: us }) => us),
  time("p50", ({ response_quantiles_us: us }) => us?.p50),
  time("p95", ({ response_quantiles_us: us }) => us?.p95),
  time("slowest", ({ response_max_us: us }) => us),
  time("jitter p95", ({ jitter_us: us }) => us?.p95),
];

/** @param {import("../screen.js").Shown} shown */
export function View(shown) {
  const { waiting, chosen } = useHandler(shown, screen.schemas);
  if (!chosen) return waiting;
  const { declared, metrics, choice } = chosen;
  const place = placeShown();
  if (place.length) return html`${choice}<${Trail} place=${place} /><${Declared} declared=${declared} metrics=${metrics} place=${place} filter=${shown.filter} />`;
  const targets = breakdowns(declared, []).slice(0, 1).flatMap(({ lead }) => groups(metrics, lead, []));
  const columns = COLUMNS.filter(({ of }) => targets.some((target) => (of(target) ?? null) !== null));
  const all = (/** @type {string} */ key) => targets.reduce((sum, { value }) => sum + (value[key] ?? 0), 0);
  const silent = targets.filter(({ value }) => value.attempts && !value.successes);
  const slowest = targets.filter(({ value }) => value.response_max_us).sort((a, b) => b.value.response_max_us - a.value.response_max_us)[0];
  const share = lost({ attempts: all("attempts"), successes: all("successes") });
  return html`${choice}<${Tiles} tiles=${[
    { name: "Targets", value: String(targets.length), note: silent.length ? `${silent.length} of them silent` : "all of them answer", isBad: silent.length > 0 },
    { name: "Unanswered", value: percent(share), note: "of all attempts", isBad: (share ?? 0) > 0.05 },
    { name: "Slowest answer", value: micros(slowest?.value.response_max_us), note: slowest?.path[1] },
  ]} /><div class="grid"><${Groups} id="targets" title="Targets" sub="a row opens its figures" columns=${columns} rows=${targets} filter=${shown.filter} order="unanswered" /></div>`;
}
