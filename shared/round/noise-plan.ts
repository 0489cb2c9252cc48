/**
 * What a run with noise releases, and with how much noise: counts of rows, steps on Poisson samples, one gate. The
 * multipliers follow from the ε that a run may spend, by the ledger's own accounting. Gate units are disjoint from
 * training units, so the gate may spend the same again (parallel composition).
 */
import { calibrateNoise } from '../privacy/calibrate.ts';
import { mainFilter, type PlannedRelease, type PrivacyPolicy, project } from '../privacy/ledger.ts';
import { samplingRate } from '../privacy/rational.ts';
import type { PrivacySettings } from '../protocol/privacy-settings.ts';
import type { CollectionSettings } from '../protocol/settings.ts';

export interface NoisePlan {
  counts: number;
  train: number;
  gate: number;
  releases: PlannedRelease[];
}

/** Noise multipliers of a run; null where noise is off. */
export type RunNoise = Pick<NoisePlan, 'counts' | 'train' | 'gate'> | null;

export function noiseOf({
  privacy,
  retentionDays,
}: Pick<CollectionSettings, 'privacy' | 'retentionDays'>): RunNoise {
  if (privacy.noise === 'off') return null;
  const { counts, train, gate } = planNoise(privacy, retentionDays);
  return { counts, train, gate };
}

const DAY_MS = 86_400_000;

/** What the collection promises. */
export function policyOf(privacy: PrivacySettings, retentionDays: number): PrivacyPolicy {
  const { epsilon, delta, unit } = privacy;
  const order = mainFilter(epsilon, delta, rateOf(privacy).value);
  return { epsilon, delta, unit, retentionMs: retentionDays * DAY_MS, order };
}

/** The exact rate that samples are drawn with: what is charged is what is drawn. */
export function rateOf(privacy: PrivacySettings): { numerator: number; denominator: number; value: number } {
  const exact = samplingRate(privacy.training.samplingRate);
  return { ...exact, value: exact.numerator / exact.denominator };
}

/** @throws RangeError when no noise reaches the ε of a run */
export function planNoise(privacy: PrivacySettings, retentionDays: number): NoisePlan {
  const { training } = privacy;
  const target = Math.min(privacy.runEpsilon, privacy.epsilon);
  const policy = policyOf(privacy, retentionDays);
  const cost = (releases: PlannedRelease[]) => project(policy, [], releases, 0).epsilon;
  const once = (kind: 'counts' | 'gate', noiseMultiplier: number): PlannedRelease => ({
    kind,
    samplingRate: 1,
    noiseMultiplier,
    steps: 1,
  });
  const alone = calibrateNoise((z) => cost([once('gate', z)]), target, 1e-6);
  // Costs add up in 1/z²: this share of a run goes to the counts.
  const counts = alone / Math.sqrt(training.countsShare);
  const steps = (noiseMultiplier: number): PlannedRelease => ({
    kind: 'train',
    samplingRate: rateOf(privacy).value,
    noiseMultiplier,
    steps: training.steps,
  });
  const train = calibrateNoise((z) => cost([once('counts', counts), steps(z)]), target, 1e-6);
  return {
    counts,
    train,
    gate: alone,
    releases: [once('counts', counts), steps(train), once('gate', alone)],
  };
}
