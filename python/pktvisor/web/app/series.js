// The 10 s steps of the last hour. Each answer brings those since the one before, so that an hour is asked for once.
import { signal, useEffect } from "../vendor.js";
import { ask, inTurn } from "./server.js";
import { length, merged } from "./steps.js";

/** @typedef {import("./figures.js").Series} Series */

const MOST_POLICIES = 8;
/** @type {Map<string, { series: { value: Series | null }, fetch: () => Promise<void> }>} */
const kept = new Map();

/** @param {string} policy */
function entry(policy) {
  let found = kept.get(policy);
  if (!found) {
    if (kept.size >= MOST_POLICIES) kept.clear();
    const series = signal(/** @type {Series | null} */ (null));
    kept.set(policy, (found = { series, fetch: inTurn(() => fetchInto(policy, series)) }));
  }
  return found;
}

/** @param {string} policy @param {{ value: Series | null }} series */
async function fetchInto(policy, series) {
  const path = `policies/${encodeURIComponent(policy)}/series`;
  const { value } = series;
  // The newest step is asked for again: a late packet may have come to it.
  const since = value ? `?since=${value.start + Math.max(0, length(value) - 1) * value.step_s}` : "";
  try {
    series.value = merged(value, await ask(path + since)) ?? (await ask(path));
  } catch {
    // the charts stay, and the next step asks again
  }
}

/**
 * @param {string} policy empty asks for nothing
 * @param {unknown} stamp changes when there is another step
 * @returns {Series | null}
 */
export function useSeries(policy, stamp) {
  const { series, fetch } = entry(policy);
  useEffect(() => {
    if (policy) void fetch();
  }, [policy, stamp]);
  return series.value;
}
