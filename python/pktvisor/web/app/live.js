// One stream of events, whatever is shown; the tabs of a browser share it where the browser lets them.
import { computed, effect, signal } from "../vendor.js";
import { report, readSession } from "./server.js";

/** @typedef {{ time: number, up_time_s: number, policies: Record<string, { window: number | null, step: number | null }>, inputs: Record<string, Record<string, number>>, mark: number }} Tick */

const STALE_S = 5;
const GONE_S = 60;

/** The newest tick that came. @type {{ value: Tick | null }} */
export const newest = signal(/** @type {Tick | null} */ (null));
/** When it came, by this machine's clock, and what that clock shows now: Unix seconds. */
export const heard = signal(Date.now() / 1000);
export const now = signal(Date.now() / 1000);
/** The tick at which the page was paused; null while it runs. @type {{ value: Tick | null }} */
export const pausedAt = signal(/** @type {Tick | null} */ (null));
/** What the page shows: the newest tick, or that of the pause. @type {{ readonly value: Tick | null }} */
export const tick = computed(() => pausedAt.value ?? newest.value);
/** Seconds since anything was heard. */
export const silence = computed(() => Math.max(0, now.value - heard.value));
/** @type {{ readonly value: "live" | "paused" | "stale" | "gone" | "report" }} */
export const state = computed(() => {
  if (report) return "report";
  if (silence.value > GONE_S) return "gone";
  if (silence.value > STALE_S) return "stale";
  return pausedAt.value ? "paused" : "live";
});

export function pause() {
  pausedAt.value = pausedAt.value ? null : newest.value;
}

/** @param {string} data */
function take(data) {
  const told = JSON.parse(data);
  heard.value = now.value = Date.now() / 1000;
  if (!document.hidden) newest.value = told;
  waiting = told;
}
/** The newest tick of a hidden tab, which draws nothing. @type {Tick | null} */
let waiting = null;

/** Hold the stream until the page goes, and tell the other tabs. @param {BroadcastChannel | null} others */
function hold(others) {
  return new Promise(() => {
    let wait = 1000;
    const open = () => {
      const stream = new EventSource("api/v1/events");
      stream.addEventListener("tick", ({ data }) => {
        wait = 1000;
        take(data);
        others?.postMessage(data);
      });
      stream.onerror = () => {
        stream.close();
        setTimeout(open, wait);
        wait = Math.min(wait * 2, 15_000);
        readSession().catch(() => {});
      };
    };
    open();
  });
}

export function listen() {
  if (report) return void (newest.value = report.report.tick);
  setInterval(() => (now.value = Date.now() / 1000), 1000);
  document.addEventListener("visibilitychange", () => document.hidden || (newest.value = waiting));
  // A proxy may serve several agents under one name, each below a path of its own.
  const name = `pktvisor ${location.pathname}`;
  const others = "BroadcastChannel" in window && navigator.locks ? new BroadcastChannel(name) : null;
  if (!others) return void hold(null);
  others.onmessage = ({ data }) => take(data);
  void navigator.locks.request(name, () => hold(others));
}

const MOST_KEPT = 100;
/** @type {Map<string, { readonly value: any }>} */
const kept = new Map();

/** Something that ticks tell: who shows it is drawn again when it has changed, not at each tick. @param {string} name @param {(tick: Tick) => any} read */
function told(name, read) {
  let found = kept.get(name);
  if (!found) {
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(name, (found = computed(() => tick.value && read(tick.value))));
  }
  return found.value;
}

/** Something that changes when a policy has another window (or step); parts ask again then. @param {string} policy @param {"window" | "step"} of @returns {number} */
export const stamp = (policy, of) => told(`${of} of ${policy}`, ({ policies }) => policies[policy]?.[of]) ?? 0;
/** Something that changes once in so many seconds. @param {number} seconds @returns {number} */
export const every = (seconds) => told(`every ${seconds} s`, ({ time }) => Math.floor(time / seconds)) ?? 0;
/** Something that changes when there is another mark. @returns {number} */
export const newestMark = () => told("mark", ({ mark }) => mark) ?? 0;
/** @returns {string[]} */
export const policyNames = () => JSON.parse(told("policies", ({ policies }) => JSON.stringify(Object.keys(policies))) ?? "[]");

// Colours fade while the figures are old.
effect(() => {
  document.documentElement.classList.toggle("old", ["stale", "gone"].includes(state.value));
});
