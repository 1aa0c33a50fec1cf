// The packets that just passed, as a capture file to look into with other tools.
import { html, useSignal } from "../../vendor.js";
import { change, link, param } from "../address.js";
import { useDocument } from "../documents.js";
import { Panel } from "../parts/panel.js";
import { State, waits } from "../parts/state.js";
import { save } from "../saving.js";
import { missingRight } from "../server.js";
import { sheet } from "../sheets.js";
import { count, short } from "../units.js";

await sheet("agent");

/** @type {import("../screen.js").Screen} */
export const screen = { name: "packets", title: "Packets", group: "Agent", order: 130, of: "agent", isLive: true };

const MB = 1_000_000;
const PACKET_BLOCK = 6;

/** How many packets are in a capture file (pcapng). @param {ArrayBuffer} file */
function packetsIn(file) {
  const view = new DataView(file);
  let packets = 0;
  for (let at = 0; at + 8 <= view.byteLength; at += view.getUint32(at + 4, true) || view.byteLength) if (view.getUint32(at, true) === PACKET_BLOCK) packets++;
  return packets;
}

export function View() {
  const reading = useDocument("inputs");
  const fault = useSignal("");
  const done = useSignal("");
  const right = missingRight();
  if (right) return html`<${State} title="Packets hold what people say to each other">Whoever may change the agent may have them: ${right}.<//>`;
  const waiting = waits(reading);
  if (waiting) return waiting;
  const inputs = Object.entries(reading.value).filter(([, { memory }]) => memory?.lookback);
  if (!inputs[0]) return html`<${State} title="No input keeps packets">Those of interfaces do, unless the agent runs with --lookback-mb 0. <a href=${link("inputs")}>See the inputs</a>.<//>`;
  const submit = async (/** @type {any} */ event) => {
    event.preventDefault();
    const { input, filter, seconds, size } = /** @type {Record<string, string>} */ (Object.fromEntries(new FormData(event.target)));
    change({ input, bpf: filter, seconds, size });
    fault.value = done.value = "";
    try {
      const response = await fetch(`api/v1/inputs/${encodeURIComponent(input)}/pcap?${new URLSearchParams({ filter, bytes: String(+size * MB), ...(seconds && { seconds }) })}`);
      const file = await response.arrayBuffer();
      const packets = response.ok ? packetsIn(file) : 0;
      if (!response.ok) fault.value = JSON.parse(new TextDecoder().decode(file)).error;
      else if (packets) save(`${input}.pcapng`, "application/x-pcapng", file);
      done.value = packets ? `Saved: ${count(packets)} packets, ${short(file.byteLength, "B")}.` : fault.value ? "" : "None of the packets that are kept passes: nothing is saved.";
    } catch {
      fault.value = "Nobody answers.";
    }
  };
  // What is written stays until it is sent, whatever is drawn anew meanwhile: fields begin with what the address says.
  return html`<${Panel} title="Recent packets" sub="the newest of each input, no older than two minutes"><form class="form" onSubmit=${submit}>
    <label>Input <select name="input" value=${param("input", inputs[0][0])} onChange=${(/** @type {any} */ event) => change({ input: event.target.value })}>${inputs.map(([name, { memory }]) => html`<option value=${name}>${name} (${short(memory.lookback, "B")} kept)</option>`)}</select></label>
    <label>Filter, in tcpdump's language <input name="filter" defaultValue=${param("bpf")} maxlength="4096" placeholder="port 53 and host 192.0.2.1" spellcheck=${false} aria-invalid=${Boolean(fault.value)} aria-describedby="wrong" /></label><p id="wrong" class="bad" role="alert">${fault.value}</p>
    <label>Seconds, the last <input name="seconds" type="number" min="1" max="86400" defaultValue=${param("seconds")} placeholder="all" /></label>
    <label>Megabytes, at most <input name="size" type="number" min="1" max="32" required defaultValue=${param("size", "8")} /></label>
    <button class="button main">Download</button> <span role="status">${done.value}</span></form><//>`;
}
