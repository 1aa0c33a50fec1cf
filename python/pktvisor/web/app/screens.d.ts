// The server writes screens.js from what each file in screens/ says of itself.
import type { Screen, Shown } from "./screen.js";
export const screens: (Screen & { load: () => Promise<{ View: (props: Shown) => unknown }> })[];
