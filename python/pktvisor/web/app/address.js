// What is shown stands in the address, so that a link shows the same: `#/dns?policy=edge&window=5`. Never a token.
import { signal } from "../vendor.js";

/** @typedef {Record<string, string | number | boolean | null | undefined>} Changes */

/** A text of the address that nobody can decode is no screen's name. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const read = () => {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { screen: decoded(path), params: new URLSearchParams(query) };
};

export const address = signal(read());
addEventListener("hashchange", () => (address.value = read()));

/** A parameter of the address. @param {string} name @param {string} [otherwise] */
export const param = (name, otherwise = "") => address.value.params.get(name) ?? otherwise;

/** So many windows are shown, 0 for the open one; what is no such number shows those that are shown first. */
export const windowAsked = () => (/^\d{1,4}$/.test(param("window")) ? Number(param("window")) : 5);

/** KEPT over a change of screen; all else belongs to one screen. */
const KEPT = ["policy", "window", "from", "to", "range", "direction", "unit", "volume"];

/** The address of a screen with some parameters changed; empty ones go. @param {string} screen @param {Changes} [changes] */
export function link(screen, changes = {}) {
  const here = address.value;
  const params = new URLSearchParams();
  for (const [name, value] of here.params) if (screen === here.screen || KEPT.includes(name)) params.set(name, value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === null || value === "" || value === false) params.delete(name);
    else params.set(name, String(value));
  }
  const query = params.toString();
  return `#/${encodeURIComponent(screen)}${query && `?${query}`}`;
}

/** Change parameters of this screen's address, without a step in the browser's history. @param {Changes} changes */
export function change(changes) {
  history.replaceState(null, "", link(address.value.screen, changes));
  address.value = read();
}
