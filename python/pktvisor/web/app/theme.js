// Dark and light: as the system has it, until somebody chooses.
import { signal } from "../vendor.js";

const system = matchMedia("(prefers-color-scheme: dark)");
const stored = () => {
  try {
    return localStorage.getItem("pktvisor-theme");
  } catch {
    return null; // a page without storage keeps the choice until it is closed
  }
};

export const theme = signal("light");

function apply() {
  theme.value = document.documentElement.dataset.theme = stored() ?? (system.matches ? "dark" : "light");
}

export function switchTheme() {
  const next = theme.value === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("pktvisor-theme", next);
  } catch {
    // shown, but not kept
  }
  theme.value = document.documentElement.dataset.theme = next;
}

system.addEventListener("change", apply);
apply();

/** What a custom property of style.css is now, for what is painted. @param {string} name */
export const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
