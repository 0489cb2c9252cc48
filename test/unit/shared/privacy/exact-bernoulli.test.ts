import { describe, expect, it } from 'vitest';
import { BlockTable } from '../../../../shared/privacy/block-table.ts';
import { encloseExp, uniformIsBelowExp } from '../../../../shared/privacy/exp-bounds.ts';
import { seededSource } from './seeded-source.ts';

/** exp(−1) = 0.3678794411714423215955237701614608674458111310317678… (OEIS A068985). */
const INVERSE_E = 36787944117144232159552377016146086744581113103176n;

/** Hands out the given words, then fails. */
function scripted(...words: number[]) {
  return {
    nextWord() {
      const word = words.shift();
      if (word === undefined) throw new Error('no more words expected');
      return word;
    },
  };
}

describe('encloseExp', () => {
  it.each([32, 64, 96, 128, 160])('holds exp(−1) between neighbouring %s-bit integers', (bits) => {
    const { lower, upper } = encloseExp(1n, 1n, bits);
    const exact = (INVERSE_E << BigInt(bits)) / 10n ** 50n;
    expect(lower <= exact && exact < upper).toBe(true);
    expect(upper - lower <= 2n).toBe(true);
  });

  it.each([
    [0n, 1n],
    [1n, 10n ** 12n],
    [3n, 7n],
    [355n, 113n],
    [20n, 1n],
    [10n ** 18n, 10n ** 17n + 1n],
  ])('holds exp(−%s/%s)', (a, b) => {
    const { lower, upper } = encloseExp(a, b, 48);
    const value = Math.exp(-Number(a) / Number(b)) * 2 ** 48;
    expect(Number(lower)).toBeLessThanOrEqual(value + 0.1);
    expect(Number(upper)).toBeGreaterThanOrEqual(value - 0.1);
    expect(upper - lower <= 2n).toBe(true);
  });

  it('is almost zero far out, and refuses a positive exponent', () => {
    expect(encloseExp(10n ** 9n, 1n, 64)).toEqual({ lower: 0n, upper: 1n });
    expect(() => encloseExp(-1n, 1n, 64)).toThrow(RangeError);
  });
});

describe('uniformIsBelowExp', () => {
  const word = Number((INVERSE_E << 32n) / 10n ** 50n);
  const next = Number(((INVERSE_E << 64n) / 10n ** 50n) & 0xffffffffn);

  it('draws no more than it takes to decide', () => {
    expect(uniformIsBelowExp(word - 1, 1n, 1n, scripted())).toBe(true);
    expect(uniformIsBelowExp(word + 1, 1n, 1n, scripted())).toBe(false);
    expect(uniformIsBelowExp(word, 1n, 1n, scripted(next - 1))).toBe(true);
    expect(uniformIsBelowExp(word, 1n, 1n, scripted(next + 1))).toBe(false);
    expect(uniformIsBelowExp(word, 1n, 1n, scripted(next, 0))).toBe(true);
    expect(uniformIsBelowExp(word, 1n, 1n, scripted(next, 2 ** 32 - 1))).toBe(false);
  });

  it.each([
    [1n, 3n],
    [2n, 1n],
  ])('is true with probability exp(−%s/%s)', (a, b) => {
    const source = seededSource(1);
    const trials = 20_000;
    let hits = 0;
    for (let i = 0; i < trials; i++) hits += Number(uniformIsBelowExp(source.nextWord(), a, b, source));
    const p = Math.exp(-Number(a) / Number(b));
    expect(Math.abs(hits / trials - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / trials));
  });
});

describe('BlockTable', () => {
  // σ = w: weights exp(−k²/2), F(0) = 1/Σ = 0.570334…
  const table = new BlockTable({ numerator: 1n, denominator: 2n });
  const total = Array.from({ length: 20 }, (_, k) => Math.exp((-k * k) / 2)).reduce((a, b) => a + b);
  const step = Math.floor(2 ** 32 / total);

  it('decides by one word away from a step', () => {
    expect(table.sample(scripted(0))).toBe(0);
    expect(table.sample(scripted(step - 1))).toBe(0);
    expect(table.sample(scripted(step + 1))).toBe(1);
  });

  it('draws on where a step lies within the word', () => {
    expect(table.sample(scripted(step, 0))).toBe(0);
    expect(table.sample(scripted(step, 2 ** 32 - 1))).toBe(1);
  });

  it('reaches blocks beyond the first 32 bits', () => {
    const ones = 2 ** 32 - 1;
    const near = table.sample(scripted(ones, 0));
    const far = table.sample(scripted(ones, ones, ones - 1));
    expect(near).toBeGreaterThanOrEqual(6);
    expect(far).toBeGreaterThan(near + 2);
  });

  it('refuses blocks too narrow for its bound of the tail', () => {
    expect(() => new BlockTable({ numerator: 1n, denominator: 2n * 129n ** 2n })).toThrow(RangeError);
  });
});
