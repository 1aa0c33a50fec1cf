// Parts whose files are loaded when they are first shown: what stands above and beside them does not wait.
import { html, signal, useEffect } from "../../vendor.js";
import { Loading, State } from "./state.js";

/** @param {() => Promise<(props: any) => any>} load @returns {(props: any) => any} */
export function later(load) {
  const part = signal(/** @type {{ View: (props: any) => any } | null} */ (null));
  return (props) => {
    useEffect(() => {
      if (!part.value) load().then((View) => (part.value = { View }), () => (part.value = { View: NotLoaded }));
    }, []);
    return part.value ? html`<${part.value.View} ...${props} />` : html`<div class="w12 soon"><${Loading} /></div>`;
  };
}

const NotLoaded = () => html`<${State} title="This can't be loaded" mark="bad">Load the page again: the program may have another version now.<//>`;
