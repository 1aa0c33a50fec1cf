// All handlers of the policy, whatever they measure: one at a time, with panels that follow from its declarations.
import { html } from "../../vendor.js";
import { Declared, Trail, placeShown } from "../parts/declared.js";
import { useHandler } from "../parts/handler.js";

/** @type {import("../screen.js").Screen} */
export const screen = { name: "handlers", title: "Handlers", group: "Measures", order: 80, of: "agent" };

/** @param {import("../screen.js").Shown} shown */
export function View(shown) {
  const { waiting, chosen } = useHandler(shown);
  if (!chosen) return waiting;
  const place = placeShown();
  return html`${chosen.choice}<${Trail} place=${place} /><${Declared} key=${chosen.instance} ...${chosen} place=${place} filter=${shown.filter} />`;
}
