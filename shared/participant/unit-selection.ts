/**
 * From a shard's records to the units of privacy that a round uses: the records of one event, or at most k records of
 * one contributor, with equal weights that add up to one. Who is drawn is decided per unit, never per record.
 */
import { bernoulli, drawAtMost } from '../privacy/poisson.ts';
import type { RandomSource } from '../privacy/random-source.ts';
import { type HomePolicy, type PrivacyUnit, type Unit, unitsOf } from '../privacy/units.ts';
import type { Sample } from '../protocol/rounds.ts';
import { spotInPass } from '../round/run-plan.ts';

export interface UnitPolicy {
  unit: PrivacyUnit;
  recordsPerContributor: number;
  home: HomePolicy;
}

/** A record as far as selection looks at it. `place` is the same for all records of a unit. */
export interface SelectableRecord {
  /** Its number in the shard. */
  n: number;
  /** The act of feedback that made it. */
  event: string;
  /** Whether its row answers it, or does not. */
  relevant: boolean;
  /** What it counts for, at most 1: less of a click. Absent: 1. */
  weight?: number;
  contributor?: string | undefined;
  place: number;
  /** Tokens. */
  length: number;
  /** One less the probability that the run's model gave its answer when it last saw it, 0 to 1. Absent: it has not. */
  error?: number | undefined;
}

/** Records and their weights, in order of length, so that microbatches fill. */
export interface Selection {
  ids: Uint32Array;
  weights: Float32Array;
}

/** Whose error is at least this takes part in every pass. */
const ALWAYS_FROM = 0.5;

/**
 * How often a unit counts: 0 where it is not drawn. Of a part of a pass those are drawn more often that have more to
 * teach, by their last error as a bound on their gradient (Katharopoulos and Fleuret 2018, "Not all samples are created
 * equal: deep learning with importance sampling"; Jiang et al. 2019, "Accelerating deep learning by focusing on the
 * biggest losers"), and count for one over their probability, so that the sum is that of all in expectation (Horvitz
 * and Thompson 1952).
 */
function timesDrawn(unit: Unit<SelectableRecord>, sample: Sample, random: RandomSource): number {
  if (sample.kind === 'all') return 1;
  if (sample.kind === 'poisson') return bernoulli(sample, random) ? 1 : 0;
  const spot = spotInPass(unit.records[0]?.place ?? 0, sample.seed, sample.parts) - sample.part;
  if (spot < 0 || spot >= 1) return 0;
  const error = unit.records.reduce((most, { error = 1 }) => Math.max(most, error), 0);
  const chance = Math.min(1, Math.max(sample.leastChance, error / ALWAYS_FROM));
  return spot < chance ? 1 / chance : 0;
}

/** The records that stand for a drawn unit. */
function recordsOf<R extends SelectableRecord>(unit: Unit<R>, policy: UnitPolicy, random: RandomSource) {
  return policy.unit === 'record'
    ? unit.records
    : drawAtMost(unit.records, policy.recordsPerContributor, random);
}

export function selectUnits(
  records: readonly SelectableRecord[],
  sample: Sample,
  policy: UnitPolicy,
  random: RandomSource,
): Selection {
  const chosen: { n: number; length: number; weight: number }[] = [];
  for (const unit of unitsOf(records, policy.unit, policy.home)) {
    const times = timesDrawn(unit, sample, random);
    if (times === 0) continue;
    const own = recordsOf(unit, policy, random);
    for (const { n, length, weight = 1 } of own)
      chosen.push({ n, length, weight: (times * weight) / own.length });
  }
  chosen.sort((x, y) => x.length - y.length || x.n - y.n);
  return {
    ids: Uint32Array.from(chosen, ({ n }) => n),
    weights: Float32Array.from(chosen, ({ weight }) => weight),
  };
}

/** At most so many of a selection, evenly over its lengths. */
export function someOf({ ids, weights }: Selection, most: number): Selection {
  if (ids.length <= most) return { ids, weights };
  const places = Array.from({ length: most }, (_, k) => Math.floor(((k + 0.5) * ids.length) / most));
  return {
    ids: Uint32Array.from(places, (place) => ids[place]!),
    weights: Float32Array.from(places, (place) => weights[place]!),
  };
}

/**
 * What each unit asks for: weight one over its records, of which those count that name what answers. Without places
 * there is one count of nothing, since a vector has to have a length. A row becomes active by being wanted: what its
 * query is to be kept from must not take it out of its place.
 * @param placeOf a record's coordinate; undefined where it has none
 */
export function countUnits<R extends SelectableRecord>(
  records: readonly R[],
  placeOf: (record: R) => number | undefined,
  places: number,
  policy: UnitPolicy,
  random: RandomSource,
): Float64Array {
  const counts = new Float64Array(Math.max(1, places));
  for (const unit of unitsOf(records, policy.unit, policy.home)) {
    const own = recordsOf(unit, policy, random);
    for (const record of own) {
      const place = record.relevant ? placeOf(record) : undefined;
      if (place !== undefined && place < places) counts[place]! += (record.weight ?? 1) / own.length;
    }
  }
  return counts;
}
