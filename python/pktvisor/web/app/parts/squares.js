// Agents as squares, apart by a tag: patterns of many at a glance. One canvas for each value, so that thousands cost little.
import { html, useEffect, useRef } from "../../vendor.js";
import { sized } from "../canvas.js";
import { Name } from "../names.js";
import { colourOf, theme } from "../theme.js";

/** @typedef {import("../hub.js").Named} Named */
const PITCH = 15;
const SIZE = 12;

/** One agent; each state has a shape of its own. @param {CanvasRenderingContext2D} paint @param {string} state @param {number} x @param {number} y @param {Record<string, string>} colours */
function drawState(paint, state, x, y, colours, size = SIZE) {
  const box = (/** @type {string} */ colour, top = 0, height = size) => {
    paint.fillStyle = colour;
    paint.fillRect(x, y + top, size, height);
  };
  const frame = (/** @type {string} */ colour, width = 1.500) => {
    paint.strokeStyle = colour;
    paint.lineWidth = width;
    paint.strokeRect(x + width / 2, y + width / 2, size - width, size - width);
  };
  const line = (/** @type {number[][]} */ ...points) => {
    paint.beginPath();
    for (const [dx, dy] of points) paint.lineTo(x + dx, y + dy);
  };
  if (state === "live") box(colours.live);
  else if (state === "losing") (box(colours.live), box(colours.warn, 0, size / 2));
  else if (state === "drift") frame(colours.drift, 3);
  else if (state === "stale") (frame(colours.warn), line([0, size], [0, 0], [size, 0]), (paint.fillStyle = colours.warn), paint.fill());
  else (frame(colours.bad), line([2, 2], [size - 2, size - 2]), paint.stroke(), line([size - 2, 2], [2, size - 2]), paint.stroke());
}

const stateColours = () => ({ live: colourOf("rc-noerror"), warn: colourOf("warn-fill"), drift: colourOf("c4"), bad: colourOf("bad-fill") });

/** The columns of so many squares: nearly a square, and no wider than what there is. @param {number} n */
const columnsOf = (n) => Math.max(6, Math.min(Math.ceil(Math.sqrt(n * 1.5)), Math.floor((Math.min(innerWidth, 1400) - 80) / PITCH)));

/** @param {{ value: string, agents: Named[], isFaint: (agent: Named) => boolean, choose: (agent: Named) => void, to: string }} props */
export function Squares({ value, agents, isFaint, choose, to }) {
  const place = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const columns = columnsOf(agents.length);
  const look = theme.value;
  useEffect(() => {
    if (!place.current) return;
    const paint = sized(place.current, Math.min(columns, agents.length) * PITCH, Math.ceil(agents.length / columns) * PITCH);
    const colours = stateColours();
    agents.forEach((agent, i) => {
      paint.globalAlpha = isFaint(agent) ? 0.25 : 1;
      drawState(paint, agent.state, (i % columns) * PITCH, Math.floor(i / columns) * PITCH, colours);
    });
  }, [agents, columns, look, isFaint]);
  const under = (/** @type {MouseEvent} */ { offsetX, offsetY }) => agents[Math.floor(offsetY / PITCH) * columns + Math.floor(offsetX / PITCH)];
  const point = (/** @type {any} */ event) => {
    const agent = under(event);
    event.target.title = agent ? `${agent.name}: ${agent.state}` : "";
  };
  return html`<li><a href=${to}><${Name} of=${value || "none"} /></a> <span class="sub">${agents.length}</span><canvas ref=${place} onMouseMove=${point} onClick=${(/** @type {MouseEvent} */ event) => under(event) && choose(under(event))} role="img" aria-label="${agents.length} agents; the table below has each"></canvas></li>`;
}
