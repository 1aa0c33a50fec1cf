// The libraries of the page, as one module: `npm run bundle` writes it beside the page's own modules. Charts have theirs.
export { render } from "preact";
export { useEffect, useLayoutEffect, useRef } from "preact/hooks";
export { batch, computed, effect, signal, useSignal, useComputed } from "@preact/signals";
export { html } from "htm/preact";
