// The page begins here: who may look, then the shell around the screen that the address names.
import { effect, html, render } from "../vendor.js";
import { listen } from "./live.js";
import { SignIn } from "./parts/signin.js";
import { readSession, session } from "./server.js";
import { Shell } from "./shell.js";
import "./theme.js";

function Page() {
  if (!session.value) return null;
  return session.value.scope ? html`<${Shell} />` : html`<${SignIn} />`;
}

const place = /** @type {HTMLElement} */ (document.getElementById("app"));
try {
  await readSession();
  place.replaceChildren();
  render(html`<${Page} />`, place);
  let isListening = false;
  effect(() => {
    if (session.value?.scope && !isListening) {
      isListening = true;
      listen();
    }
  });
} catch (error) {
  place.append(`${/** @type {Error} */ (error).message} Load the page again once the program runs.`);
}
