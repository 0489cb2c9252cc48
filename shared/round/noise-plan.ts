/**
 * What a run with noise releases, and with how much noise: a census, counts of rows, steps on samples, one gate. The
 * multipliers follow from the ε that a run may spend, by the ledger's own accounting. Gate units are disjoint from
 * training units, so the gate may spend the same again (parallel composition).
 */
import { calibrateNoise } from '../privacy/calibrate.ts';
import { mainFilter, type PlannedRelease, type PrivacyPolicy, project } from '../privacy/ledger.ts';
import { samplingRate } from '../privacy/rational.ts';
import type { PrivacySettings } from '../protocol/privacy-settings.ts';
import type { CollectionSettings } from '../protocol/settings.ts';

export interface NoisePlan {
  /** Of the total before a run; null where none is taken. */
  census: number | null;
  counts: number;
  train: number;
  gate: number;
  /** So many runs may read a question. */
  uses: number;
  /** Of a run, without its census. */
  releases: PlannedRelease[];
}

/** Noise multipliers of a run; null where noise is off. */
export type RunNoise = Pick<NoisePlan, 'census' | 'counts' | 'train' | 'gate'> | null;

export function noiseOf({
  privacy,
  retentionDays,
}: Pick<CollectionSettings, 'privacy' | 'retentionDays'>): RunNoise {
  if (privacy.noise === 'off') return null;
  const { census, counts, train, gate } = planNoise(privacy, retentionDays);
  return { census, counts, train, gate };
}

const DAY_MS = 86_400_000;
const MOST_USES = 100;
/**
 * Censuses that may read one unit. Each reads what arrived since the last, so that an event is read once, or twice where
 * a round is tried again; a contributor may have records in all of a window.
 */
const CENSUSES = { record: 2, contributor: 16 } as const;

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

/** Shares of a run that its counts may take beside the one that the settings name. */
const COUNTS_SHARES = [0.12, 0.18, 0.25, 0.35, 0.5];

/** What the counts of a run may take of it, the least share first. */
export function countsShares({ training: { countsShare } }: PrivacySettings): number[] {
  return [countsShare, ...COUNTS_SHARES.filter((share) => share > countsShare)];
}

/** @throws RangeError when no noise reaches the ε of a run */
export function planNoise(
  privacy: PrivacySettings,
  retentionDays: number,
  countsShare = privacy.training.countsShare,
): NoisePlan {
  const { training, epsilon, runEpsilon, uses } = privacy;
  const policy = policyOf(privacy, retentionDays);
  const cost = (releases: readonly PlannedRelease[]) => project(policy, [], releases, 0).epsilon;
  const census = censusNoise(privacy, cost);
  const asked = census === null ? [] : [once('counts', census, CENSUSES[privacy.unit])];
  /** The least noise with which runs that consist of `releases` keep to the budget, and one, with its censuses, to its ε. */
  const least = (releases: (noiseMultiplier: number) => PlannedRelease[]): number => {
    const alone = (z: number) => cost([...releases(z), ...asked]);
    const together = (z: number) => cost([...times(releases(z), uses ?? 1), ...asked]);
    const forAll = calibrateNoise(together, epsilon, 1e-6);
    if (uses !== null) return forAll;
    return Math.max(forAll, calibrateNoise(alone, Math.min(runEpsilon, epsilon), 1e-6));
  };
  const gate = least((z) => [once('gate', z)]);
  // Costs add up in 1/z²: this share of a run goes to the counts.
  const counts = least((z) => [once('counts', z)]) / Math.sqrt(countsShare);
  const steps = (noiseMultiplier: number): PlannedRelease => ({
    kind: 'train',
    samplingRate: rateOf(privacy).value,
    noiseMultiplier,
    steps: training.steps,
  });
  const train = least((z) => [once('counts', counts), steps(z)]);
  const releases = [once('counts', counts), steps(train), once('gate', gate)];
  const fit = (runs: number) => cost([...times(releases, runs), ...asked]) <= epsilon;
  return { census, counts, train, gate, uses: uses ?? mostThat(fit), releases };
}

function censusNoise(
  { censusEpsilon, epsilon, runEpsilon, uses, unit }: PrivacySettings,
  cost: (releases: readonly PlannedRelease[]) => number,
): number | null {
  if (censusEpsilon === 0) return null;
  const all = (z: number) => cost([once('counts', z, CENSUSES[unit])]);
  const most = uses === null ? Math.min(epsilon, runEpsilon) : epsilon;
  return calibrateNoise(all, Math.min(censusEpsilon, most / 2), 1e-6);
}

function once(kind: 'counts' | 'gate', noiseMultiplier: number, steps = 1): PlannedRelease {
  return { kind, samplingRate: 1, noiseMultiplier, steps };
}

function times(releases: readonly PlannedRelease[], runs: number): PlannedRelease[] {
  return releases.map((release) => ({ ...release, steps: runs * release.steps }));
}

/** The largest number of runs that fits, at least one. */
function mostThat(fits: (runs: number) => boolean): number {
  let runs = 1;
  while (runs < MOST_USES && fits(runs + 1)) runs += 1;
  return runs;
}
