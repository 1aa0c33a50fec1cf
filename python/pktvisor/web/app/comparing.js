// Two top lists against each other: what is more, less, new and gone, as far as their bounds tell.

/** @typedef {{ name: string, estimate: number, lower: number, upper: number }} Item */
/** @typedef {{ items: Item[], total: number, unlisted_at_most?: number, size: number }} List  `size`: what counts are relative to, as the time that they are of */
/** @typedef {{ name: string, a: number, b: number, share: number | null, isSure: boolean }} Change  counts of A and of B, both for A's size */
/** @typedef {{ more: Change[], less: Change[], fresh: Change[], gone: Change[], within: number }} Comparison */

/** @param {List} a @param {List} b @returns {Comparison} */
export function compared(a, b) {
  const scale = a.size / b.size;
  const theirs = new Map(b.items.map((item) => [item.name, item]));
  const ours = new Set(a.items.map(({ name }) => name));
  const [mostOfA, mostOfB] = [a.unlisted_at_most ?? 0, (b.unlisted_at_most ?? 0) * scale];
  /** @type {Comparison} */
  const found = { more: [], less: [], fresh: [], gone: [], within: 0 };
  for (const one of a.items) {
    const other = theirs.get(one.name);
    if (!other) {
      if (one.lower > mostOfB) found.fresh.push({ name: one.name, a: one.estimate, b: 0, share: null, isSure: mostOfB === 0 });
      else found.within++;
      continue;
    }
    const was = other.estimate * scale;
    const change = { name: one.name, a: one.estimate, b: was, share: was ? one.estimate / was - 1 : null, isSure: true };
    // What is counted differs by chance, too: by about its root.
    const chance = 2 * Math.sqrt(one.estimate + was * scale);
    if (one.lower > other.upper * scale + chance) found.more.push(change);
    else if (one.upper + chance < other.lower * scale) found.less.push(change);
    else found.within++;
  }
  for (const other of b.items) {
    if (ours.has(other.name)) continue;
    const was = other.estimate * scale;
    if (other.lower * scale > mostOfA) found.gone.push({ name: other.name, a: 0, b: was, share: null, isSure: mostOfA === 0 });
    else found.within++;
  }
  const byDifference = (/** @type {Change} */ one, /** @type {Change} */ other) => Math.abs(other.a - other.b) - Math.abs(one.a - one.b);
  for (const list of [found.more, found.less, found.fresh, found.gone]) list.sort(byDifference);
  return found;
}
