/**
 * From a shard's records to the units of privacy that a round uses: the records of one event, or at most k records of
 * one contributor, with equal weights that add up to one. Who is drawn is decided per unit, never per record.
 */
import { bernoulli, drawAtMost } from '../privacy/poisson.ts';
import type { RandomSource } from '../privacy/random-source.ts';
import { type HomePolicy, type PrivacyUnit, type Unit, unitsOf } from '../privacy/units.ts';
import type { Sample } from '../protocol/rounds.ts';
import { partOfRecord } from '../round/run-plan.ts';

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
}

/** Records and their weights, in order of length, so that microbatches fill. */
export interface Selection {
  ids: Uint32Array;
  weights: Float32Array;
}

function isDrawn(unit: Unit<SelectableRecord>, sample: Sample, random: RandomSource): boolean {
  if (sample.kind === 'all') return true;
  if (sample.kind === 'poisson') return bernoulli(sample, random);
  const place = unit.records[0]?.place ?? 0;
  return partOfRecord(place, sample.seed, sample.parts) === sample.part;
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
    if (!isDrawn(unit, sample, random)) continue;
    const own = recordsOf(unit, policy, random);
    for (const { n, length, weight = 1 } of own) chosen.push({ n, length, weight: weight / own.length });
  }
  chosen.sort((x, y) => x.length - y.length || x.n - y.n);
  return {
    ids: Uint32Array.from(chosen, ({ n }) => n),
    weights: Float32Array.from(chosen, ({ weight }) => weight),
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
