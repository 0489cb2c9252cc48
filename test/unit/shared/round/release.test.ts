import { describe, expect, it } from 'vitest';
import { adaptiveClipRule } from '../../../../shared/privacy/adaptive-clipping.ts';
import { likenessOf, smoothed } from '../../../../shared/privacy/smoothing.ts';
import type { TrainRound } from '../../../../shared/protocol/rounds.ts';
import { START_PARAMETERS } from '../../../../shared/protocol/serving-parameters.ts';
import { GateSettings } from '../../../../shared/protocol/settings.ts';
import { OptimiserSettings } from '../../../../shared/protocol/training-settings.ts';
import { newOptimiserState } from '../../../../shared/round/optimiser.ts';
import { applyRound, followClip, judge, trainFigures } from '../../../../shared/round/release.ts';
import { triedSettings } from '../../../../shared/round/serving-choice.ts';
import { seededUniform } from '../../../../shared/secagg/virtual-network.ts';
import { gateSpec } from './specs.ts';

const gate = (input: object = {}) => GateSettings.parse(input);
const spec = gateSpec();
/** 100 units unless told; figures for people travel at half of their size. Settings: two of the candidate, two of what serves. */
const sum = (gained: number, tried: readonly number[] = [0, 0, 0, 0], units = 100) =>
  Float64Array.of(gained, units / 2, (60 + gained) / 2, 50 / 2, ...tried);

describe('publish gate', () => {
  it('publishes what wins', () => {
    expect(judge(sum(25), spec, [], gate())).toMatchObject({
      serve: 'candidate',
      parameters: START_PARAMETERS,
      heldOut: { units: 100, accuracy: 0.85, baseline: 0.6, mips: 0.5 },
    });
  });

  it('keeps the serving version on a draw, a loss, too small a win, or without a judge', () => {
    expect(judge(sum(0), spec, [], gate()).serve).toBe('as before');
    expect(judge(sum(-1), spec, [], gate()).serve).toBe('as before');
    expect(judge(sum(4), spec, [], gate({ margin: 0.05 })).serve).toBe('as before');
    expect(judge(new Float64Array(8), spec, [], gate())).toMatchObject({
      serve: 'as before',
      reason: 'no held-out query could judge it',
    });
  });

  it('publishes what loses no more than a margin below zero allows', () => {
    expect(judge(sum(-4), spec, [], gate({ margin: -0.05 })).serve).toBe('candidate');
    expect(judge(sum(-6), spec, [], gate({ margin: -0.05 })).serve).toBe('as before');
  });

  it('asks a win to be beyond the noise in it, of which wins less losses have one part', () => {
    expect(judge(sum(9), spec, [], gate(), { deviation: 10 }).serve).toBe('as before');
    expect(judge(sum(11), spec, [], gate(), { deviation: 10 }).serve).toBe('candidate');
    expect(judge(sum(11), spec, [], gate({ confidence: 2 }), { deviation: 10 }).serve).toBe('as before');
  });

  it('keeps it when documents that nobody asked about are lost', () => {
    const probes = [
      { titles: 50, found: 48, mips: 50 },
      { titles: 50, found: 40, mips: 50 },
    ];
    expect(judge(sum(25), spec, probes, gate({ probeTolerance: 0.05 }))).toMatchObject({
      serve: 'as before',
      probe: { titles: 100, found: 88, mips: 100 },
    });
    expect(judge(sum(25), spec, probes, gate({ probeTolerance: 0.12 })).serve).toBe('candidate');
  });
});

describe('the weights that a gate finds', () => {
  const weight = (words: number) => ({ ...START_PARAMETERS, words });

  it('serve with the candidate that they suit', () => {
    const verdict = judge(sum(25, [4, 7, 1, 2]), spec, [], gate());
    expect(verdict).toMatchObject({ serve: 'candidate', parameters: weight(1), heldOut: { accuracy: 0.92 } });
  });

  it('serve alone where the candidate loses to the serving version with weights of its own', () => {
    const verdict = judge(sum(3, [0, 0, 5, 2]), spec, [], gate());
    expect(verdict).toMatchObject({
      serve: 'serving',
      parameters: weight(0.7),
      heldOut: { accuracy: 0.63, baseline: 0.6 },
      heldOutServing: { accuracy: 0.65, baseline: 0.6 },
    });
    expect(verdict.reason).toContain('with the weights found for it');
    expect(judge(sum(-20, [0, 30, 5, 2]), spec, [], gate()).serve).toBe('candidate');
  });

  it('are the nearest of those that win alike, and none that does not win', () => {
    expect(judge(sum(25, [6, 6, 0, 0]), spec, [], gate()).parameters).toEqual(weight(0.7));
    expect(judge(sum(25, [-3, 0.5, 0, 0]), spec, [], gate()).parameters).toEqual(START_PARAMETERS);
    // The grid of a sum rounds: 0.9994 is one.
    expect(judge(sum(25, [-3, 0.9994, 0, 0]), spec, [], gate()).parameters).toEqual(weight(1));
    expect(judge(sum(0.9994, [0, 0, 0, 0]), spec, [], gate()).serve).toBe('candidate');
  });

  it('of plain search are said by units that train, too, and taken for the candidate where they do not lose', () => {
    const more = [0.7, 1].map((words) => ({
      ...{ of: 'serving' as const, unasked: false, everyone: true, untrained: false },
      parameters: weight(words),
    }));
    const wide = gateSpec({ tried: [...spec.tried, ...more] });
    const of = (held: number[], all: number[], gained = 0) =>
      judge(sum(gained, [...held, ...all]), wide, [], gate());
    // By the few that are held out 0.7 would do; by all of them it is 1.
    expect(of([0, 0, 2, 1], [3, 9])).toMatchObject({
      serve: 'serving',
      parameters: weight(1),
      heldOutServing: { accuracy: 0.61 },
    });
    expect(of([0, 0, 2, 1], [3, 9], 5)).toMatchObject({ serve: 'candidate', parameters: weight(1) });
    expect(of([0, -1, 2, 1], [3, 9], 5)).toMatchObject({ serve: 'candidate', parameters: weight(0.44) });
    expect(of([0, 0, 2, 1], [-3, 0]).serve).toBe('as before');
  });

  it('have to win more than the best of as many figures of noise alone', () => {
    const deviation = 10;
    const needed = deviation * (1 + Math.sqrt(2 * Math.log(2)));
    expect(judge(sum(0, [0, 0, needed - 1, 0]), spec, [], gate(), { deviation }).serve).toBe('as before');
    expect(judge(sum(0, [0, 0, needed + 1, 0]), spec, [], gate(), { deviation }).serve).toBe('serving');
  });

  it('are hardly ever taken for noise alone', () => {
    const uniform = seededUniform(11);
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    let taken = 0;
    for (let i = 0; i < 1000; i++) {
      const noise = Array.from({ length: 4 }, () => 10 * normal());
      if (judge(sum(0, noise), spec, [], gate(), { deviation: 10 }).serve === 'serving') taken += 1;
    }
    expect(taken).toBeLessThan(60);
  });
});

describe('the weight of memory that a gate finds', () => {
  const present = { candidate: START_PARAMETERS, serving: START_PARAMETERS };
  const tried = triedSettings(present, { words: false, memory: true, everyone: false });
  const remembering = gateSpec({ tried });
  interface Case {
    /** What documents without questions find beyond plain search, without memory. */
    without?: number;
    units?: number;
    unasked?: number;
  }
  /** Of the serving version: what 0.3, 0.5 and 0.7 win, and what they lose of plain search where nobody asked. */
  const found = (won: number[], lost: number[], { without = 0, units = 1000, ...rule }: Case = {}) => {
    const sums = tried.map(({ of, unasked, parameters: { memory } }) => {
      if (of === 'candidate') return 0;
      const at = [0.3, 0.5, 0.7].indexOf(memory);
      if (!unasked) return won[at]!;
      return at < 0 ? without : -lost[at]!;
    });
    const verdict = judge(sum(-20, sums, units), remembering, [], gate(), { unasked: 0.5, ...rule });
    return [verdict.serve, verdict.parameters.memory];
  };

  it('stays where documents without questions lose next to nothing', () => {
    expect(found([20, 40, 60], [0, 1, 2])).toEqual(['as before', 0.7]);
  });

  it('is the one with which most is found, of those with which they lose next to nothing', () => {
    expect(found([20, 40, 60], [0, 4, 9])).toEqual(['serving', 0.5]);
    expect(found([20, 40, 60], [0, 6, 9])).toEqual(['serving', 0.3]);
    expect(found([20, 40, 60], [8, 9, 9])).toEqual(['serving', 0]);
    expect(found([20, 58, 60], [0, 0, 4])).toEqual(['serving', 0.5]);
  });

  it('may cost such documents more, the fewer of them there are', () => {
    expect(found([20, 40, 60], [10, 20, 40], { unasked: 0.05 })).toEqual(['as before', 0.7]);
    expect(found([20, 40, 60], [10, 20, 60], { unasked: 0.05 })).toEqual(['serving', 0.5]);
    expect(found([20, 40, 60], [400, 400, 400], { unasked: 0 })).toEqual(['as before', 0.7]);
    expect(found([20, 40, 60], [3, 3, 3], { unasked: 1 })).toEqual(['serving', 0]);
  });

  it('may cost what a version finds beyond plain search, and no more than it finds itself', () => {
    expect(found([20, 40, 60], [-30, -20, 2], { without: 40, unasked: 0.2 })).toEqual(['as before', 0.7]);
    expect(found([20, 40, 60], [20, 21, 22], { without: -20 })).toEqual(['as before', 0.7]);
    expect(found([20, 40, 60], [20, 21, 29], { without: -20 })).toEqual(['serving', 0.5]);
  });

  it('allows few questions one that is lost', () => {
    expect(found([2, 3, 4], [0, 1, 1], { units: 100 })).toEqual(['as before', 0.7]);
    expect(found([2, 3, 4], [0, 1, 2], { units: 100 })).toEqual(['serving', 0.5]);
  });

  it('stays where nothing else wins more, and where none was tried', () => {
    expect(found([60, 60, 60], [0, 0, 0])).toEqual(['as before', 0.7]);
    const none = gateSpec({ tried: [] });
    expect(judge(sum(-20, [], 1000), none, [], gate()).parameters.memory).toBe(0.7);
  });
});

describe('a clip norm that adapts', () => {
  const spec = { adaptiveClip: true, statScale: 0.25, gradientNorm: 2 } as TrainRound;
  const rule = adaptiveClipRule({ quantile: 0.5, rate: 0.2 }, 2);
  /** Gradient, then 100 units: their losses, hits, number, and how many of them were not clipped. */
  const figures = (unclipped: number) =>
    Float64Array.of(7, 7, 5 * 0.25, 60 * 0.25, 100 * 0.25, (unclipped - 50) * 0.25);

  it('is read from the last figure, the others from before it', () => {
    expect(trainFigures(figures(30), spec)).toEqual({ units: 100, loss: 1, accuracy: 0.6 });
    expect(followClip(figures(30), spec, rule, 100)).toBeCloseTo(2 * Math.exp(0.2 * 0.2), 12);
    expect(followClip(figures(90), spec, rule, 100)).toBeCloseTo(2 * Math.exp(-0.2 * 0.4), 12);
    expect(followClip(figures(50), spec, rule, 100)).toBe(2);
  });

  it('is divided by what was expected, and moves by a bounded factor whatever the noise says', () => {
    expect(followClip(figures(70), spec, rule, 50)).toBeCloseTo(2 * Math.exp(-0.2 * 0.4), 12);
    expect(followClip(figures(1e9), spec, rule, 100)).toBeCloseTo(2 * Math.exp(-0.1), 12);
    expect(followClip(figures(-1e9), spec, rule, 100)).toBeCloseTo(2 * Math.exp(0.1), 12);
    const far = { ...spec, gradientNorm: 2000 } as TrainRound;
    expect(followClip(figures(-1e9), far, rule, 100)).toBe(2000);
  });
});

describe('the rate of the head', () => {
  const spec = { train: 'head', adaptiveClip: false, statScale: 1, gradientNorm: 1 } as TrainRound;
  const [rows, width, steps] = [3, 4, 5];
  /** How far one coordinate of the head goes for a sum of `expected` in it: the rate itself. */
  const rateAt = (deviation: number, more: object = {}, expected = 200) => {
    const optimiser = OptimiserSettings.parse({
      kind: 'momentum',
      momentum: 0,
      headRate: 0.5,
      scaleByRows: true,
      rowNoise: 2.7,
      decay: 'constant',
      warmup: 0,
      ...more,
    });
    const head = new Float32Array(rows * width);
    const parameters = { activeRows: Uint32Array.of(0, 1, 2), adapter: new Float32Array(2), head };
    const state = newOptimiserState(optimiser.kind, head.length);
    const sum = new Float64Array(head.length + 3).fill(expected);
    applyRound(parameters, state, sum, spec, optimiser, {
      step: 0,
      steps,
      expected,
      deviation,
      rates: 1,
    });
    return -head[0]!;
  };

  it('lets noise add up to the length asked for in a row that its questions can move as far, to less in others', () => {
    // As far as 200 units clipped at 1 can move three rows in five steps.
    const alike = (steps / rows / Math.sqrt(steps * width)) * 200;
    const noiseAt = (deviation: number, expected = 200) =>
      (rateAt(deviation, { headRate: 50 }, expected) * deviation * Math.sqrt(steps * width)) / expected;
    expect(noiseAt(alike)).toBeCloseTo(2.7, 5);
    // Wiener: r/(1 + r²), twice.
    for (const times of [0.1, 0.5, 0.9, 1.1, 2, 10]) {
      expect(noiseAt(times * alike)).toBeCloseTo((2.7 * 2 * times) / (1 + times ** 2), 5);
    }
    // It is questions against noise that counts.
    expect(noiseAt(2 * alike, 400)).toBeCloseTo(2.7, 5);
  });

  it('moves a row less the more of what moves it is noise', () => {
    const rates = [100, 200, 400, 800].map((deviation) => rateAt(deviation, { headRate: 50 }));
    expect(rates).toEqual(rates.toSorted((a, b) => b - a));
    // Where nearly all is noise, with the square of the noise.
    expect(rates[2]! / rates[3]!).toBeGreaterThan(3.8);
  });

  it('falls under Adam when there are more rows than units in a round, which sees each of them seldom', () => {
    const adam = { kind: 'adam', scaleByRows: false, rowNoise: 0, epsilon: 1e-12 };
    expect(rateAt(0, adam)).toBeCloseTo(0.5, 5);
    expect(rateAt(0, adam, 1)).toBeCloseTo(0.5 / rows, 5);
  });

  it('is the one of the settings where noise is small, off, or not to be followed', () => {
    expect(rateAt(1)).toBeCloseTo(1.5, 6);
    expect(rateAt(0)).toBeCloseTo(1.5, 6);
    expect(rateAt(400, { rowNoise: 0 })).toBeCloseTo(1.5, 6);
    expect(rateAt(400, { rowNoise: 0, scaleByRows: false })).toBeCloseTo(0.5, 6);
  });
});

describe('a smoothed head', () => {
  const spec = { train: 'head', adaptiveClip: false, statScale: 1, gradientNorm: 1 } as TrainRound;
  const [width, steps, expected, deviation] = [3, 2, 100, 5];
  const start = Float32Array.of(1, 0, 0, 0, 1, 0, 0.6, 0, 0.8);
  const sums = [0, 1].map((step) => Float64Array.from({ length: 12 }, (_, i) => 40 * Math.sin(7 * i + step)));

  it('is where it began less the rate times all gradients so far, smoothed together', () => {
    const optimiser = OptimiserSettings.parse({
      ...{ kind: 'momentum', momentum: 0, headRate: 0.5, decay: 'constant', warmup: 0 },
    });
    const likeness = likenessOf(start, width);
    const parameters = {
      activeRows: Uint32Array.of(0, 1, 2),
      adapter: new Float32Array(0),
      head: start.slice(),
    };
    const state = newOptimiserState('momentum', start.length);
    let total = new Float32Array(start.length);
    for (const [step, each] of sums.entries()) {
      // As after an eviction: what counts is what was kept.
      const smoothing = { start, total: total.slice(), likeness };
      applyRound(
        parameters,
        state,
        each,
        spec,
        optimiser,
        { step, steps, expected, deviation, rates: 1 },
        smoothing,
      );
      total = smoothing.total;
    }
    const both = Float64Array.from(start, (_, i) => (sums[0]![i]! + sums[1]![i]!) / expected);
    expect(Array.from(total)).toEqual(Array.from(both, (x) => expect.closeTo(x, 5)));
    const moved = smoothed(both, 2 * (deviation / expected) ** 2, likeness);
    expect(Array.from(parameters.head)).toEqual(
      Array.from(start, (x, i) => expect.closeTo(x - 0.5 * moved[i]!, 5)),
    );
  });
});
