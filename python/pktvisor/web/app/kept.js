// The windows that an agent keeps of a policy.
import { useDocument } from "./documents.js";
import { stamp, tick } from "./live.js";
import { report } from "./server.js";

/** How many windows there are, the open one with them, and since when. @param {string} policy @returns {{ count: number, since: number | null }} */
export function useKept(policy) {
  const { value } = useDocument(report || !policy ? null : `policies/${encodeURIComponent(policy)}`, stamp(policy, "window"));
  const modules = Object.values(value?.[policy]?.modules ?? {});
  const periods = /** @type {any[]} */ (modules.map((module) => /** @type {any} */ (module).metrics?.periods).find(Boolean) ?? []);
  const length = value?.[policy]?.length_s ?? 60;
  return { count: periods.length, since: tick.value && periods.length ? tick.value.time - periods.length * length : null };
}
