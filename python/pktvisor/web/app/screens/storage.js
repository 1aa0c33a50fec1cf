// What is kept, for how long, and what was turned away?
import { html } from "../../vendor.js";
import { useDocument } from "../documents.js";
import { minute } from "../hub.js";
import { Panel } from "../parts/panel.js";
import { stepText } from "../parts/cost.js";
import { waits } from "../parts/state.js";
import { Tiles } from "../parts/tiles.js";
import { count, duration, moment, percent, short } from "../units.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "storage", title: "Storage", group: "Manage", order: 130, of: "hub" };

const LEAST_FREE = 0.1;
/** Counters of what is lost or in part: one of them above 0 deserves a look. */
const LOSS = /refused|left_out|damaged|cut_off|set_aside|forgotten|shortened|failures|lost|removed/;

/** @param {{ filter: string }} shown */
export function View({ filter }) {
  const reading = useDocument("hub/storage", Math.floor(minute.value / 5));
  const { value: hub } = useDocument("hub", minute.value);
  const waiting = waits(reading);
  if (waiting) return waiting;
  const { disk_bytes: disk, free_bytes: free, most_bytes: most, memory_bytes: memory, journal, kept } = reading.value;
  const sealed = kept.reduce((/** @type {number} */ all, /** @type {any} */ { bytes }) => all + bytes, 0);
  const tiles = [
    { name: "Sealed", value: short(sealed, "B"), note: most ? `of ${short(most, "B")}: the oldest go first` : "no bound but the days below", isBad: most > 0 && sealed > most },
    { name: "Journal", value: short(journal.bytes, "B"), note: `${count(journal.deliveries)} deliveries not sealed yet, ${count(journal.segments)} segments` },
    { name: "Disk free", value: short(free, "B"), note: `${percent(free / disk)} of ${short(disk, "B")}`, isBad: free / disk < LEAST_FREE },
    { name: "Minutes in memory", value: short(memory, "B"), note: "merged, for what is asked now" },
    { name: "Deliveries", value: short(hub?.counters.deliveries), note: `${short(hub?.counters.bytes, "B")} since the start` },
  ];
  return html`<${Tiles} tiles=${tiles} /><div class="grid"><${Kept} kept=${kept} /><${Counters} of=${hub?.counters ?? {}} filter=${filter} /></div>`;
}

/** What is sealed, by its steps. @param {{ kept: any[] }} props */
function Kept({ kept }) {
  const name = (/** @type {any} */ { kind, step_s: step }) => (kind === "windows" ? "agents' own windows" : `merged, ${stepText(step)}`);
  const begin = Math.min(...kept.map(({ from }) => from ?? Infinity));
  const end = Math.max(...kept.map(({ to }) => to ?? 0));
  const share = (/** @type {number} */ time) => (100 * (time - begin)) / (end - begin || 1);
  const sheet = () => ({ columns: ["what", "step s", "files", "bytes", "from", "to", "kept days"], rows: kept.map((one) => [name(one), one.step_s, one.files, one.bytes, one.from && moment(one.from), one.to && moment(one.to), one.days]) });
  return html`<${Panel} title="Kept" sub="what is too old goes; where the disk is bound, from the top down" width=${8} sheet=${sheet}><div class="scroll" tabindex="0"><table class="wide"><thead><tr><th scope="col">What</th>${["Size", "Files", "From", "To", "Kept for", "Reaches back"].map((one, i) => html`<th scope="col" class=${i < 5 ? "num" : ""}>${one}</th>`)}</tr></thead>
    <tbody>${kept.map((one) => html`<tr key=${name(one)}><td>${name(one)}</td><td class="num">${short(one.bytes, "B")}</td><td class="num">${count(one.files)}</td><td class="num">${one.from ? moment(one.from).slice(0, 16) : "–"}</td><td class="num">${one.to ? moment(one.to).slice(0, 16) : "–"}</td><td class="num">${duration(one.days * 86400)}</td>
      <td><svg class="gaps" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="12" />${one.from && html`<rect class="c-decoded" x=${share(one.from)} width=${Math.max(1, share(one.to) - share(one.from))} height="12" />`}</svg></td></tr>`)}</tbody></table></div><//>`;
}

/** What came, and what was turned away or lost. @param {{ of: Record<string, number>, filter: string }} props */
function Counters({ of, filter }) {
  const rows = Object.entries(of).filter(([name]) => name.includes(filter.toLowerCase())).sort(([a, n], [b, m]) => Number(m > 0 && LOSS.test(b)) - Number(n > 0 && LOSS.test(a)) || Number(m > 0) - Number(n > 0) || a.localeCompare(b));
  return html`<${Panel} title="Since the start" sub="what was lost or refused first" width=${4} sheet=${() => ({ columns: ["counter", "count"], rows })}><table><tbody>${rows.map(([name, n]) => html`<tr key=${name}><td>${name.replaceAll("_", " ")}</td><td class="num ${n && LOSS.test(name) ? "warn" : n ? "" : "sub"}">${count(n)}</td></tr>`)}</tbody></table><//>`;
}
