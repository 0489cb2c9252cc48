/**
 * Joining two copies of a ledger, such as the coordinator's after a restore from backup and a region's own. Nothing that
 * either copy charged is lost: the larger of two charges for the same release stands, and both when neither is larger.
 */
import type { LedgerEntry } from './ledger.ts';
import type { Release } from './rdp.ts';

/** All charges of both copies, ordered by time, then round. */
export function mergeLedgers(ours: readonly LedgerEntry[], theirs: readonly LedgerEntry[]): LedgerEntry[] {
  const merged = [...ours];
  for (const entry of theirs) {
    // Of two tasks both stand, whatever they cost.
    const same = ({ round, kind, task }: LedgerEntry) =>
      round === entry.round && kind === entry.kind && (task ?? entry.task) === (entry.task ?? task);
    if (merged.some((known) => same(known) && covers(known, entry))) continue;
    for (let i = merged.length - 1; i >= 0; i--) {
      if (same(merged[i]!) && covers(entry, merged[i]!)) merged.splice(i, 1);
    }
    merged.push(entry);
  }
  return merged.sort((a, b) => a.atMs - b.atMs || a.round - b.round);
}

type Charge = Release & Pick<LedgerEntry, 'atMs' | 'from'>;

/** Does `a` cost at least as much as `b`, to all the records that `b` read? */
function covers(a: Charge, b: Charge): boolean {
  return (
    readsWhat(a, b) &&
    a.samplingRate >= b.samplingRate &&
    a.noiseMultiplier <= b.noiseMultiplier &&
    a.steps >= b.steps &&
    a.atMs >= b.atMs
  );
}

/** Of one without `from` it is known only that it read all there was. */
function readsWhat(a: Charge, b: Charge): boolean {
  if (a.from === undefined) return b.from === undefined || a.atMs === b.atMs;
  return b.from !== undefined && a.from <= b.from;
}
