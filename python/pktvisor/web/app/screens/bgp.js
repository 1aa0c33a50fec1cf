// BGP: which messages the sessions carry, and whether any of them ended.
import { html } from "../../vendor.js";
import { number } from "../figures.js";
import { Declared } from "../parts/declared.js";
import { useHandler } from "../parts/handler.js";
import { Tiles } from "../parts/tiles.js";
import { count, short } from "../units.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "bgp", title: "BGP", group: "Measures", order: 60, of: "agent", schemas: ["bgp"] };

/** @param {import("../screen.js").Shown} shown */
export function View(shown) {
  const { waiting, chosen } = useHandler(shown, screen.schemas);
  if (!chosen) return waiting;
  const seconds = chosen.metrics.period?.length || 1;
  const tiles = [["Updates", "update", "routes that come and go"], ["Keepalives", "keepalive", "sessions that are up"], ["Opened", "open", "sessions that began"], ["Ended", "notification", "NOTIFICATION says why"]].map(([name, key, note]) => {
    const n = number(chosen.metrics, `wire_packets.${key}`);
    const isEvent = key === "open" || key === "notification";
    return { name, value: isEvent ? count(n) : short(n === null ? n : n / seconds, "/s"), series: chosen.lines?.[`bgp.wire_packets.${key}`], note, isBad: key === "notification" && (n ?? 0) > 0 };
  });
  return html`${chosen.choice}<${Tiles} tiles=${tiles} /><${Declared} key=${chosen.instance} ...${chosen} filter=${shown.filter} />`;
}
