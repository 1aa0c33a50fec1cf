// The keys that work on all screens. Texts that somebody writes keep theirs.
import { address, change, link, windowAsked } from "./address.js";
import { pause } from "./live.js";
import { switchTheme } from "./theme.js";
import { isInBits } from "./units.js";

/** Key and what it does, as the help shows them. */
export const KEYS = [
  ["1 … 9, 0", "screens in their order"],
  ["space", "pause, go on"],
  ["/", "filter names and panels"],
  ["b", "volumes in bits or bytes"],
  ["t", "dark or light"],
  ["[ ]", "shorter or longer window; of a hub, back and on in time"],
  ["Esc", "clear the filter, close a menu"],
  ["?", "these keys"],
];

/** @param {import("./screen.js").Screen[]} screens @param {number[]} windows */
export function listenToKeys(screens, windows) {
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") escape(target);
    if (target.matches("input, textarea, select")) return;
    const digit = "1234567890".indexOf(event.key);
    const window = windows.indexOf(windowAsked());
    if (digit >= 0 && event.key && screens[digit]) location.hash = link(screens[digit].name);
    else if (event.key === " " && !target.closest("button, a, summary")) pause();
    else if (event.key === "/") document.querySelector(/** @type {"input"} */ ("#filter"))?.focus();
    else if (event.key === "b") switchVolume();
    else if (event.key === "t") switchTheme();
    else if (event.key === "?") document.querySelector(/** @type {"dialog"} */ ("#help"))?.showModal();
    else if ("[]".includes(event.key) && windows.length) change({ window: windows[window + (event.key === "]" ? 1 : -1)] ?? windows[window] });
    else return;
    event.preventDefault();
  };
  addEventListener("keydown", pressed);
  return () => removeEventListener("keydown", pressed);
}

export const switchVolume = () => change({ volume: isInBits() ? "bytes" : "" });

/** @param {HTMLElement} target */
function escape(target) {
  if (target.id === "filter") change({ filter: "" });
  for (const menu of document.querySelectorAll(/** @type {"details"} */ ("details.menu[open]"))) menu.open = false;
  if (address.value) target.blur();
}
