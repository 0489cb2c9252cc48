/** Which records can pay for a plan: the filter asked backwards, from the newest arrivals to the oldest. */
import { filterEpsilon, type LedgerEntry, type PlannedRelease, type PrivacyPolicy } from './ledger.ts';
import { type Arrivals, readBy } from './ledger-arrivals.ts';

/**
 * The records for which the budget admits all of `plan` at `nowMs`: the longest interval that ends then. Null where not
 * even a record that has paid nothing yet could pay for it, or, where contributors are the units, the window.
 */
export function roomFor(
  policy: PrivacyPolicy,
  entries: readonly LedgerEntry[],
  plan: readonly PlannedRelease[],
  nowMs: number,
): Arrivals | null {
  const oldest = nowMs - policy.retentionMs - 1;
  const charges = entries.map((entry) => ({ entry, ...readBy(policy, entry) }));
  const inside = (at: number) => at > oldest && at < nowMs;
  const edges = new Set(charges.flatMap(({ from, to }) => [from, to]).filter(inside));
  const moments = [oldest, ...[...edges].sort((a, b) => a - b), nowMs];
  for (let i = moments.length - 1; i > 0; i--) {
    const [after, until] = [moments[i - 1]!, moments[i]!];
    const paid = charges.filter(({ from, to }) => from <= after && to >= until).map(({ entry }) => entry);
    if (fits(policy, paid, plan)) continue;
    return until === nowMs || policy.unit === 'contributor' ? null : { from: until, to: nowMs };
  }
  return { from: oldest, to: nowMs };
}

/** Whether a record that has paid these charges can pay the plan too. */
function fits(policy: PrivacyPolicy, paid: readonly LedgerEntry[], plan: readonly PlannedRelease[]): boolean {
  const within = (gate: boolean) => {
    const charges = [...paid, ...plan].filter(({ kind }) => (kind === 'gate') === gate);
    return filterEpsilon(policy, charges) <= policy.epsilon;
  };
  return within(false) && within(true);
}
