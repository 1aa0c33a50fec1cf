// Who needs a token gives it here; it goes to the server once and is kept nowhere in the page.
import { html, useSignal } from "../../vendor.js";
import { session, signIn } from "../server.js";

export function SignIn() {
  const fault = useSignal("");
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    try {
      await signIn(String(new FormData(form).get("token")).trim());
    } catch (error) {
      fault.value = /** @type {Error} */ (error).message;
      form.reset();
    }
  };
  return html`<main class="signin"><form onSubmit=${submit}><h1>${session.value?.agent}</h1><p>This needs a token. Whoever runs it makes one by <code>pktvisord make-token</code>.</p>
    <label>Token <input name="token" type="password" autocomplete="current-password" required autofocus /></label><button class="button main">Sign in</button>
    <p role="alert" class="bad">${fault.value}</p></form></main>`;
}
