// Where somebody points on the time axis: all charts of a screen share it. Unix seconds of a step; null where nobody points.
import { signal } from "../vendor.js";

export const cross = signal(/** @type {number | null} */ (null));
