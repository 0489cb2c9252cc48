/**
 * Which records pay which charges. A charge read the records that arrived in (from, at], and every record pays the charges
 * whose interval holds its arrival; so the largest sets of charges that any one arrival pays bound all records (block
 * composition: Lécuyer, Spahn, Vodrahalli, Geambasu, Hsu 2019).
 */
import type { LedgerEntry, PrivacyPolicy } from './ledger.ts';

/** Moments after `from`, up to and including `to`; milliseconds since 1970. */
export interface Arrivals {
  readonly from: number;
  readonly to: number;
}

type Reader = Pick<LedgerEntry, 'atMs' | 'from'>;

/**
 * The records that a charge concerns: none older than the retention time. A contributor whose id keeps coming has records
 * of every age, so where contributors are the units a charge concerns the whole window, whatever it read.
 */
export function readBy(
  { retentionMs, unit }: Pick<PrivacyPolicy, 'retentionMs' | 'unit'>,
  { atMs, from }: Reader,
): Arrivals {
  const oldest = atMs - retentionMs - 1;
  return { from: unit === 'contributor' ? oldest : Math.max(oldest, from ?? oldest), to: atMs };
}

/**
 * The sets of charges that are paid together by some arrival within `arrivals`, but for those that are part of another:
 * what is left after the first of them ends is part of the set before.
 */
export function* payersOf<T extends Reader>(
  policy: Pick<PrivacyPolicy, 'retentionMs' | 'unit'>,
  charges: readonly T[],
  arrivals: Arrivals,
): Generator<T[]> {
  const clipped = charges.flatMap((charge) => {
    const { from, to } = readBy(policy, charge);
    const interval = { charge, from: Math.max(from, arrivals.from), to: Math.min(to, arrivals.to) };
    return interval.from < interval.to ? [interval] : [];
  });
  const begins = [...clipped].sort((a, b) => a.from - b.from);
  const ends = [...clipped].sort((a, b) => a.to - b.to);
  const paid = new Set<T>();
  let begun = 0;
  let grown = false;
  for (const { charge, to } of ends) {
    for (; begun < begins.length && begins[begun]!.from < to; begun++) {
      paid.add(begins[begun]!.charge);
      grown = true;
    }
    if (grown) yield [...paid];
    grown = false;
    paid.delete(charge);
  }
}

/** The set with the largest ε; none: 0. */
export function heaviest<T>(
  sets: Iterable<T[]>,
  epsilonOf: (charges: readonly T[]) => number,
): { epsilon: number; charges: readonly T[] } {
  let most: { epsilon: number; charges: readonly T[] } = { epsilon: 0, charges: [] };
  for (const charges of sets) {
    const epsilon = epsilonOf(charges);
    if (epsilon > most.epsilon) most = { epsilon, charges };
  }
  return most;
}
