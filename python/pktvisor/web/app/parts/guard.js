// What stands around a screen that may break: it says so, and all around it goes on.
import { html } from "../../vendor.js";
import { State } from "./state.js";

/** @this {any} the component @param {{ children?: any }} props */
export function Guard(props) {
  this.componentDidCatch = (/** @type {unknown} */ fault) => {
    console.error(fault);
    this.setState({ fault });
  };
  const { fault } = this.state ?? {};
  if (!fault) return props.children;
  return html`<${State} title="This can't be shown" mark="bad">${String(fault)}. It is a fault of the page. <button class="button" onClick=${() => this.setState({ fault: null })}>Try again</button><//>`;
}
