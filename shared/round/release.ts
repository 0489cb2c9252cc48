/** What the sum of a round means: counts, a step of the optimiser, or the gate's verdict. Pure. */

import { type AdaptiveClipRule, nextClipNorm } from '../privacy/adaptive-clipping.ts';
import { passesGate } from '../privacy/publish-gate.ts';
import { type Likeness, smoothed } from '../privacy/smoothing.ts';
import type { HeldOut } from '../protocol/api/version.ts';
import type { Parameters } from '../protocol/parameters.ts';
import type { GateRound, ProbeCounts, TrainRound, TriedSetting } from '../protocol/rounds.ts';
import type { ServingParameters } from '../protocol/serving-parameters.ts';
import type { GateSettings } from '../protocol/settings.ts';
import type { OptimiserSettings } from '../protocol/training-settings.ts';
import { figuresOf, LOSS_CAP } from './figures.ts';
import { gateFigures } from './gate-figures.ts';
import { applyStep, type OptimiserState, rateFactor } from './optimiser.ts';
import { chooseMemory, chooseServing } from './serving-choice.ts';

export interface TrainFigures {
  units: number;
  /** Mean loss and accuracy over the units, before the step; null without units. */
  loss: number | null;
  accuracy: number | null;
}

export function trainFigures(sum: Float64Array, spec: TrainRound): TrainFigures {
  const at = sum.length - figuresOf(spec);
  const units = Math.round(sum[at + 2]! / spec.statScale);
  if (units <= 0) return { units: 0, loss: null, accuracy: null };
  return {
    units,
    loss: (LOSS_CAP * sum[at]!) / spec.statScale / units,
    accuracy: sum[at + 1]! / spec.statScale / units,
  };
}

/**
 * c_g of the round after this one, from its noised count.
 * @param expected units that the round was expected to see: fixed beforehand
 */
export function followClip(
  sum: Float64Array,
  spec: TrainRound,
  rule: AdaptiveClipRule,
  expected: number,
): number {
  const unclipped = sum[sum.length - 1]! / spec.statScale;
  return nextClipNorm(spec.gradientNorm, unclipped, Math.max(1, expected), rule);
}

/** What a head needs whose steps are smoothed: it is where it began, less the rate times all gradients, smoothed. */
export interface HeadSmoothing {
  /** The head before the first step. */
  start: Float32Array;
  /** Gradients of all steps so far, summed; a step adds its own. */
  total: Float32Array;
  likeness: Likeness;
}

/** How many parameters a round moves. */
export function movingLength(train: TrainRound['train'], { adapter, head }: Parameters): number {
  return (train === 'head' ? 0 : adapter.length) + (train === 'adapter' ? 0 : head.length);
}

/**
 * One step of the server optimiser in place. The sum is divided by what a round is expected to see, never by what
 * this one saw. Rounds of local steps send displacements: they are pseudo-gradients too.
 * @param state moments of what the round moves
 * @param schedule rounds of the phase before this one and in all, the units that a round is expected to see, the
 *   standard deviation of the noise in each coordinate of the sum, and the plan's factor on the rates
 * @param smoothing where the head's steps are smoothed; its total is added to
 */
export function applyRound(
  parameters: Parameters,
  state: OptimiserState,
  sum: Float64Array,
  spec: TrainRound,
  optimiser: OptimiserSettings,
  schedule: { step: number; steps: number; expected: number; deviation: number; rates: number },
  smoothing: HeadSmoothing | null = null,
): void {
  const adapter = spec.train === 'head' ? new Float32Array(0) : parameters.adapter;
  const head = spec.train === 'adapter' ? new Float32Array(0) : parameters.head;
  const split = adapter.length;
  const moving = new Float32Array(movingLength(spec.train, parameters));
  moving.set(adapter);
  moving.set(head, split);
  const denominator = Math.max(1, schedule.expected);
  const gradient = sum.slice(0, moving.length).map((value) => value / denominator);
  const factor = rateFactor(optimiser, schedule.step, schedule.steps) * schedule.rates;
  const rate = headRate(parameters, optimiser, schedule, spec.gradientNorm) * factor;
  if (smoothing !== null) {
    const variance = (schedule.step + 1) * (schedule.deviation / denominator) ** 2;
    moving.set(smoothedHead(smoothing, gradient.subarray(split), rate, variance), split);
    gradient.fill(0, split);
  }
  const rates = { adapter: optimiser.adapterRate * factor, head: rate };
  applyStep(optimiser, state, moving, gradient, split, rates);
  adapter.set(moving.subarray(0, split));
  head.set(moving.subarray(split));
}

function smoothedHead(
  { start, total, likeness }: HeadSmoothing,
  gradient: Float64Array,
  rate: number,
  variance: number,
): Float32Array {
  for (let i = 0; i < total.length; i++) total[i] = total[i]! + gradient[i]!;
  const step = smoothed(Float64Array.from(total), variance, likeness);
  return start.map((value, i) => value - rate * step[i]!);
}

/**
 * A row is asked for expected/rows times a round. Adam would move it by its whole rate each round all the same, so
 * with more rows than units the rate falls by that share. Noise in T steps is held to a length in a row.
 */
function headRate(
  { activeRows, head }: Parameters,
  { kind, headRate, scaleByRows, rowNoise }: OptimiserSettings,
  { steps, expected, deviation }: { steps: number; expected: number; deviation: number },
  gradientNorm: number,
): number {
  const often = kind === 'adam' ? Math.min(1, expected / activeRows.length) : 1;
  const rate = headRate * often * (scaleByRows ? activeRows.length : 1);
  if (rowNoise === 0 || deviation === 0) return rate;
  const units = Math.max(1, expected);
  const width = head.length / activeRows.length;
  const noise = (deviation * Math.sqrt(steps * width)) / units;
  const signal = (steps * gradientNorm) / activeRows.length;
  return Math.min(rate, (rowNoise / noise) * noiseShare(signal / noise));
}

/**
 * Share of the longest noise that a row bears, by the most that its units can move it against the noise of all steps.
 * The best linear estimate of a signal r times as long as its noise is r²/(1 + r²) of what was seen (Wiener): of
 * length r/(1 + r²) is then its noise, which is longest, one half, at r = 1.
 */
function noiseShare(ratio: number): number {
  return (2 * ratio) / (1 + ratio * ratio);
}

/** Units: one win, less what the sum's grid may have rounded away. */
const LEAST_WIN = 0.9;

export interface Verdict {
  /** What serves from now on: the candidate, the serving version with other parameters, or what serves already. */
  serve: 'candidate' | 'serving' | 'as before';
  /** What of the two serves with. */
  parameters: ServingParameters;
  reason: string;
  /** Of the candidate, with what it would serve with. */
  heldOut: HeldOut | null;
  /** Of the serving version with other parameters, where these serve. */
  heldOutServing: HeldOut | null;
  probe: ProbeCounts;
}

/**
 * Each version with the parameters that suit it best; then the better one of the two, if it is better beyond the noise
 * than the serving version is.
 * @param sum the coordinates of the gate
 * @param deviation standard deviation of the noise in each of them; 0 without noise
 * @param unasked share of the rows that did not learn
 */
export function judge(
  sum: Float64Array,
  spec: Pick<GateRound, 'tried' | 'parameters'>,
  probes: readonly ProbeCounts[],
  gate: GateSettings,
  { deviation = 0, unasked = 1 }: { deviation?: number; unasked?: number } = {},
): Verdict {
  const { gained, units, candidate, mips, tried } = gateFigures(sum, spec);
  const probe = addedUp(probes);
  const none = { parameters: spec.parameters.serving, heldOutServing: null, probe };
  if (!(units > 0))
    return { serve: 'as before', reason: 'no held-out query could judge it', heldOut: null, ...none };
  const least = deviation === 0 ? LEAST_WIN : 0;
  const rule = { deviation, confidence: gate.confidence, least };
  const sums = { tried: spec.tried, sums: tried };
  const { candidate: trained, serving: present } = spec.parameters;
  const ours = chooseServing('serving', present, sums, rule);
  const near = spec.tried.some(({ everyone }) => everyone) ? ours.parameters : trained;
  const theirs = chooseServing('candidate', trained, sums, rule, near);
  const remembering = (of: TriedSetting['of'], parameters: ServingParameters): ServingParameters => ({
    ...parameters,
    memory: chooseMemory(of, spec.parameters[of], sums, { units, unasked }),
  });
  const heldOutOf = (right: number, baseline: number): HeldOut => ({
    units: Math.round(units),
    accuracy: share(right / units),
    baseline: share(baseline / units),
    mips: share(mips / units),
  });
  const serving = candidate - gained;
  const heldOut = heldOutOf(candidate + theirs.gained, serving);
  const ahead = gained + theirs.gained - ours.gained;
  const spread = Math.sqrt(1 + theirs.figures + ours.figures) * deviation;
  // Who allows a loss is taken at their word; who does not wants a win, not a tie.
  const margin = gate.margin < 0 ? gate.margin * units : Math.max(gate.margin * units, least);
  const lost = probe.found < probe.mips - gate.probeTolerance * probe.titles;
  const wins = passesGate(
    { winsMinusLosses: ahead, deviation: spread },
    { margin, confidence: gate.confidence },
  );
  if (wins && !lost) {
    const reason = 'better on held-out queries';
    const parameters = remembering('candidate', theirs.parameters);
    return { ...none, serve: 'candidate', parameters, reason, heldOut };
  }
  const against = ours.figures > 0 ? ' against the serving version with the weights found for it' : '';
  const reason = wins
    ? `titles of untrained documents found ${probe.found} of ${probe.titles}, plain search ${probe.mips}, at most ${gate.probeTolerance} of them may be lost`
    : `held-out wins minus losses${against} are ${Math.round(ahead)} of ${Math.round(units)}, where ${Math.ceil(margin + gate.confidence * spread)} are needed`;
  const parameters = remembering('serving', ours.parameters);
  if (ours.figures === 0 && parameters.memory === present.memory)
    return { ...none, serve: 'as before', reason, heldOut };
  const heldOutServing = heldOutOf(serving + ours.gained, serving);
  return { ...none, serve: 'serving', parameters, reason, heldOut, heldOutServing };
}

function addedUp(probes: readonly ProbeCounts[]): ProbeCounts {
  const probe = { titles: 0, found: 0, mips: 0 };
  for (const counts of probes) {
    probe.titles += counts.titles;
    probe.found += counts.found;
    probe.mips += counts.mips;
  }
  return probe;
}

/** Noise may carry a rate out of its range. */
function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}
