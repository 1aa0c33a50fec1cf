// Fewer points than pixels: neighbours become one.

/** Means of as many neighbours; null where nothing is known of any. @param {(number | null | undefined)[]} values @param {number} size @returns {(number | null)[]} */
export const means = (values, size) =>
  size < 2 ? values.map((value) => value ?? null) : Array.from({ length: Math.ceil(values.length / size) }, (_, i) => mean(values.slice(i * size, (i + 1) * size)));

/** @param {(number | null | undefined)[]} values @returns {number | null} null where nothing is known */
export function mean(values) {
  const known = values.filter((value) => typeof value === "number");
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}
