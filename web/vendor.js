// The libraries of the page, as one module: `npm run bundle` writes it beside the page's own modules. Charts have theirs.
import htm from "htm";
import { h } from "preact";

export { render } from "preact";
export { useEffect, useLayoutEffect, useRef } from "preact/hooks";
export { batch, computed, effect, signal, useSignal, useComputed } from "@preact/signals";

/**
 * Markup in templates. What never changes is made anew each time, by `this[0] = 3`: kept elements would hold the trees that
 * they once were in, and these the ones before them.
 */
export const html = htm.bind(function (type, props, ...children) {
  this[0] = 3;
  return h(type, props, ...children);
});
