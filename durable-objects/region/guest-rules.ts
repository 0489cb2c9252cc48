/** A guest's own figures beside what was agreed: whom it works with, and how much noise it adds whatever others add. */
import { logLine } from '../../shared/log.ts';
import { OwnNoise } from '../../shared/participant/own-noise.ts';
import { RosterWatch } from '../../shared/participant/roster-watch.ts';
import type { Kept } from '../../shared/participant/round-guard.ts';
import type { ShardStore } from '../../shared/participant/shard-store.ts';
import type { LedgerEntry, PrivacyPolicy } from '../../shared/privacy/ledger.ts';
import type { Roster } from '../../shared/protocol/secagg.ts';
import type { Values } from '../values.ts';
import { type Join, JoinError } from './join.ts';

/** What rounds would have cost with this region's noise alone: kept also when the collection is deleted. */
export const OWN_CHARGES = 'ownCharges';
/** The own figure by which noise was drawn last; 0: none. */
const DRAWN = 'ownEpsilon';
const TOLD = 'toldRoster';

export function keptIn<T>(values: Values, name: string): Kept<T> {
  return { get: () => values.get<T>(name), set: (value) => values.set(name, value) };
}

/** @throws JoinError for a figure that is below the budget */
export function guestRules(
  { values, shard }: { values: Values; shard: Pick<ShardStore, 'clearJob'> },
  { limits, ownEpsilon }: Join,
  self: string,
  policy: PrivacyPolicy,
): { watch: RosterWatch; own: OwnNoise | null } {
  const tell = (line: string) => logLine('roster', { line });
  const watch = new RosterWatch({ self, limits, told: keptIn<Roster>(values, TOLD), tell });
  const drawn = keptIn<number>(values, DRAWN);
  // Work under way was, or will be, noised by another figure than its charge would say.
  if ((drawn.get() ?? 0) !== (ownEpsilon ?? 0)) {
    shard.clearJob();
    drawn.set(ownEpsilon ?? 0);
  }
  if (ownEpsilon === undefined) return { watch, own: null };
  if (ownEpsilon < policy.epsilon) {
    throw new JoinError(`FEDCAR_JOIN_OWN_EPSILON: ${ownEpsilon} is below the budget ${policy.epsilon}`);
  }
  return { watch, own: new OwnNoise(policy, ownEpsilon, keptIn<LedgerEntry[]>(values, OWN_CHARGES)) };
}
