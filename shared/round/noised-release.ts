/** What noise changes about a release: what it costs, how far counts can be trusted, which coordinates it has. Pure. */
import { observeRowCounts, UNCOUNTED } from '../privacy/active-rows.ts';
import { roundGrid } from '../privacy/fixed-point.ts';
import type { LedgerEntry } from '../privacy/ledger.ts';
import { type Summed, sumDeviation, varianceInEffect } from '../privacy/noise-share.ts';
import { expandRows } from '../privacy/principal-directions.ts';
import type { Parameters } from '../protocol/parameters.ts';
import type { RoundSpec, TrainRound } from '../protocol/rounds.ts';
import type { CollectionSettings } from '../protocol/settings.ts';
import { samplingRateOf, taskOf } from './secure-round.ts';

/** What the ledgers record of a round; null where there is no noise and so no promise. */
export function chargeOf(spec: RoundSpec): LedgerEntry | null {
  if (spec.noiseMultiplier === 0) return null;
  return {
    round: spec.serial,
    kind: spec.kind === 'count' ? 'counts' : spec.kind,
    atMs: spec.startedAt,
    from: spec.from,
    samplingRate: samplingRateOf(spec),
    noiseMultiplier: spec.noiseMultiplier,
    steps: 1,
    task: taskOf(spec),
  };
}

/** Standard deviation of each decoded coordinate. */
export function deviationOf(spec: RoundSpec, summed: Summed): number {
  if (spec.noiseMultiplier === 0) return 0;
  const grid = roundGrid(spec.dimension, spec.clipNorm);
  return sumDeviation(spec.noiseMultiplier, grid, varianceInEffect(spec.cohort, summed));
}

/** The noise multiplier in effect; at least the one charged. Null where noise is off. */
export function multiplierInEffect(spec: RoundSpec, summed: Summed): number | null {
  const { noiseMultiplier, cohort } = spec;
  return noiseMultiplier === 0 ? null : noiseMultiplier * Math.sqrt(varianceInEffect(cohort, summed));
}

/**
 * Standard errors by which a count must clear a threshold: the largest of n Gaussians is about √(2 ln n), so that among
 * ever so many documents hardly one is taken for asked-for by chance.
 */
export function confidenceFor(places: number): number {
  return Math.max(2.5, Math.sqrt(2 * Math.log(Math.max(1, places))));
}

/**
 * Which documents or passages learn, by their counts, and how many units train in all.
 * @param deviation of the noise in each count
 * @param wasActive whether the one at a place learned before
 */
export function chooseActive(
  sum: Float64Array,
  deviation: number,
  wasActive: (place: number) => boolean,
  { training }: Pick<CollectionSettings, 'training'>,
): { active: number[]; units: number } {
  const counts = deviation === 0 ? sum.map(Math.round) : sum;
  const rows = Array.from(counts, (_, place) => ({ ...UNCOUNTED, active: wasActive(place) }));
  const rule = {
    enterAt: training.activeThreshold,
    // Settings of the first release may name one threshold for coming and going.
    leaveAt:
      training.inactiveThreshold < training.activeThreshold
        ? training.inactiveThreshold
        : training.activeThreshold / 2,
    confidence: confidenceFor(counts.length),
    countingRounds: 1,
    memory: 1,
  };
  const decided = observeRowCounts(rows, counts, deviation, 1, rule);
  const active = decided.rows.flatMap((row, index) => (row.active ? [index] : []));
  const units = active.reduce((total, place) => total + counts[place]!, 0);
  return { active, units: Math.max(1, Math.round(units)) };
}

/** A sum whose head part lies along `directions` [k, width], with its head part as rows again. */
export function expandHead(
  sum: Float64Array,
  spec: TrainRound,
  parameters: Parameters,
  directions: Float32Array,
  width: number,
): Float64Array {
  if (spec.train === 'adapter') return sum;
  const before = spec.train === 'head' ? 0 : parameters.adapter.length;
  const size = (parameters.activeRows.length * directions.length) / width;
  const full = new Float64Array(before + parameters.head.length + sum.length - before - size);
  full.set(sum.subarray(0, before));
  full.set(expandRows(sum.subarray(before, before + size), directions, width), before);
  full.set(sum.subarray(before + size), before + parameters.head.length);
  return full;
}

export function floatsOf(bytes: Uint8Array | null): Float32Array {
  return new Float32Array((bytes ?? new Uint8Array(0)).slice().buffer);
}
