// The 10 s steps of the last hour. Each answer brings those since the one before, so that an hour is asked for once.
import { signal, useEffect } from "../vendor.js";
import { ask } from "./server.js";
import { length, merged } from "./steps.js";

/** @typedef {import("./figures.js").Series} Series */

const MOST_POLICIES = 8;
/** @type {Map<string, { value: Series | null }>} */
const kept = new Map();

/**
 * @param {string} policy empty asks for nothing
 * @param {unknown} stamp changes when there is another step
 * @returns {Series | null}
 */
export function useSeries(policy, stamp) {
  let found = kept.get(policy);
  if (!found) {
    if (kept.size >= MOST_POLICIES) kept.clear();
    kept.set(policy, (found = signal(/** @type {Series | null} */ (null))));
  }
  const series = found;
  useEffect(() => {
    if (!policy) return;
    const path = `policies/${encodeURIComponent(policy)}/series`;
    const { value } = series;
    // The newest step is asked for again: a late packet may have come to it.
    const since = value ? `?since=${value.start + Math.max(0, length(value) - 1) * value.step_s}` : "";
    const take = async () => {
      series.value = merged(value, await ask(path + since)) ?? (await ask(path));
    };
    take().catch(() => {}); // the charts stay, and the next step asks again
  }, [policy, stamp]);
  return series.value;
}
