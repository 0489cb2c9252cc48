/**
 * What is shown beside the filter's ε: the same charges, taken as a schedule fixed beforehand, by RDP at the best integer
 * order and by the privacy-loss distribution. Comparison only; the claim is the budget.
 */
import { rdpEpsilon } from './conversion.ts';
import { alive, type LedgerEntry, mergeEqual, type PrivacyPolicy, paidMost, type Spent } from './ledger.ts';
import { pldEpsilon } from './pld.ts';
import { INTEGER_ORDERS } from './rdp.ts';

/** ε by three accountants, each the larger of training and held-out units. */
export interface LedgerReport extends Spent {
  readonly delta: number;
  readonly budget: number;
  /** By RDP for a fixed schedule. */
  readonly epsilonRdp: number;
  /** By the privacy-loss distribution for a fixed schedule. */
  readonly epsilonPld: number;
}

/**
 * The figures at `nowMs`, of the record that pays most by the filter. Takes some milliseconds for each distinct pair of
 * sampling rate and noise multiplier.
 */
export function reportLedger(
  policy: PrivacyPolicy,
  entries: readonly LedgerEntry[],
  nowMs: number,
): LedgerReport {
  const { training, heldOut } = paidMost(policy, entries, alive(policy, nowMs));
  const classes = [mergeEqual(training.charges), mergeEqual(heldOut.charges)].filter(
    (schedule) => schedule.length > 0,
  );
  return {
    epsilon: Math.max(training.epsilon, heldOut.epsilon),
    ...{ training: training.epsilon, heldOut: heldOut.epsilon },
    delta: policy.delta,
    budget: policy.epsilon,
    epsilonRdp: Math.max(
      0,
      ...classes.map((schedule) => rdpEpsilon(schedule, policy.delta, INTEGER_ORDERS).epsilon),
    ),
    epsilonPld: Math.max(0, ...classes.map((schedule) => pldEpsilon(schedule, policy.delta))),
  };
}
