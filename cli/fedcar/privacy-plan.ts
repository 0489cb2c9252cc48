/** What a schedule of training runs costs in privacy, by the ledger's own accounting and by the tighter ones. */

import { type LedgerEntry, type PlannedRelease, project } from '../../shared/privacy/ledger.ts';
import { reportLedger } from '../../shared/privacy/ledger-report.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { planNoise, policyOf, rateOf } from '../../shared/round/noise-plan.ts';

/** ε of a set of releases: what the ledger charges, and two accountants for a fixed schedule. */
export interface Cost {
  epsilon: number;
  epsilon_rdp: number;
  epsilon_pld: number;
}

export interface PrivacyPlan {
  /** The promise: ε and δ in every window of so many days. */
  budget: number;
  delta: number;
  retention_days: number;
  unit: string;
  /** Noise multipliers of one run. */
  noise: { counts: number; train: number; gate: number };
  steps: number;
  sampling_rate: number;
  /** ε after so many runs within one window; as many as the budget allows, and at least one. */
  runs: ({ runs: number } & Cost)[];
  /** Runs that a window's budget allows. */
  fit: number;
  /** Hours between runs at which the budget never runs out; null when not even one fits. */
  sustainable_hours: number | null;
}

/** No schedule trains more often in a window. */
const MOST_RUNS = 400;

export function planPrivacy(settings: Pick<CollectionSettings, 'privacy' | 'retentionDays'>): PrivacyPlan {
  const { privacy, retentionDays } = settings;
  const policy = policyOf(privacy, retentionDays);
  const { releases, counts, train, gate } = planNoise(privacy, retentionDays);
  const fits = (n: number) => project(policy, [], repeated(releases, n), 0).fits;
  let fit = 0;
  let over = MOST_RUNS + 1;
  while (over - fit > 1) {
    const middle = Math.floor((fit + over) / 2);
    if (fits(middle)) fit = middle;
    else over = middle;
  }
  const shown = [...new Set([1, 2, 3, 5, 10, 20, 50, 100, 200, fit])]
    .filter((n) => n >= 1 && n <= Math.max(1, fit))
    .sort((a, b) => a - b);
  return {
    budget: privacy.epsilon,
    delta: privacy.delta,
    retention_days: retentionDays,
    unit: privacy.unit,
    noise: { counts, train, gate },
    steps: privacy.training.steps,
    sampling_rate: rateOf(privacy).value,
    runs: shown.map((runs) => ({ runs, ...costOf(settings, repeated(releases, runs)) })),
    fit,
    sustainable_hours: fit === 0 ? null : Math.ceil((retentionDays * 24) / fit),
  };
}

/** ε of training steps alone with a given noise multiplier. */
export function costOfNoise(
  settings: Pick<CollectionSettings, 'privacy' | 'retentionDays'>,
  noiseMultiplier: number,
): Cost {
  const { steps } = settings.privacy.training;
  const samplingRate = rateOf(settings.privacy).value;
  return costOf(settings, [{ kind: 'train', samplingRate, noiseMultiplier, steps }]);
}

function costOf(
  { privacy, retentionDays }: Pick<CollectionSettings, 'privacy' | 'retentionDays'>,
  releases: readonly PlannedRelease[],
): Cost {
  const entries = releases.map((release, round): LedgerEntry => ({ ...release, round, atMs: 0 }));
  const { epsilon, epsilonRdp, epsilonPld } = reportLedger(policyOf(privacy, retentionDays), entries, 0);
  return { epsilon, epsilon_rdp: epsilonRdp, epsilon_pld: epsilonPld };
}

function repeated(releases: readonly PlannedRelease[], runs: number): PlannedRelease[] {
  return releases.map((release) => ({ ...release, steps: release.steps * runs }));
}
