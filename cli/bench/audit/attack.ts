/**
 * Two worlds, with and without the canary, each run many times through the product's participant; the attacker sees
 * every vector that leaves and knows everything but which world it is. What the canary adds is measured, by rounds
 * without noise and with one fixed dither, so that a unit that adds more than it may is seen as such.
 */
import type { Engine } from '../../../models/engine.ts';
import type { ShardStore } from '../../../shared/participant/shard-store.ts';
import { decodeSum, roundGrid } from '../../../shared/privacy/fixed-point.ts';
import { type LedgerEntry, mainFilter, type PrivacyPolicy, spent } from '../../../shared/privacy/ledger.ts';
import { sumDeviation } from '../../../shared/privacy/noise-share.ts';
import { cryptoSource, type RandomSource } from '../../../shared/privacy/random-source.ts';
import type { SamplingRate } from '../../../shared/privacy/rational.ts';
import { logAdd } from '../../../shared/privacy/special-functions.ts';
import type { RoundSpec, Sample, TrainRound } from '../../../shared/protocol/rounds.ts';
import { epsilonBound, type Told, tell } from './bound.ts';
import { makeProblem, type Problem } from './problem.ts';
import { AuditSubject } from './subject.ts';

export const DELTA = 1e-5;
/** More than any schedule here costs: what is claimed is what was charged. */
const BUDGET = 1000;

/** A schedule that is charged, and how often it is run in each world. */
export interface Audited {
  rounds: number;
  /** q; 1: every unit takes part. */
  rate: SamplingRate;
  /** z, as it is charged. */
  noiseMultiplier: number;
  trials: number;
}

/** What a participant works with. An audit of an audit puts something broken in their place. */
export interface Tampering {
  engine?: (engine: Engine) => Engine;
  store?: (store: ShardStore) => ShardStore;
  /** Rounds as they reach the participant. */
  round?: (spec: TrainRound) => TrainRound;
}

export interface Found extends Told {
  /**
   * The lower bound of ε that this proves.
   * @param miss with which probability a mechanism that keeps its ε may still be given a larger one
   */
  proven(miss: number): number;
  /** ε that the ledger charges for the schedule. */
  claimed: number;
  /** Norm of what the canary adds, over the norm that it may add. */
  reach: number;
}

/** @param noise off: the attack must win, else it shows nothing where it loses */
export async function attack(
  engine: Engine,
  audited: Audited,
  noise: 'on' | 'off',
  tampering: Tampering = {},
): Promise<Found> {
  const { rate, rounds, noiseMultiplier, trials } = audited;
  const q = rate.numerator / rate.denominator;
  const problem = await makeProblem(engine, q === 1);
  try {
    const worlds = new Worlds(problem, tampering.engine?.(engine) ?? engine, tampering);
    const policy: PrivacyPolicy = {
      ...{ epsilon: BUDGET, delta: DELTA, unit: 'record', retentionMs: 1e9, order: mainFilter(2, DELTA, q) },
    };
    const known = await worlds.measure(noiseMultiplier);
    // Without noise the dither alone is left.
    const deviation = noise === 'on' ? known.deviation : known.grid.step;
    const sample: Sample = q === 1 ? { kind: 'all' } : { kind: 'poisson', ...rate };
    const scores = async (canary: boolean) => {
      const subject = worlds.open(canary, policy, noise, cryptoSource());
      const all = new Float64Array(trials);
      for (let trial = 0; trial < trials; trial++) {
        subject.begin();
        for (let round = 0; round < rounds; round++) {
          const spec = problem.round(worlds.serial++, sample, noise === 'on' ? noiseMultiplier : 0);
          const words = await subject.contribution(tampering.round?.(spec) ?? spec);
          all[trial] = all[trial]! + score(decodeSum(words, known.grid, spec.bits, 1), known, deviation, q);
        }
      }
      return all;
    };
    const [there, absent] = [await scores(true), await scores(false)];
    const entry = { ...{ kind: 'train' as const, atMs: 0, samplingRate: q, noiseMultiplier, steps: 1 } };
    const charges = Array.from({ length: rounds }, (_, round): LedgerEntry => ({ ...entry, round }));
    const told = tell(there, absent);
    const proven = (miss: number) => epsilonBound(told, { rounds, samplingRate: q }, DELTA, miss);
    return { ...told, proven, claimed: spent(policy, charges, 0).epsilon, reach: known.reach };
  } finally {
    problem.close();
  }
}

/** What the attacker knows: the sum without the canary, and what the canary adds to it. */
interface Known {
  grid: ReturnType<typeof roundGrid>;
  others: Float64Array;
  canary: Float64Array;
  squares: number;
  deviation: number;
  reach: number;
}

class Worlds {
  readonly #problem: Problem;
  readonly #engine: Engine;
  readonly #tampering: Tampering;
  serial = 1;

  constructor(problem: Problem, engine: Engine, tampering: Tampering) {
    this.#problem = problem;
    this.#engine = engine;
    this.#tampering = tampering;
  }

  open(canary: boolean, policy: PrivacyPolicy, noise: 'on' | 'off', random: RandomSource): AuditSubject {
    const shard = this.#problem.shard(canary, random);
    const store = this.#tampering.store?.(shard) ?? shard;
    return new AuditSubject({ hub: this.#problem.hub, store, engine: this.#engine, policy, noise, random });
  }

  async measure(noiseMultiplier: number): Promise<Known> {
    const spec = this.#problem.round(0, { kind: 'all' }, 0);
    const grid = roundGrid(spec.dimension, spec.clipNorm);
    const [without, with_] = [await this.#exact(false, spec), await this.#exact(true, spec)];
    const canary = with_.map((x, i) => x - without[i]!);
    const squares = canary.reduce((sum, x) => sum + x * x, 0);
    const deviation = sumDeviation(noiseMultiplier, grid, 1);
    return { grid, others: without, canary, squares, deviation, reach: Math.sqrt(squares) / spec.clipNorm };
  }

  /** The sum without noise, under a dither of a half everywhere: within half a grid step of the truth. */
  async #exact(canary: boolean, spec: RoundSpec): Promise<Float64Array> {
    const half: RandomSource = { nextWord: () => 2 ** 31 };
    const subject = this.open(
      canary,
      { epsilon: BUDGET, delta: DELTA, unit: 'record', retentionMs: 1e9, order: 2 },
      'off',
      half,
    );
    const serial = this.serial++;
    const words = await subject.contribution({ ...spec, id: `audit.${serial}`, serial });
    return decodeSum(words, roundGrid(spec.dimension, spec.clipNorm), spec.bits, 1);
  }
}

/** The logarithm of how much likelier the sum is with the canary: the most powerful test (Neyman, Pearson). */
function score(sum: Float64Array, { others, canary, squares }: Known, deviation: number, q: number): number {
  let product = 0;
  for (let i = 0; i < canary.length; i++) product += (sum[i]! - others[i]!) * canary[i]!;
  const ratio = (2 * product - squares) / (2 * deviation ** 2);
  return q === 1 ? ratio : logAdd(Math.log1p(-q), Math.log(q) + ratio);
}
