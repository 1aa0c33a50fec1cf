// The windows that an agent keeps of a policy.
import { windowAsked } from "./address.js";
import { useDocument, useDocuments } from "./documents.js";
import { handlersOf } from "./figures.js";
import { stamp, tick } from "./live.js";
import { report } from "./server.js";

/** How many windows there are, the open one with them, and since when. @param {string} policy @returns {{ count: number, since: number | null, most: number, length: number }} `most` may be kept, 0 while nobody knows; `length` of each in seconds */
export function useKept(policy) {
  const { value } = useDocument(report || !policy ? null : `policies/${encodeURIComponent(policy)}`, stamp(policy, "window"));
  const modules = Object.values(value?.[policy]?.modules ?? {});
  const told = modules.map((module) => /** @type {any} */ (module).metrics).find((one) => one?.periods);
  const periods = /** @type {any[]} */ (told?.periods ?? []);
  const length = value?.[policy]?.length_s ?? 60;
  return { count: periods.length, since: tick.value && periods.length ? tick.value.time - periods.length * length : null, most: told?.periods_configured ?? 0, length };
}

/** The handlers of each window that is kept, the oldest first and the open one last; none of a capture, which is one window. @param {string} policy */
export function useWindows(policy) {
  const { count } = useKept(policy);
  const paths = Array.from({ length: report ? 0 : count }, (_, n) => `policies/${encodeURIComponent(policy)}/metrics/bucket/${n}?detail=true`);
  return useDocuments(paths, stamp(policy, "window")).map(({ value }) => handlersOf(value)).reverse();
}

/** Whether a window is over: the count of an open one would look like a fall. @param {import("./figures.js").Handler[]} handlers */
export const isWhole = (handlers) => handlers[0]?.period?.is_closed !== false;

/** Windows that are offered: 0 is the open one, 1 the newest that is whole, others so many together. */
const WINDOWS = [0, 1, 2, 5, 10];

/** Which window is shown, as the address asks and the policy can tell; which ones there are. @param {string} policy @returns {{ window: number, offered: number[], length: number }} */
export function useWindow(policy) {
  const { most, length } = useKept(policy);
  const isTold = (/** @type {number} */ n) => !n || !most || Math.max(2, n) <= most;
  const asked = report ? 0 : windowAsked(); // a capture is one window
  return { window: isTold(asked) ? asked : most < 2 ? 0 : most, offered: WINDOWS.filter(isTold), length };
}
