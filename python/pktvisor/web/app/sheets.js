// Style sheets that only some screens need. A report has all of them inside.
import { report } from "./server.js";

/** Load a sheet; a screen waits for it, so that it is never drawn without. @param {string} name */
export const sheet = (name) =>
  report ||
  new Promise((resolve) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: new URL(`../${name}.css`, import.meta.url).href, onload: resolve, onerror: resolve });
    document.head.append(link);
  });
