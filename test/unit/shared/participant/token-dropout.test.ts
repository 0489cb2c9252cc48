import { describe, expect, it } from 'vitest';
import { dropoutSeed, dropTokens } from '../../../../shared/participant/token-dropout.ts';

const text = Int32Array.from({ length: 22 }, (_, i) => 100 + i);
const seeds = Array.from({ length: 5000 }, (_, id) => dropoutSeed({ id: `r.${3}` }, { id }));

describe('token dropout', () => {
  it('leaves out the share of what the frame encloses, each token as often as the others', () => {
    const times = new Array(text.length).fill(0);
    for (const seed of seeds) for (const id of dropTokens(text, 0.1, seed)) times[id - 100] += 1;
    expect([times[0], times.at(-1)]).toEqual([seeds.length, seeds.length]);
    // 4,500 ± five standard deviations.
    for (const count of times.slice(1, -1)) expect(Math.abs(count - 4500)).toBeLessThan(107);
  });

  it('leaves tokens out independently of each other', () => {
    const left = seeds.map((seed) => new Set(dropTokens(text, 0.5, seed)));
    const both = left.filter((ids) => ids.has(105) && ids.has(106)).length;
    // A quarter of 5,000 ± five standard deviations.
    expect(Math.abs(both - 1250)).toBeLessThan(154);
  });

  it('keeps the order, and one token where all were left out, each as often', () => {
    const short = Int32Array.of(101, 7, 8, 9, 102);
    const only = [0, 0, 0];
    for (const seed of seeds) {
      const kept = [...dropTokens(short, 0.99, seed)];
      expect(kept.length).toBeGreaterThanOrEqual(3);
      expect(kept).toEqual([...short].filter((id) => kept.includes(id)));
      if (kept.length === 3) only[kept[1]! - 7]! += 1;
    }
    for (const count of only) expect(count).toBeGreaterThan(1400);
  });

  it('leaves a single token and no share alone', () => {
    expect(dropTokens(Int32Array.of(101, 7, 102), 0.5, 1)).toEqual(Int32Array.of(101, 7, 102));
    expect(dropTokens(text, 0, 1)).toBe(text);
  });

  it('is the same when a round is done again, and another in every round and for every record', () => {
    const drop = (index: number, id: number) => [
      ...dropTokens(text, 0.5, dropoutSeed({ id: `r.${index}` }, { id })),
    ];
    expect(drop(1, 1)).toEqual(drop(1, 1));
    expect(drop(1, 1)).not.toEqual(drop(2, 1));
    expect(drop(1, 1)).not.toEqual(drop(1, 2));
  });
});
