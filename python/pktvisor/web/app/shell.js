// What stands around each screen: where one is, which window, whether it is live.
import { html, signal, useEffect } from "../vendor.js";
import { address, change, link, param } from "./address.js";
import { useDocument } from "./documents.js";
import { handlersOf } from "./figures.js";
import { KEYS, listenToKeys, switchVolume } from "./keys.js";
import { useWindow } from "./kept.js";
import { every, newestMark, pause, pausedAt, policyNames, silence, stamp, state, tick } from "./live.js";
import { Complete } from "./parts/complete.js";
import { Guard } from "./parts/guard.js";
import { Mark } from "./parts/mark.js";
import { Segmented } from "./parts/segmented.js";
import { Loading, State } from "./parts/state.js";
import { copy } from "./saving.js";
import { screens } from "./screens.js";
import { useSeries } from "./series.js";
import { report, session, signOut } from "./server.js";
import { switchTheme } from "./theme.js";
import { clock, duration, isInBits } from "./units.js";

const RESOURCES = /-resources$/;

/** The window's document in the API. @param {string} policy @param {number} window */
export const windowPath = (policy, window) => `policies/${encodeURIComponent(policy)}/metrics/${window > 1 ? "window" : "bucket"}/${window}?detail=true`;

export function Shell() {
  const isHub = session.value?.is_hub ?? false;
  const own = screens.filter(({ of }) => of === "both" || (of === "hub") === isHub);
  const screen = own.find(({ name }) => name === address.value.screen) ?? own[0];
  const { offered } = useWindow(isHub ? "" : policyShown());
  useEffect(() => listenToKeys(own, isHub ? [] : offered), [isHub, offered.length]);
  useEffect(() => {
    document.title = `${screen.title} · ${session.value?.agent ?? "pktvisor"}`;
  }, [screen.title]);
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to the figures</a><${Bar} />
    <div class="frame"><${Side} screens=${own} current=${screen} /><main id="main" tabindex="-1"><${Banner} />
    ${isHub ? html`<${Guard} key=${screen.name}><${HubScreen} screen=${screen} /><//>` : html`<${Guard} key=${screen.name}><${AgentScreen} screen=${screen} /><//>`}</main></div><${Help} />`;
}

/** Views by screen, as far as they are loaded. @type {{ value: Record<string, (props: any) => any> }} */
const views = signal({});

/** The view of a screen; grey lines until its file is there. @param {typeof screens[number]} screen */
function useView({ name, load }) {
  useEffect(() => {
    if (!views.value[name]) load().then(({ View }) => (views.value = { ...views.value, [name]: View }), () => (views.value = { ...views.value, [name]: NotLoaded }));
  }, [name]);
  return views.value[name] ?? Loading;
}

const NotLoaded = () => html`<${State} title="This screen can't be loaded" mark="bad">Load the page again: the program may have another version now.<//>`;

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** The policies that people made, then those that agents make by themselves. */
const policies = () => policyNames().sort((a, b) => Number(RESOURCES.test(a)) - Number(RESOURCES.test(b)));
export const policyShown = () => param("policy") || (policies()[0] ?? "");

function Bar() {
  const names = policies();
  const isHub = session.value?.is_hub;
  const { window: shown, offered, length } = useWindow(isHub ? "" : policyShown());
  return html`<header class="bar"><a class="brand" href=${link("")}><svg viewBox="0 0 18 18" aria-hidden="true"><path d="M1 10h3v7H1zM9.700 2h3v15h-3zM5.300 6h3v11h-3zM14 8h3v9h-3z" /></svg>pktvisor</a>
    <nav aria-label="What is shown"><b>${session.value?.agent}</b>${!isHub && names.length > 0 && html` / <label>policy <select value=${policyShown()} onChange=${(/** @type {any} */ event) => change({ policy: event.target.value })}>
      ${names.map((name) => html`<option key=${name}>${name}</option>`)}</select></label>`}</nav>
    <span class="tools">${!isHub && !report && html`<${Segmented} label="Window" value=${String(shown)} choose=${(/** @type {string} */ window) => change({ window })} options=${offered.map((n) => [String(n), n ? (n > 1 && length === 60 ? `${n}` : duration(n * length)) : "Live"])} />`}
      ${!report && html`<button class="button" aria-pressed=${Boolean(pausedAt.value)} onClick=${pause}>${pausedAt.value ? "Go on" : "Pause"}</button>`}
      ${!report && html`<button class="button" title="Copy a link that shows the same" onClick=${() => copy(location.href)}>Link</button>`}
      <button class="button" title="Volumes in bits or bytes per second" onClick=${switchVolume}>${isInBits() ? "bit/s" : "B/s"}</button>
      <button class="button icon" aria-label="Dark or light" onClick=${switchTheme}>◐</button>
      <button class="button icon" aria-label="Keys and help" onClick=${() => document.querySelector(/** @type {"dialog"} */ ("#help"))?.showModal()}>?</button>
      ${session.value?.needs_token && html`<button class="button" title="Signed in as ${session.value.name}" onClick=${signOut}>Sign out</button>`}</span></header>`;
}

/** @param {{ screens: import("./screen.js").Screen[], current: import("./screen.js").Screen }} props */
function Side({ screens: own, current }) {
  const groups = [...new Set(own.map(({ group }) => group))];
  const policy = policyShown();
  const { value } = useDocument(session.value?.is_hub || !policy ? null : windowPath(policy, 0), policy);
  const schemas = new Set(handlersOf(value).map(({ schema }) => schema));
  const isOff = (/** @type {string[] | undefined} */ wanted) => wanted && value && !wanted.some((one) => schemas.has(one));
  return html`<nav class="side" aria-label="Screens">${groups.map((group) => html`<h3>${group}</h3><ul>${own.map((one, i) => one.group === group && html`<li><a href=${link(one.name)} class=${isOff(one.schemas) ? "off" : ""} aria-current=${one === current ? "page" : null}>${one.title}
      ${isOff(one.schemas) ? html`<span class="sub">off</span>` : i < 10 && html`<kbd>${(i + 1) % 10}</kbd>`}</a></li>`)}</ul>`)}
    ${!report && html`<footer><${UpTime} /><br /><a href="docs/">Handbook</a></footer>`}</nav>`;
}

const UpTime = () => tick.value && html`up ${duration(tick.value.up_time_s)}`;

/** Whether the figures are of now; it says so in words and by a shape. */
function Live() {
  const s = state.value;
  const [mark, words] = { live: ["live", "Live"], paused: ["info", "Paused"], stale: ["warn", `${duration(silence.value)} old`], gone: ["gone", "Gone"], report: ["info", "Report"] }[s];
  return html`<span class="badge ${s}"><${Mark} of=${mark} /><b>${words}</b></span>`;
}

/** When the figures are of. */
const then = () => (tick.value ? clock(tick.value.time) : "no time");

function Banner() {
  const s = state.value;
  if (s === "paused") return html`<p class="banner info" role="status"><b>Paused at ${then()} UTC.</b> The agent goes on measuring. <button class="button" onClick=${pause}>Go on</button></p>`;
  if (s === "stale") return html`<p class="banner warn" role="status"><b>No answer for ${duration(silence.value)}.</b> Shown is what was read at ${then()} UTC; the page tries again by itself.</p>`;
  if (s === "gone") return html`<p class="banner bad" role="status"><b>${session.value?.agent} is gone since ${duration(silence.value)}.</b> Its last figures are below.</p>`;
  return null;
}

/** Hubs have screens of many agents; each asks for what it shows. @param {{ screen: typeof screens[number] }} props */
function HubScreen({ screen }) {
  const View = useView(screen);
  return html`<div class="head"><h1>${screen.title}</h1><${Live} /><${Filter} /></div><${View} filter=${param("filter")} />`;
}

const Filter = () => html`<label class="field"><span class="unseen">Filter names and panels</span><input id="filter" type="search" placeholder="Filter names and panels" value=${param("filter")} onInput=${(/** @type {any} */ event) => change({ filter: event.target.value })} /><kbd>/</kbd></label>`;

/** @param {{ screen: typeof screens[number] }} props */
function AgentScreen({ screen }) {
  const View = useView(screen);
  const policy = policyShown();
  const { window } = useWindow(policy);
  // The open window changes all the time; whole ones once a minute.
  const moment = window ? stamp(policy, "window") : every(2);
  const reading = useDocument(policy ? windowPath(policy, window) : null, report ? "" : moment);
  const series = useSeries(policy, stamp(policy, "step"));
  const { value: marks } = useDocument("marks", newestMark());
  const handlers = handlersOf(reading.value);
  const period = handlers[0]?.period;
  const isOff = screen.schemas && reading.value && !handlers.some(({ schema }) => screen.schemas?.includes(schema));
  return html`<div class="head"><h1>${screen.title}</h1><${Live} />${period && html`<${Complete} share=${period.completeness} /><span class="sub">${clock(period.start_ts)} to ${clock(period.start_ts + period.length)} UTC</span>`}
    <${Filter} /></div>
    ${isOff ? html`<${State} title="Policy ${policy} does not measure this">No handler of it tells of ${screen.title}.${!report && html` <a href=${link("policies")}>Add one to the policy</a>.`}<//>` : html`<${View} policy=${policy} window=${window} filter=${param("filter")} reading=${reading} handlers=${handlers} series=${series} events=${marks?.marks ?? []} />`}`;
}

const Help = () => html`<dialog id="help" aria-label="Keys"><h2>Keys</h2><dl>${KEYS.map(([key, meaning]) => html`<dt><kbd>${key}</kbd></dt><dd>${meaning}</dd>`)}</dl>
  ${!report && html`<p><a href="docs/">Handbook</a> · <a href="api/v1/openapi.json">The API behind this page</a></p>`}<form method="dialog"><button class="button">Close</button></form></dialog>`;
