// Tiles: a figure, what it was over time, how it is spread.
import { html } from "../../vendor.js";
import { Sparkline } from "./sparkline.js";

/** @typedef {{ name: string, value: string, series?: (number | null)[] | null, note?: any, to?: string, isBad?: boolean }} Tile */

/** @param {{ tiles: Tile[] }} props */
export const Tiles = ({ tiles }) => html`<div class="tiles">${tiles.map(({ name, value, series, note, to, isBad }) => {
  const [figure, ...unit] = value.split(" ");
  return html`<a class="tile ${isBad ? "bad" : ""}" key=${name} href=${to}><span class="sub">${name}</span>
    <span class="figure"><b>${figure}</b> ${unit.join(" ")}${series && html`<${Sparkline} values=${series} isBad=${isBad} />`}</span><span class="sub">${note}</span></a>`;
})}</div>`;
