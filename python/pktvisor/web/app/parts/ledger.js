// What became of each packet: every one is in one line.
import { html } from "../../vendor.js";
import { count, percent } from "../units.js";

/** @type {[string, string, string][]} */
const LINES = [
  ["decoded", "Decoded", "c-decoded"],
  ["filtered", "Filtered by the policy", "c-filtered"],
  ["dropped_by_kernel", "Dropped by the kernel", "bad"],
  ["dropped_by_interface", "Dropped by the interface", "bad"],
  ["dropped_by_us", "Dropped by us", "bad"],
  ["malformed", "Malformed", "warn"],
];

/** @param {{ ledger: Record<string, number> }} props */
export function Ledger({ ledger }) {
  const seen = ledger.seen ?? 0;
  const lines = LINES.map(([key, name, look]) => ({ key, name, look, n: ledger[key] ?? 0 })).filter(({ key, n }) => n || !key.includes("interface"));
  let left = 0;
  return html`<svg class="strip" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">${lines.map(({ look, n }) => {
    const width = seen ? (100 * n) / seen : 0;
    left += width;
    return html`<rect class=${look} x=${left - width} width=${width && Math.max(width, 0.4)} height="8" />`;
  })}</svg><table><tbody>
    <tr><th scope="row">On the wire</th><td class="num">${count(seen)}</td><td class="num">${percent(seen ? 1 : null)}</td></tr>
    ${lines.map(({ name, look, n }) => html`<tr><td class="inner"><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class=${look} width="10" height="10" rx="2" /></svg>${name}</td><td class="num ${n && look}">${count(n)}</td><td class="num">${percent(seen ? n / seen : null)}</td></tr>`)}
  </tbody></table>`;
}

/** @param {Record<string, number>} ledger */
export const ledgerSheet = (ledger) => () => ({ columns: ["what became of it", "packets"], rows: Object.entries(ledger).filter(([, n]) => n).map(([name, n]) => /** @type {[string, number]} */ ([name, n])) });
