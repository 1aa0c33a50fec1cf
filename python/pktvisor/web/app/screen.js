// What a file in screens/ says of itself in its one line `export const screen = {...};`, and what its `View` is handed.

/**
 * @typedef {object} Screen
 * @property {string} name its place in the address
 * @property {string} title
 * @property {string} group heading in the list of screens
 * @property {number} order place in the list
 * @property {"agent" | "hub" | "both"} of whose page it belongs to
 * @property {boolean} [isLive] it asks a running program for what no report holds
 * @property {string[]} [schemas] handlers without which it is off
 */

/**
 * @typedef {object} Shown
 * @property {string} policy its name; empty where there is none
 * @property {number} window minutes that are shown: 0 is the open window
 * @property {string} filter what names and panels must have
 * @property {import("./documents.js").Reading} reading the policy's metrics in this window, with details
 * @property {import("./figures.js").Handler[]} handlers those in it
 * @property {import("./figures.js").Series | null} series its 10 s steps of the last hour
 * @property {{ time: number, text: string }[]} events marks of the last hour
 */

export {};
