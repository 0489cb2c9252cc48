import { describe, expect, it } from 'vitest';
import { seeded } from '../../../../cli/seeded.ts';
import { BestItems, MOST_CANDIDATES, takeCandidates } from '../../../../shared/index/candidates.ts';
import { best } from '../../../../shared/retrieval/scores.ts';

const random = seeded(11);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const DEVIATION = 0.036;

/** Of scores and their estimates: how many rows are looked at, and how many of the ten best are among them. */
function look(scores: readonly number[], k = 10): { taken: number; found: number } {
  const estimates = Float32Array.from(scores, (score) => score + DEVIATION * normal());
  const items = new BestItems(k);
  const rows: number[] = [];
  takeCandidates(estimates, new Float32Array(estimates.length).fill(DEVIATION), (row) => {
    rows.push(row);
    items.add(`${row}`, scores[row]!);
    return items.floor;
  });
  expect(new Set(rows).size).toBe(rows.length);
  const wanted = new Set(best(Float32Array.from(scores), k).map(({ row }) => row));
  return { taken: rows.length, found: rows.filter((row) => wanted.has(row)).length };
}

/** `alike` passages that say nearly the same, `spread` apart, before 20,000 that say something else. */
const collection = (alike: number, spread: number) => [
  ...Array.from({ length: alike }, () => 0.6 + spread * normal()),
  ...Array.from({ length: 20_000 }, () => 0.1 + 0.05 * normal()),
];

describe('candidates', () => {
  it('are few where the best stand out, and many where hundreds say nearly the same: nearly all of the best are found', () => {
    const mean = (alike: number, spread: number) => {
      const all = Array.from({ length: 20 }, () => look(collection(alike, spread)));
      const sum = (of: (each: (typeof all)[number]) => number) =>
        all.reduce((total, each) => total + of(each), 0);
      return { taken: sum(({ taken }) => taken) / 20, recall: sum(({ found }) => found) / 200 };
    };
    const [clear, crowded] = [mean(20, 0.05), mean(600, 0.03)];
    expect(clear.recall).toBeGreaterThanOrEqual(0.98);
    expect(clear.taken).toBeLessThan(64);
    expect(crowded.recall).toBeGreaterThanOrEqual(0.98);
    expect(crowded.taken).toBeGreaterThan(200);
    expect(crowded.taken).toBeLessThan(600);
  });

  it('end at a number that a search has time for, where all passages are the same', () => {
    expect(look(Array.from({ length: 20_000 }, () => 0.5)).taken).toBe(MOST_CANDIDATES);
  });

  it('go on while too few are wanted, and leave out what nobody may see', () => {
    const scores = new Float32Array(1000).fill(Number.NEGATIVE_INFINITY);
    for (let row = 0; row < 400; row++) scores[row] = 1 - row / 1000;
    const rows: number[] = [];
    // A filter lets nothing pass.
    takeCandidates(scores, new Float32Array(scores.length).fill(1e-6), (row) => {
      rows.push(row);
      return Number.NEGATIVE_INFINITY;
    });
    expect(rows).toEqual(Array.from({ length: 400 }, (_, row) => row));
  });
});

describe('the best items', () => {
  it('count an item once, by its best passage', () => {
    const items = new BestItems(2);
    const floors = [
      ['a', 3],
      ['a', 5],
      ['b', 1],
      ['c', 4],
      ['b', 2],
      ['b', 9],
      ['d', 7],
    ].map(([item, score]) => {
      items.add(String(item), Number(score));
      return items.floor;
    });
    const none = Number.NEGATIVE_INFINITY;
    expect(floors).toEqual([none, none, 1, 4, 4, 5, 7]);
  });
});
