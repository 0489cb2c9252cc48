/**
 * The coordinates of a gate round, in their order: what participants add up, and what is read of it. Wins minus losses
 * travel whole, figures for people at half of their size: so the noise is the least where it decides, and what a unit
 * adds leaves room within the gate's norm for the settings that are tried beside.
 */
import type { GateRound } from '../protocol/rounds.ts';

export const GATE_FIGURES = ['gained', 'units', 'candidate', 'mips'] as const;
type FigureName = (typeof GATE_FIGURES)[number];

const SCALES: Record<FigureName, number> = { gained: 1, units: 0.5, candidate: 0.5, mips: 0.5 };

/**
 * Of what one unit adds to the figures: it counts as one, the candidate and plain search may find it, and it is won or
 * lost where exactly one of candidate and serving version finds it.
 */
const FIGURES_NORM_SQUARED = 1 + 3 * 0.5 ** 2;
/** The most that one held-out unit adds to a gate's vector, in L2 norm. A unit of several records adds their mean. */
export const GATE_NORM = 2;
/** Of it, what the settings that are tried may take: a unit's part of them is clipped to it. */
export const TRIED_NORM = Math.sqrt(GATE_NORM ** 2 - FIGURES_NORM_SQUARED);

/** Coordinates of a gate round. */
export function gateDimension({ tried }: Pick<GateRound, 'tried'>): number {
  return GATE_FIGURES.length + tried.length;
}

/**
 * `gained`: held-out units that the candidate alone answered right less those that the serving version alone did.
 * `units`: all of them; `candidate`, `mips`: those that the candidate and plain search answered right. `tried`: of each
 * setting its wins less its losses, with what clipping left of them.
 */
export interface GateFigures extends Record<FigureName, number> {
  tried: Float64Array;
}

/** @throws RangeError when the sum is of another length */
export function gateFigures(sum: Float64Array, spec: Pick<GateRound, 'tried'>): GateFigures {
  if (sum.length !== gateDimension(spec))
    throw new RangeError(`gate: ${gateDimension(spec)} figures are due, got ${sum.length}`);
  const read = (name: FigureName, at: number) => [name, sum[at]! / SCALES[name]] as const;
  const figures = Object.fromEntries(GATE_FIGURES.map(read)) as Record<FigureName, number>;
  return { ...figures, tried: sum.slice(GATE_FIGURES.length) };
}

/** Standard deviation of the noise in a figure, of that in a coordinate. */
export function figureDeviation(name: FigureName, deviation: number): number {
  return deviation / SCALES[name];
}

/** What one record says: who found its document. */
export interface GateAnswers {
  candidate: boolean;
  serving: boolean;
  mips: boolean;
  /** Of each setting that is tried: 1 where it alone finds it, −1 where what it is compared with alone does. */
  tried: Float64Array;
}

/** Adds what a record of this weight says. */
export function addToGate(sum: Float64Array, weight: number, answers: GateAnswers): void {
  const { candidate, serving, mips, tried } = answers;
  const figures: Record<FigureName, number> = {
    gained: Number(candidate) - Number(serving),
    units: 1,
    candidate: Number(candidate),
    mips: Number(mips),
  };
  GATE_FIGURES.forEach((name, at) => {
    sum[at]! += weight * SCALES[name] * figures[name];
  });
  // Beside the figures, at most as much as a unit may add.
  addTried(sum, weight * Math.min(1, TRIED_NORM / Math.hypot(...tried)), tried);
}

/** Adds what a record that trains says of the settings: whole, since there is no noise that a norm is for. */
export function addTried(sum: Float64Array, factor: number, tried: Float64Array): void {
  for (const [at, value] of tried.entries()) {
    if (value !== 0) sum[GATE_FIGURES.length + at]! += factor * value;
  }
}
