// Documents for parts: asked for once whoever wants them, kept while the next one is on its way.
import { signal, useEffect, useRef } from "../vendor.js";
import { ask, Fault, inTurn } from "./server.js";

/** @typedef {{ value: any, fault: Fault | null, isLoading: boolean }} Reading */

const MOST_KEPT = 60;
/** `fetch` asks for it; a slow server is asked for the next once it has answered. @type {Map<string, { reading: { value: Reading }, stamp: unknown, fetch: () => Promise<void> }>} */
const kept = new Map();

/** @param {string} path */
function entry(path) {
  let found = kept.get(path);
  if (!found) {
    const reading = signal(/** @type {Reading} */ ({ value: null, fault: null, isLoading: true }));
    found = { reading, stamp: undefined, fetch: inTurn(() => fetchInto(path, reading)) };
  }
  kept.delete(path);
  kept.set(path, found); // the one asked for last goes last
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_KEPT) break;
    kept.delete(oldest);
  }
  return found;
}

/** @param {string} path @param {{ value: Reading }} reading */
async function fetchInto(path, reading) {
  reading.value = { ...reading.value, isLoading: true };
  try {
    reading.value = { value: await ask(path), fault: null, isLoading: false };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    reading.value = { value: reading.value.value, fault: error, isLoading: false };
  }
}

/**
 * A document, asked for again when its stamp changes; the last one stays until the next is there.
 * @param {string | null} path below /api/v1/; null asks for nothing
 * @param {unknown} [stamp]
 * @returns {Reading}
 */
export const useDocument = (path, stamp = "") => useDocuments(path === null ? [] : [path], stamp)[0] ?? { value: null, fault: null, isLoading: false };

/**
 * Several documents likewise.
 * @param {string[]} paths
 * @param {unknown} [stamp]
 * @returns {Reading[]}
 */
export function useDocuments(paths, stamp = "") {
  const all = paths.map((path) => ({ path, found: entry(path) }));
  const asked = useRef(/** @type {Map<string, unknown>} */ (new Map()));
  useEffect(() => {
    for (const { path, found } of all) {
      // Parts may want one document at different times: each asks when its own stamp changes, none because of another's.
      if (found.stamp !== undefined && (asked.current.get(path) === stamp || found.stamp === stamp)) continue;
      asked.current.set(path, stamp);
      found.stamp = stamp;
      void found.fetch();
    }
    for (const path of asked.current.keys()) if (!paths.includes(path)) asked.current.delete(path);
  });
  return all.map(({ found }) => found.reading.value);
}

/** Ask again at the next chance for all whose path begins so, as after a change. @param {string} start */
export function forget(start) {
  for (const [path, found] of kept) {
    if (path.startsWith(start)) {
      found.stamp = undefined;
      found.reading.value = { ...found.reading.value };
    }
  }
}
