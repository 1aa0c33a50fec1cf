// A table of any length that scrolls with the page, and whose rows are cards on a phone: only those in sight are drawn.
import { html, useEffect, useRef, useSignal } from "../../vendor.js";
import { useMade } from "../hub.js";

const AROUND = 24;

/** The rows in sight; those that stood there before are the same elements, which are not looked at again. @param {Map<any, any>} drawn @param {any[]} rows @param {(row: any) => any} row */
function kept(drawn, rows, row) {
  const elements = rows.map((one) => drawn.get(one) ?? row(one));
  drawn.clear();
  rows.forEach((one, i) => drawn.set(one, elements[i]));
  return elements;
}

/**
 * @param {{ label: string, head: any, rows: any[], row: (row: any) => any, height: number, columns: number, look?: string }} props
 *   `height` of each row in px; `row` gives its `<tr>`; `look` is a class more
 */
export function Windowed({ label, head, rows, row, height, columns, look = "" }) {
  const body = useRef(/** @type {HTMLElement | null} */ (null));
  const first = useSignal(0);
  const shown = Math.ceil(innerHeight / height) + 2 * AROUND;
  useEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      if (!body.current) return;
      const above = Math.floor(-body.current.getBoundingClientRect().top / height) - AROUND;
      // A step of some rows, so that most frames of a scroll draw nothing anew.
      first.value = Math.max(0, Math.floor(above / (AROUND / 2)) * (AROUND / 2));
    };
    const later = () => (frame ||= requestAnimationFrame(look));
    addEventListener("scroll", later, { passive: true });
    addEventListener("resize", later);
    look();
    return () => (removeEventListener("scroll", later), removeEventListener("resize", later), cancelAnimationFrame(frame));
  }, [height]);
  const drawn = useMade(() => new Map(), [rows, row]);
  const from = Math.max(0, Math.min(first.value, rows.length - shown));
  const gap = (/** @type {number} */ n) => n > 0 && html`<tr aria-hidden="true"><td colspan=${columns} ref=${(/** @type {HTMLElement | null} */ cell) => cell && (cell.style.height = `${n * height}px`)}></td></tr>`;
  return html`<table class="windowed ${look}" aria-label=${label} aria-rowcount=${rows.length + 1}><thead>${head}</thead><tbody ref=${body}>${gap(from)}${kept(drawn, rows.slice(from, from + shown), row)}${gap(rows.length - from - shown)}</tbody></table>`;
}
