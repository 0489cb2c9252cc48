import { describe, expect, it } from 'vitest';
import { bernoulli, drawAtMost } from '../../../../shared/privacy/poisson.ts';
import { cryptoSource, uniformBelow } from '../../../../shared/privacy/random-source.ts';
import {
  bitLength,
  ceilDivide,
  integerSqrt,
  rationalOf,
  samplingRate,
} from '../../../../shared/privacy/rational.ts';
import { seededSource } from './seeded-source.ts';

describe('cryptoSource', () => {
  it('fetches whole buffers, hands out each word once and clears it', () => {
    const fetched: Uint32Array[] = [];
    const source = cryptoSource((words) => {
      fetched.push(words);
      words.forEach((_, i) => {
        words[i] = i + 1 + fetched.length * 1_000_000;
      });
    });
    expect(source.nextWord()).toBe(1_000_001);
    expect(source.nextWord()).toBe(1_000_002);
    expect([...fetched[0]!.subarray(0, 3)]).toEqual([0, 0, 1_000_003]);
    for (let i = 2; i < 16_384; i++) source.nextWord();
    expect(source.nextWord()).toBe(2_000_001);
  });

  it('uses the platform generator by default', () => {
    const source = cryptoSource();
    expect(new Set(Array.from({ length: 1000 }, () => source.nextWord())).size).toBeGreaterThan(990);
  });
});

describe('uniformBelow', () => {
  it('rejects the words that would favour small values', () => {
    const words = [2 ** 32 - 1, 2 ** 32 - 2, 7];
    expect(uniformBelow(3 * 2 ** 30, { nextWord: () => words.shift()! })).toBe(7);
  });

  it.each([0, -1, 1.5, 2 ** 32 + 1])('refuses %s', (bound) => {
    expect(() => uniformBelow(bound, seededSource(1))).toThrow(RangeError);
  });
});

describe('rationals', () => {
  it('are exact', () => {
    expect(rationalOf(0.75)).toEqual({ numerator: 3n, denominator: 4n });
    expect(rationalOf(2 ** 60)).toEqual({ numerator: 2n ** 60n, denominator: 1n });
    const tenth = rationalOf(0.1);
    expect(tenth.numerator * 10n === tenth.denominator).toBe(false);
    expect(Number(tenth.numerator) / Number(tenth.denominator)).toBe(0.1);
    expect(() => rationalOf(Number.NaN)).toThrow(RangeError);
    expect(() => rationalOf(-1)).toThrow(RangeError);
  });

  it('have integer helpers', () => {
    expect(ceilDivide(7n, 2n)).toBe(4n);
    expect(ceilDivide(8n, 2n)).toBe(4n);
    for (const n of [0n, 1n, 2n, 3n, 4n, 99n, 10n ** 30n, 10n ** 30n - 1n]) {
      const root = integerSqrt(n);
      expect(root * root <= n && (root + 1n) * (root + 1n) > n).toBe(true);
      expect(bitLength(n)).toBe(n === 0n ? 0 : n.toString(2).length);
    }
  });

  it('read a sampling rate as its decimals', () => {
    expect(samplingRate(0.2)).toEqual({ numerator: 1, denominator: 5 });
    expect(samplingRate(1)).toEqual({ numerator: 1, denominator: 1 });
    expect(samplingRate(0)).toEqual({ numerator: 0, denominator: 1 });
    expect(samplingRate(0.123456789)).toEqual({ numerator: 123456789, denominator: 1e9 });
    expect(() => samplingRate(1 / 3)).toThrow(RangeError);
    expect(() => samplingRate(1.1)).toThrow(RangeError);
  });
});

describe('Poisson sampling', () => {
  it.each([0.2, 0.03, 0.5])('takes each unit with probability %s, independently', (rate) => {
    const source = seededSource(2);
    const units = Array.from({ length: 200 }, (_, i) => i);
    const rounds = 1000;
    const taken = new Float64Array(units.length);
    let squares = 0;
    for (let r = 0; r < rounds; r++) {
      const sample = units.filter(() => bernoulli(samplingRate(rate), source));
      for (const unit of sample) taken[unit]! += 1;
      squares += (sample.length - units.length * rate) ** 2;
    }
    const spread = Math.sqrt(rate * (1 - rate) * rounds);
    for (const count of taken) expect(Math.abs(count - rate * rounds)).toBeLessThan(5 * spread);
    // A binomial cohort varies; one of fixed size would not.
    expect(squares / rounds / (units.length * rate * (1 - rate))).toBeGreaterThan(0.75);
    expect(squares / rounds / (units.length * rate * (1 - rate))).toBeLessThan(1.25);
  });

  it('knows the ends', () => {
    expect(bernoulli(samplingRate(1), seededSource(1))).toBe(true);
    expect(bernoulli(samplingRate(0), seededSource(1))).toBe(false);
  });

  it('draws at most k records, every subset alike', () => {
    const source = seededSource(9);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const key = drawAtMost(['a', 'b', 'c', 'd'], 2, source).sort().join('');
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(drawAtMost(['a'], 5, source)).toEqual(['a']);
    expect(() => drawAtMost(['a'], 0, source)).toThrow(RangeError);
  });
});
