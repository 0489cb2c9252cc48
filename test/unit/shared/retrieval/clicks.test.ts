import { describe, expect, it } from 'vitest';
import { seeded } from '../../../../cli/seeded.ts';
import { clickWeight, shuffled } from '../../../../shared/retrieval/clicks.ts';

describe('clickWeight', () => {
  const curve = (seen: Map<number, number> | null) =>
    [1, 2, 3, 4, 5, 6, 50].map((place) => clickWeight(place, 0.25, seen));

  it('is the inverse of how likely a place is looked at, and never more than the setting', () => {
    const fixed = [0.05, 0.1, 0.15, 0.2, 0.25, 0.25, 0.25];
    for (const found of [curve(null), curve(new Map())])
      for (const [at, weight] of found.entries()) expect(weight).toBeCloseTo(fixed[at]!, 12);
    expect(
      Math.max(
        ...curve(
          new Map([
            [1, 5],
            [5, 1e6],
          ]),
        ),
      ),
    ).toBeLessThanOrEqual(0.25);
    expect(clickWeight(1, 0, null)).toBe(0);
  });

  it('goes by what clicks on shuffled results show: from people who look at all alike, alike', () => {
    const alike = new Map([2, 3, 4, 5].map((place) => [place, 10_000]));
    for (const weight of curve(alike).slice(1)) expect(weight).toBeCloseTo(0.25, 2);
  });

  it('takes a document’s place out of its clicks: two that please alike end up alike', () => {
    // People look at place k with chance 1/k^1.5 and open what they look at with the same chance.
    const random = seeded(5);
    const looks = (place: number) => random() < place ** -1.5;
    const seen = new Map<number, number>();
    for (let answer = 0; answer < 40_000; answer++) {
      const place = 2 + Math.floor(random() * 4);
      if (looks(place)) seen.set(place, (seen.get(place) ?? 0) + 1);
    }
    const sum = { second: 0, fourth: 0 };
    for (let answer = 0; answer < 40_000; answer++) {
      if (looks(2)) sum.second += clickWeight(2, 1, seen);
      if (looks(4)) sum.fourth += clickWeight(4, 1, seen);
    }
    expect(sum.fourth / sum.second).toBeGreaterThan(0.9);
    expect(sum.fourth / sum.second).toBeLessThan(1.1);
  });
});

it('shuffles with every order alike', () => {
  const random = seeded(3);
  const counts = new Map<string, number>();
  for (let time = 0; time < 6000; time++) {
    const order = shuffled(['a', 'b', 'c'], (bound) => Math.floor(random() * bound)).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
});
