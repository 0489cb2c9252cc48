/** Sums that honest participants make are used, whatever their noise; others are not. */
import { describe, expect, it } from 'vitest';
import { ProbeCounts, RoundSpec } from '../../../../shared/protocol/rounds.ts';
import {
  mostHeldOut,
  mostUnits,
  type SumLimits,
  sumProblem,
} from '../../../../shared/round/release-checks.ts';
import { seededUniform } from '../../../../shared/secagg/virtual-network.ts';
import { gateSpec, trainSpec } from './specs.ts';

const uniform = seededUniform(5);
const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
const noised = (sum: readonly number[], deviation: number) =>
  Float64Array.from(sum, (value) => value + deviation * normal());
const limits = (more: Partial<SumLimits> = {}): SumLimits => ({
  units: 100,
  trained: 0,
  deviation: 0,
  contributors: 3,
  ...more,
});
/** Six more than the serving version found, of forty; figures for people travel at half of their size. */
const GATE = [6, 20, 15, 10, 2, -3, 4, 0];

describe('the sum of a gate', () => {
  it('is used when its figures are those of units, with and without noise', () => {
    expect(sumProblem(gateSpec(), Float64Array.from(GATE), limits())).toBeNull();
    for (let i = 0; i < 500; i++) {
      expect(sumProblem(gateSpec(), noised(GATE, 12), limits({ deviation: 12 }))).toBeNull();
    }
  });

  it.each([
    ['more units than the counts allow', [500, 264, 255, 4, 0, 0, 0, 0], 'held-out units: 528 is above 100'],
    [
      'more right answers than units',
      [90, 20, 47.5, 2.5, 0, 0, 0, 0],
      'right answers of the candidate: 95 is above 40',
    ],
    [
      'more gained than the candidate found',
      [30, 20, 12, 10, 0, 0, 0, 0],
      'no right answers of the serving version: 0 is above -6',
    ],
    [
      'more lost than there are units',
      [-30, 20, 12, 10, 0, 0, 0, 0],
      'right answers of the serving version: 54 is above 40',
    ],
    [
      'a setting that wins more than there are units',
      [6, 20, 15, 10, 0, 50, 0, 0],
      'wins less losses of a setting: 50 is above 40',
    ],
    ['fewer than no right answers', [0, 20, -15, 10, 0, 0, 0, 0], 'a figure of the gate is -30'],
    ['no number', [Number.NaN, 20, 15, 10, 0, 0, 0, 0], 'not finite'],
  ])('is not with %s', (_, sum, problem) => {
    expect(sumProblem(gateSpec(), Float64Array.from(sum), limits())).toContain(problem);
  });
});

describe('the sum of a train round', () => {
  const sumOf = (gradient: readonly number[], figures: readonly number[]) => [...gradient, ...figures];
  const coordinates = trainSpec().dimension - 3;
  const spread = (norm: number) => Array.from({ length: coordinates }, () => norm / Math.sqrt(coordinates));

  it('is used when it is no longer than its units make it, with and without noise', () => {
    const honest = sumOf(spread(60), [10, 50, 60]);
    expect(sumProblem(trainSpec(), Float64Array.from(honest), limits())).toBeNull();
    for (let i = 0; i < 200; i++) {
      expect(sumProblem(trainSpec(), noised(honest, 7), limits({ deviation: 7 }))).toBeNull();
    }
  });

  it.each([
    ['a vector of 4,000 units’ length', sumOf(spread(4000), [10, 50, 60]), 'norm of the sum: 4000 is above'],
    ['more units than the counts allow', sumOf(spread(1), [10, 50, 600]), 'units: 600 is above 100'],
    ['more right answers than units', sumOf(spread(1), [10, 90, 60]), 'right answers: 90 is above 60'],
    ['less than no loss', sumOf(spread(1), [-40, 50, 60]), 'a figure of the round is -40'],
  ])('is not with %s', (_, sum, problem) => {
    expect(sumProblem(trainSpec(), Float64Array.from(sum), limits())).toContain(problem);
  });

  it('of local steps is no longer than these can move', () => {
    const spec = trainSpec({ local: { rate: 0.1, momentum: 0, batch: 10 } });
    // Sixty units in at most ten steps of a tenth.
    expect(sumProblem(spec, Float64Array.from(sumOf(spread(60), [1, 1, 60])), limits())).toBeNull();
    expect(sumProblem(spec, Float64Array.from(sumOf(spread(62), [1, 1, 60])), limits())).toContain('norm');
  });
});

it('bounds units by the counts, held-out ones by their share, and probes by the titles asked', () => {
  expect(mostUnits(100, 0)).toBe(264);
  expect(mostUnits(-20, 10)).toBe(224);
  expect(mostHeldOut(300, 0.25)).toBe(164);
  const parsed = (titles: number, found: number, mips: number) =>
    ProbeCounts.safeParse({ titles, found, mips }).success;
  expect([parsed(200, 200, 0), parsed(201, 0, 0), parsed(10, 11, 0), parsed(10, 0, 11)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(RoundSpec.parse(gateSpec())).toEqual(gateSpec());
});
