// Dashboards of one's own: panels that the configuration lists.
import { html } from "../../vendor.js";
import { change, param } from "../address.js";
import { useDocument } from "../documents.js";
import { newestMark } from "../live.js";
import { BoardPanel, windowShown } from "../parts/board.js";
import { Segmented } from "../parts/segmented.js";
import { State, waits } from "../parts/state.js";
import { policyShown } from "../shell.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "boards", title: "Dashboards", group: "Measures", order: 85, of: "both", isLive: true };

/** @param {{ filter: string }} props */
export function View({ filter }) {
  const reading = useDocument("dashboards", newestMark());
  const waiting = waits(reading);
  if (waiting) return waiting;
  const boards = /** @type {Record<string, { title: string, panels: import("../parts/board.js").Asked[] }>} */ (reading.value);
  const names = Object.keys(boards);
  if (!names.length) return html`<${State} title="No dashboards yet">A dashboard is a list of panels in the configuration. <a href="docs/how-to/make-a-dashboard.html">Make one</a>.<//>`;
  const board = param("board") in boards ? param("board") : names[0];
  return html`${names.length > 1 && html`<p class="trail"><${Segmented} label="Dashboard" value=${board} options=${names.map((name) => [name, boards[name].title])} choose=${(/** @type {string} */ name) => change({ board: name })} /></p>`}
    <div class="grid">${boards[board].panels.map((asked, i) => html`<${BoardPanel} key="${board} ${i}" asked=${asked} shown=${policyShown()} window=${windowShown()} filter=${filter} />`)}</div>`;
}
