// Asks for the agent's or hub's documents. A report carries them inside the page, under the paths that are asked for.
import { signal } from "../vendor.js";

/** @typedef {any} Json A document, as the server's OpenAPI description tells. */
/** @typedef {{ needs_token: boolean, scope: "read" | "admin" | null, name: string | null, admin_api: boolean, is_hub: boolean, agent: string }} Session */

/** Why a question has no answer, as a sentence of the server's. */
export class Fault extends Error {
  /** @param {number} status 0 where nobody answered @param {Json} told */
  constructor(status, told) {
    super(told?.error || told?.detail || (status ? `The server answered ${status}.` : "Nobody answers."));
    this.status = status;
    this.told = told;
  }
}

const embedded = document.getElementById("documents")?.textContent;
/** The documents of a report; null on a page of a server. @type {Record<string, Json> | null} */
export const report = embedded ? JSON.parse(embedded) : null;

/** @type {{ value: Session | null }} */
export const session = signal(/** @type {Session | null} */ (null));

/**
 * @param {string} path below /api/v1/
 * @param {RequestInit} [options]
 * @returns {Promise<Json>} the document
 * @throws {Fault}
 */
export async function ask(path, options) {
  if (report) {
    if (path in report) return report[path];
    throw new Fault(404, { error: "This report holds no such figures." });
  }
  /** @type {Response} */
  let response;
  let text = "";
  try {
    response = await fetch(`api/v1/${path}`, { ...options, signal: AbortSignal.timeout(30_000) });
    text = await response.text(); // an answer may break off
  } catch {
    throw new Fault(0, null);
  }
  /** @type {Json} */
  let told = null;
  try {
    told = text && JSON.parse(text);
  } catch {
    // A proxy's page, as when it reaches nobody: its markup is no sentence.
    if (response.ok || /html/.test(response.headers.get("content-type") ?? "")) throw new Fault(response.ok ? 0 : response.status, { error: `Something between answered ${response.status}, not the program itself.` });
    told = { error: text.slice(0, 500) };
  }
  if (response.ok) return told;
  if (response.status === 401 && path !== "session") await readSession();
  throw new Fault(response.status, told);
}

/** An act that runs once at a time; however often it is wanted meanwhile, it runs once more then. @param {() => Promise<void>} act */
export function inTurn(act) {
  let isAtWork = false;
  let isWanted = false;
  return async () => {
    isWanted = true;
    if (isAtWork) return;
    isAtWork = true;
    try {
      while (isWanted) {
        isWanted = false;
        await act();
      }
    } finally {
      isAtWork = false;
    }
  };
}

/** @param {string} path @param {Json} body @param {string} [method] */
export const send = (path, body, method = "POST") =>
  ask(path, { method, body: typeof body === "string" ? body : JSON.stringify(body), headers: { "content-type": typeof body === "string" ? "application/x-yaml" : "application/json" } });

export async function readSession() {
  session.value = report ? report.report.session : await ask("session");
}

/** What lets who looks change the agent, or see its packets; empty where they may. */
export const missingRight = () => (!session.value?.admin_api ? "start the agent with --admin-api" : session.value.scope === "admin" ? "" : "sign in with a token of scope admin");

/** @param {string} token @throws {Fault} */
export async function signIn(token) {
  await send("session", { token });
  await readSession();
}

/** Where a tab keeps texts of policies over a reload. */
export const STORED = `pktvisor drafts ${location.pathname}`;

export async function signOut() {
  sessionStorage.removeItem(STORED);
  await ask("session", { method: "DELETE" });
  await readSession();
}
