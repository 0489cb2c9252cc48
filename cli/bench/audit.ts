/**
 * An empirical check of the privacy mechanism: a small head is trained many times with and without one canary record,
 * through the same sampling, clipping, encoding, noise and accounting as in production. The best attack's lower bound of ε
 * must stay under the claim, and the same attacks must win when the noise is off.
 */
import { Command } from 'commander';
import { auditBound } from '../../shared/privacy/audit-bound.ts';
import { clipFactor, clipNorms } from '../../shared/privacy/clipping.ts';
import { rdpEpsilon } from '../../shared/privacy/conversion.ts';
import { DiscreteGaussian } from '../../shared/privacy/discrete-gaussian.ts';
import { decodeSum, encodeSum, roundGrid } from '../../shared/privacy/fixed-point.ts';
import { honestParticipants, noiseParts, sumDeviation } from '../../shared/privacy/noise-share.ts';
import { pldEpsilon } from '../../shared/privacy/pld.ts';
import { bernoulli, poissonSample } from '../../shared/privacy/poisson.ts';
import { cryptoSource, type RandomSource } from '../../shared/privacy/random-source.ts';
import { samplingRate } from '../../shared/privacy/rational.ts';
import { INTEGER_ORDERS } from '../../shared/privacy/rdp.ts';
import { logAdd } from '../../shared/privacy/special-functions.ts';
import { addStatistic, placeStatistics } from '../../shared/privacy/statistics.ts';
import { optionsOf } from './options-of.ts';

const ROWS = 6;
const WIDTH = 8;
const RECORDS = 60;
const ROUNDS = 8;
const RATE = 0.3;
const NOISE_MULTIPLIER = 1.4;
const DELTA = 1e-5;
const CONFIDENCE = 0.95;
const LEARNING_RATE = 0.5;
const TEMPERATURE = 5;
/** One of three participants colludes, so that the sum has no more noise than is charged. */
const COHORT = { members: 3, threshold: 3, colluders: 1 };

const rate = samplingRate(RATE);
const norms = clipNorms(1, 0.1);
const honest = honestParticipants(COHORT);
const dimension = ROWS * WIDTH + ROWS;
const grid = roundGrid(dimension, norms.total);
const counts = placeStatistics(
  [{ name: 'rows', length: ROWS, norm: 1, share: 1 }],
  norms.statistics,
  ROWS * WIDTH,
)[0]!;

interface Query {
  readonly embedding: Float64Array;
  readonly row: number;
}

interface Problem {
  readonly head: Float64Array;
  readonly records: readonly Query[];
  /** Names the one row that no other record names. */
  readonly canary: Query;
}

/** What the two attacks say of one run; higher for "the canary was there". */
interface Scores {
  /** Sees every sum, and knows all but whether the canary takes part: the likelihood ratio. */
  readonly informed: number;
  /** Sees the last head only: how well it knows the canary. */
  readonly outsider: number;
}

/** Prints the audit; sets the exit code to 1 when the claim does not hold or the attack is too weak to tell. */
export async function benchAudit(args: string[]): Promise<void> {
  const options = optionsOf<{ small: boolean; json: boolean }>(
    new Command('bench audit')
      .description(
        'What an attacker learns about one unit, against the privacy claimed; fails when the claim does not hold.',
      )
      .option('--small', 'an eighth of the trials', false),
    args,
  );
  const trials = options.small ? 2_000 : 16_000;
  const schedule = [{ samplingRate: RATE, noiseMultiplier: NOISE_MULTIPLIER, steps: ROUNDS }];
  const claimed = rdpEpsilon(schedule, DELTA, INTEGER_ORDERS).epsilon;
  const noiseOn = attack(trials, NOISE_MULTIPLIER);
  const noiseOff = attack(trials, 0);
  const result = {
    trials,
    confidence: CONFIDENCE,
    rounds: ROUNDS,
    sampling_rate: RATE,
    noise_multiplier: NOISE_MULTIPLIER,
    delta: DELTA,
    epsilon: claimed,
    epsilon_pld: pldEpsilon(schedule, DELTA),
    noise_on: noiseOn,
    noise_off: noiseOff,
    holds: noiseOn.epsilon_lower_bound <= claimed && noiseOff.epsilon_lower_bound > claimed,
  };
  console.log(options.json ? JSON.stringify(result) : describe(result));
  if (!result.holds) process.exitCode = 1;
}

type Attacked = ReturnType<typeof attack>;

/** Runs both worlds and judges both attacks. */
function attack(trials: number, noiseMultiplier: number) {
  const source = cryptoSource();
  const problem = makeProblem(source);
  const gaussian =
    noiseMultiplier > 0 ? new DiscreteGaussian(noiseParts(noiseMultiplier, grid, COHORT)[0]) : undefined;
  const worlds = [true, false].map((withCanary) =>
    Array.from({ length: trials }, () => runOnce(problem, withCanary, noiseMultiplier, gaussian, source)),
  );
  const bound = (name: keyof Scores) => {
    const [withCanary, without] = worlds.map((runs) => Float64Array.from(runs, (scores) => scores[name]));
    // Two attacks share the probability to be wrong.
    const found = auditBound(withCanary!, without!, DELTA, (1 - CONFIDENCE) / 2);
    return {
      epsilon_lower_bound: found.epsilon,
      true_positive_rate: found.truePositiveRate,
      false_positive_rate: found.falsePositiveRate,
    };
  };
  const informed = bound('informed');
  const outsider = bound('outsider');
  return {
    epsilon_lower_bound: Math.max(informed.epsilon_lower_bound, outsider.epsilon_lower_bound),
    informed,
    outsider,
  };
}

function makeProblem(source: RandomSource): Problem {
  const uniform = () => source.nextWord() / 2 ** 31 - 1;
  const direction = () => unit(Float64Array.from({ length: WIDTH }, uniform));
  const head = new Float64Array(ROWS * WIDTH);
  for (let row = 0; row < ROWS; row++) head.set(direction(), row * WIDTH);
  const records = Array.from({ length: RECORDS }, (_, i) => ({
    embedding: direction(),
    row: i % (ROWS - 1),
  }));
  return { head, records, canary: { embedding: direction(), row: ROWS - 1 } };
}

function unit(vector: Float64Array): Float64Array {
  const length = norm(vector);
  return vector.map((x) => x / length);
}

/** One training run. */
function runOnce(
  problem: Problem,
  withCanary: boolean,
  noiseMultiplier: number,
  gaussian: DiscreteGaussian | undefined,
  source: RandomSource,
): Scores {
  const head = Float64Array.from(problem.head);
  // Without noise the dither alone is left.
  const deviation = gaussian ? sumDeviation(noiseMultiplier, grid, 1) : grid.step;
  let informed = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const lengths = rowLengths(head);
    const canary = new Float64Array(dimension);
    addUnit(canary, head, lengths, problem.canary);
    const regions = Array.from({ length: COHORT.members }, () => new Float64Array(dimension));
    for (const record of poissonSample(problem.records, rate, source)) {
      addUnit(regions[record.row % COHORT.members]!, head, lengths, record);
    }
    const others = new Float64Array(dimension);
    for (const region of regions) addTo(others, region);
    if (withCanary && bernoulli(rate, source)) addTo(regions[0]!, canary);
    const ring = new Uint32Array(dimension);
    for (const region of regions) addTo(ring, encodeSum(region, grid, source));
    for (let i = 0; gaussian && i < honest; i++) gaussian.addTo(ring, source);
    const decoded = decodeSum(ring, grid, 1);
    informed += logLikelihoodRatio(decoded, others, canary, deviation);
    for (let i = 0; i < head.length; i++) {
      head[i] = head[i]! - (LEARNING_RATE * decoded[i]!) / (RATE * RECORDS);
    }
  }
  const { p } = score(head, rowLengths(head), problem.canary.embedding);
  return { informed, outsider: Math.log(p[problem.canary.row]!) };
}

function addTo(sum: Float64Array | Uint32Array, part: Float64Array | Uint32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + part[i]!;
}

/** log of P(sum | canary in the data) over P(sum | not), all else known. */
function logLikelihoodRatio(
  decoded: Float64Array,
  others: Float64Array,
  canary: Float64Array,
  deviation: number,
): number {
  let product = 0;
  let squares = 0;
  for (let i = 0; i < canary.length; i++) {
    product += (decoded[i]! - others[i]!) * canary[i]!;
    squares += canary[i]! ** 2;
  }
  return logAdd(Math.log1p(-RATE), Math.log(RATE) + (2 * product - squares) / (2 * deviation ** 2));
}

/** p over rows and the cosines, for one query. */
function score(head: Float64Array, lengths: Float64Array, query: Float64Array) {
  const cosines = new Float64Array(ROWS);
  const p = new Float64Array(ROWS);
  let total = 0;
  for (let c = 0; c < ROWS; c++) {
    let dot = 0;
    for (let i = 0; i < WIDTH; i++) dot += head[c * WIDTH + i]! * query[i]!;
    cosines[c] = dot / lengths[c]!;
    p[c] = Math.exp(TEMPERATURE * cosines[c]!);
    total += p[c]!;
  }
  for (let c = 0; c < ROWS; c++) p[c] = p[c]! / total;
  return { p, cosines };
}

function rowLengths(head: Float64Array): Float64Array {
  return Float64Array.from({ length: ROWS }, (_, c) => norm(head.subarray(c * WIDTH, (c + 1) * WIDTH)));
}

function norm(vector: Float64Array): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  return Math.sqrt(squares);
}

/** Adds a unit's clipped gradient of the cosine head's cross-entropy, and its count. */
function addUnit(
  sum: Float64Array,
  head: Float64Array,
  lengths: Float64Array,
  { embedding, row }: Query,
): void {
  const { p, cosines } = score(head, lengths, embedding);
  const gradient = new Float64Array(ROWS * WIDTH);
  for (let c = 0; c < ROWS; c++) {
    const length = lengths[c]!;
    const a = (TEMPERATURE * (p[c]! - Number(c === row))) / length;
    const along = cosines[c]! / length;
    for (let i = 0; i < WIDTH; i++) {
      gradient[c * WIDTH + i] = a * (embedding[i]! - along * head[c * WIDTH + i]!);
    }
  }
  const factor = clipFactor(norm(gradient), norms.gradient);
  for (let i = 0; i < gradient.length; i++) sum[i] = sum[i]! + factor * gradient[i]!;
  addStatistic(sum, counts, [[row, 1]]);
}

function describe(result: {
  epsilon: number;
  epsilon_pld: number;
  trials: number;
  noise_on: Attacked;
  noise_off: Attacked;
  holds: boolean;
}): string {
  const line = (label: string, { informed, outsider }: Attacked) =>
    `${label}: an attacker who knows all else proves ε ≥ ${informed.epsilon_lower_bound.toFixed(2)}, ` +
    `one who sees the last head ε ≥ ${outsider.epsilon_lower_bound.toFixed(2)}`;
  return [
    `claimed ε = ${result.epsilon.toFixed(2)} (δ = ${DELTA}), by the privacy-loss distribution ${result.epsilon_pld.toFixed(2)}`,
    `${result.trials} runs with and without a canary, confidence ${CONFIDENCE}`,
    line('noise on ', result.noise_on),
    line('noise off', result.noise_off),
    result.holds ? 'the claim holds' : 'THE CLAIM DOES NOT HOLD',
  ].join('\n');
}
