// The library of charts, for the screens that have some.
export { default as uPlot } from "uplot";
