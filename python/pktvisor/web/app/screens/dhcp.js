// DHCP: does everybody who asks get an address, and from whom?
import { html } from "../../vendor.js";
import { number } from "../figures.js";
import { Declared } from "../parts/declared.js";
import { useHandler } from "../parts/handler.js";
import { Tiles } from "../parts/tiles.js";
import { percent, short } from "../units.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "dhcp", title: "DHCP", group: "Measures", order: 50, of: "agent", schemas: ["dhcp"] };

/** Messages of both versions that mean the same. @type {[string, string[], string][]} */
const KINDS = [
  ["Looking for a server", ["discover", "solicit"], "DISCOVER and SOLICIT"],
  ["Offers", ["offer", "advertise"], "OFFER and ADVERTISE"],
  ["Requests", ["request", "request_v6", "renew_v6", "rebind_v6"], "renewals, too"],
  ["Given", ["ack", "reply"], "ACK and REPLY"],
  ["Refused", ["nak", "decline", "decline_v6"], "NAK and DECLINE"],
];

/** @param {import("../screen.js").Shown} shown */
export function View(shown) {
  const { waiting, chosen } = useHandler(shown, screen.schemas);
  if (!chosen) return waiting;
  const { metrics, lines } = chosen;
  const sum = (/** @type {string[]} */ names) => names.reduce((all, name) => all + (number(metrics, `wire_packets.${name}`) ?? 0), 0);
  const requests = sum(KINDS[2][1]);
  const seconds = metrics.period?.length || 1;
  const tiles = KINDS.map(([name, paths, note]) => ({ name, value: short(sum(paths) / seconds, "/s"), series: lines?.[`dhcp.wire_packets.${paths[0]}`], note: name === "Given" && requests ? `${percent(Math.min(1, sum(paths) / requests))} of requests` : note, isBad: name === "Refused" && sum(paths) > 0.05 * requests && requests > 0 }));
  return html`${chosen.choice}<${Tiles} tiles=${tiles} /><${Declared} key=${chosen.instance} ...${chosen} filter=${shown.filter} />`;
}
