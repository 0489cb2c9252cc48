/**
 * What opening a result says of it. People open what stands first more often whatever it is, so that a click counts by the
 * inverse of how likely results at its place are looked at (Joachims, Swaminathan, Schnabel 2017), clipped. That is
 * measured on answers whose results below were shuffled, where the place says nothing of the document. Invariant: no click
 * weighs more than the setting, so that it never moves a sum by more than what somebody said.
 */

/** Results from here on count as looked at like this one: rarer ones would weigh too much. */
const LAST_PLACE = 5;
/** Clicks that the assumption is worth beside those that were seen. */
const PRIOR_CLICKS = 20;

/** How much of the clicks a place is given before any were seen: 1/place. */
const assumed = (place: number): number => 1 / place;

/**
 * Weight of a click on the result at `place` (1: the answer cites it; others from 2 on), of at most `most`.
 * @param seen clicks on shuffled results by place; null where what others did must not count, as under noise
 */
export function clickWeight(place: number, most: number, seen: ReadonlyMap<number, number> | null): number {
  const looked = (at: number): number =>
    // What an answer cites is never shuffled: only the assumption says how it compares with what stands below.
    at === 1 ? (looked(2) * assumed(1)) / assumed(2) : PRIOR_CLICKS * assumed(at) + (seen?.get(at) ?? 0);
  return most * Math.min(1, looked(LAST_PLACE) / looked(Math.min(place, LAST_PLACE)));
}

/** `list` in an order that says nothing of its entries. @param below a uniform integer below its argument */
export function shuffled<T>(list: readonly T[], below: (bound: number) => number): T[] {
  const order = [...list];
  for (let last = order.length - 1; last > 0; last--) {
    const at = below(last + 1);
    [order[last], order[at]] = [order[at]!, order[last]!];
  }
  return order;
}
