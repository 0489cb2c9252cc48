/**
 * What a released sum must be to be used: a member that sends a false vector is not seen by itself, but what honest
 * members add up to is bounded. Bounds follow from the counts of the run, the agreed norms, and eight deviations of the
 * noise, so that no honest sum is ever refused; what stays possible is a false vector within them.
 */
import type { GateRound, RoundSpec, TrainRound } from '../protocol/rounds.ts';
import { figuresOf } from './figures.ts';
import { figureDeviation, gateFigures } from './gate-figures.ts';

export interface SumLimits {
  /** Units that the sum may be over at most. */
  units: number;
  /** Units that train, at most. */
  trained: number;
  /** Standard deviation of the noise in each coordinate; 0 without noise. */
  deviation: number;
  /** Vectors in the sum: each was rounded to the grid. */
  contributors: number;
}

const DEVIATIONS = 8;
/** Records come while a run is on, and small collections vary by more than a factor. */
const SLACK_FACTOR = 2;
const SLACK_UNITS = 64;

/**
 * The most units that a round of a run may have, from the counts.
 * @param counted units by the run's counting round
 * @param deviation of the noise in that figure
 */
export function mostUnits(counted: number, deviation: number): number {
  return SLACK_FACTOR * (Math.max(0, counted) + DEVIATIONS * deviation) + SLACK_UNITS;
}

/** Held-out units are a share h of all, of which the counts show the other 1 − h. */
export function mostHeldOut(most: number, heldOutShare: number): number {
  return SLACK_UNITS + (most * heldOutShare) / (1 - heldOutShare);
}

/** Why a released sum must not be used; null when it may be. */
export function sumProblem(spec: RoundSpec, sum: Float64Array, limits: SumLimits): string | null {
  if (!sum.every(Number.isFinite)) return 'a coordinate is not finite';
  if (spec.kind === 'count') return countProblem(sum, marginOf(spec, limits));
  return spec.kind === 'train' ? trainProblem(spec, sum, limits) : gateProblem(spec, sum, limits);
}

/** How far one coordinate may be from what was added up. */
function marginOf({ gridStep }: RoundSpec, { deviation, contributors }: SumLimits): number {
  return DEVIATIONS * deviation + contributors * gridStep;
}

function countProblem(sum: Float64Array, margin: number): string | null {
  const row = sum.findIndex((count) => count < -margin);
  return row < 0 ? null : `document or passage ${row} was asked for ${figure(sum[row]!)} times`;
}

type Named = readonly [name: string, value: number];

/** a ≤ b, for figures of which each may be off by the margin. */
function above([name, value]: Named, [limit, most]: Named, margin: number): string | null {
  return value <= most + margin ? null : `${name}: ${figure(value)} is above ${figure(most)}, ${limit}`;
}

function gateProblem(spec: GateRound, sum: Float64Array, limits: SumLimits): string | null {
  const { gained, units, candidate, mips, tried } = gateFigures(sum, spec);
  const whole = marginOf(spec, limits);
  // A figure that travels at half of its size has twice the noise.
  const margin = figureDeviation('units', whole);
  const all: Named = ['the held-out units', units];
  const least = Math.min(units, candidate, mips);
  if (least < -margin) return `a figure of the gate is ${figure(least)}`;
  const serving = candidate - gained;
  const most = Math.max(0, ...Array.from(tried, Math.abs));
  // Without noise units that train may say what suits plain search.
  const settled: Named = spec.tried.some(({ everyone }) => everyone)
    ? ['the most that the counts allow', limits.trained + limits.units]
    : all;
  return (
    above(['held-out units', units], ['the most that the counts allow', limits.units], margin) ??
    above(['right answers of the candidate', candidate], all, 2 * margin) ??
    above(['right answers of the serving version', serving], all, 3 * margin) ??
    above(['no right answers of the serving version', 0], ['those that are left', serving], 2 * margin) ??
    above(['right answers of plain search', mips], all, 2 * margin) ??
    above(['wins less losses of a setting', most], settled, margin + whole)
  );
}

function trainProblem(spec: TrainRound, sum: Float64Array, limits: SumLimits): string | null {
  const at = sum.length - figuresOf(spec);
  const [loss, right, units] = [0, 1, 2].map((i) => sum[at + i]! / spec.statScale) as [
    number,
    number,
    number,
  ];
  const margin = marginOf(spec, limits) / spec.statScale;
  const all: Named = ['the units', units];
  const least = Math.min(loss, right, units);
  if (least < -margin) return `a figure of the round is ${figure(least)}`;
  const wrong =
    above(['units', units], ['the most that the counts allow', limits.units], margin) ??
    above(['losses', loss], all, 2 * margin) ??
    above(['right answers', right], all, 2 * margin);
  if (wrong !== null) return wrong;
  let squares = 0;
  for (let i = 0; i < at; i++) squares += sum[i]! ** 2;
  const noise = limits.deviation * (Math.sqrt(at) + DEVIATIONS);
  const rounding = limits.contributors * spec.gridStep * Math.sqrt(at);
  const most = Math.min(limits.units, Math.max(0, units) + margin) * longest(spec, limits.units);
  return above(['norm of the sum', Math.sqrt(squares)], ['what so many units add', most], noise + rounding);
}

/** The longest that one unit makes the sum: its clipped gradient, or its part of what local steps can move. */
function longest({ gradientNorm, local, train }: TrainRound, units: number): number {
  // Without noise adapter and head are clipped each.
  const norm = train === 'adapter-and-head' ? Math.SQRT2 * gradientNorm : gradientNorm;
  if (local === null) return norm;
  const steps = Math.ceil(units / local.batch);
  return (local.rate * steps * norm) / (1 - local.momentum);
}

function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
