/** A participant whose own noise is a floor: the variance that it draws, what that promises, and what others see of it. */
import { describe, expect, it } from 'vitest';
import { OwnNoise } from '../../../../shared/participant/own-noise.ts';
import type { Ledger } from '../../../../shared/participant/round-guard.ts';
import { roundGrid } from '../../../../shared/privacy/fixed-point.ts';
import { gaussianEpsilon } from '../../../../shared/privacy/gaussian-filter.ts';
import { charge, type LedgerEntry, type PrivacyPolicy } from '../../../../shared/privacy/ledger.ts';
import { noiseParts, varianceInEffect } from '../../../../shared/privacy/noise-share.ts';
import { ownMultiplier, ownShareSquared } from '../../../../shared/privacy/own-noise.ts';
import { cryptoSource } from '../../../../shared/privacy/random-source.ts';
import type { RoundSpec } from '../../../../shared/protocol/rounds.ts';
import { encodeContribution } from '../../../../shared/round/mechanism.ts';

const POLICY: PrivacyPolicy = {
  epsilon: 2,
  delta: 1e-5,
  unit: 'record',
  retentionMs: 1e9,
  order: 'gaussian',
};
/** Of a hundred members ninety-nine are the hub's. */
const COHORT = { members: 100, threshold: 67, colluders: 1 };
const DIMENSION = 20_000;
const spec = (noiseMultiplier = 8): RoundSpec =>
  ({
    ...{ kind: 'count', dimension: DIMENSION, clipNorm: 1, noiseMultiplier, cohort: COHORT },
    gridStep: roundGrid(DIMENSION, 1).step,
  }) as unknown as RoundSpec;
const keptList = () => {
  let entries: LedgerEntry[] | null = null;
  return {
    get: () => entries,
    set(value: LedgerEntry[]) {
      entries = value;
    },
  };
};
const entry = (round: number, noiseMultiplier = 8): LedgerEntry => ({
  ...{
    round,
    kind: 'counts',
    atMs: 1000 * round,
    samplingRate: 1,
    noiseMultiplier,
    steps: 1,
    task: `t${round}`,
  },
});

describe('the share of a participant', () => {
  it('makes of every charge the same part, so that both budgets end together', () => {
    const shareSquared = ownShareSquared(POLICY, 4);
    const cost = (z: number) => 1 / (z ** 2 - 4 / 10_201);
    for (const z of [0.5, 1, 8, 30]) {
      expect(cost(ownMultiplier(z, shareSquared)) * shareSquared).toBeCloseTo(cost(z), 12);
    }
    // μ² that uses up ε = 2, with this participant's noise alone, is worth ε = 4 and no more.
    const main = 1e-5 * (31 / 32);
    let muSquared = 0;
    while (gaussianEpsilon(muSquared + 1e-4, 1, main) <= 2) muSquared += 1e-4;
    const alone = gaussianEpsilon(muSquared / shareSquared, 1, main);
    expect(alone).toBeLessThanOrEqual(4);
    expect(alone).toBeGreaterThan(3.99);
    expect(ownShareSquared(POLICY, 2)).toBe(1);
    expect(() => ownShareSquared(POLICY, 1)).toThrow('own epsilon: 1 is below the budget 2');
  });

  it('is in what the participant draws, and others lose nothing', () => {
    const own = new OwnNoise(POLICY, 4, keptList());
    const least = own.variance(spec());
    const grid = roundGrid(DIMENSION, 1);
    const [kept] = noiseParts(8, grid, COHORT);
    // A ninety-ninth of the round's noise is nearly nothing of what it asks for.
    expect(Number(least) / Number(kept.numerator)).toBeGreaterThan(20);
    const variance = (words: Uint32Array) =>
      Array.from(new Int32Array(words.buffer)).reduce((sum, x) => sum + x * x, 0) / DIMENSION;
    const zero = new Float64Array(DIMENSION);
    const drawn = variance(encodeContribution(zero, spec(), cryptoSource(), least));
    // Six deviations of the estimate.
    expect(Math.abs(drawn / Number(least) - 1)).toBeLessThan(6 * Math.sqrt(2 / DIMENSION));
    const usual = variance(encodeContribution(zero, spec(), cryptoSource()));
    expect(Math.abs(usual / Number(kept.numerator) - 1)).toBeLessThan(6 * Math.sqrt(2 / DIMENSION));
    // A floor below its part changes nothing.
    const lower = variance(encodeContribution(zero, spec(), cryptoSource(), 1n));
    expect(Math.abs(lower / Number(kept.numerator) - 1)).toBeLessThan(6 * Math.sqrt(2 / DIMENSION));
    const extra = own.extra(spec());
    const charged = 8 ** 2 * grid.sensitivitySquared;
    expect(extra * charged).toBeCloseTo(Number(least) - Number(kept.numerator), -4);
    const all = { survivors: 100, unrevealed: 0 };
    expect(varianceInEffect(COHORT, { ...all, extra })).toBeCloseTo(
      varianceInEffect(COHORT, all) + extra,
      12,
    );
    expect(own.extra(spec(0))).toBe(0);
    expect(new OwnNoise(POLICY, 2, keptList()).extra(spec())).toBeLessThanOrEqual(1);
  });
});

describe('its second ledger', () => {
  const main = (): Ledger & { entries: LedgerEntry[] } => {
    const entries: LedgerEntry[] = [];
    const say = (next: LedgerEntry) => charge(POLICY, entries, next);
    return {
      entries,
      refuses: (next) => (say(next).ok ? null : 'full'),
      charge(next) {
        const result = say(next);
        if (!result.ok) return 'full';
        if (!result.repeated) entries.push(next);
        return null;
      },
    };
  };

  it('admits all that the budget admits, when it is there from the beginning', () => {
    const ledger = main();
    const both = new OwnNoise(POLICY, 4, keptList()).over(ledger);
    let rounds = 0;
    while (both.charge(entry(++rounds)) === null);
    expect(ledger.refuses(entry(rounds))).toBe('full');
    expect(rounds).toBeGreaterThan(10);
    // A repeat costs nothing, and is not a second charge.
    expect(both.charge(entry(1))).toBeNull();
  });

  it('refuses what its own noise no longer keeps, and charges neither then', () => {
    const kept = keptList();
    const loose = new OwnNoise(POLICY, 20, kept).over(main());
    for (let round = 1; round <= 12; round++) expect(loose.charge(entry(round))).toBeNull();
    const ledger = main();
    const strict = new OwnNoise(POLICY, 2, kept).over(ledger);
    expect(strict.charge(entry(50))).toMatch(/^own noise: privacy_budget_exceeded/);
    expect([ledger.entries.length, kept.get()!.length]).toEqual([0, 12]);
  });
});
