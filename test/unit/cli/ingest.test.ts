import { expect, it } from 'vitest';
import { batchesByRegion } from '../../../cli/ingest.ts';

it('never mixes regions, keeps batches small, and takes the regions by turns', () => {
  const entries = [1, 2, 3, 4, 5, 6, 7].map((n) => ({ n, region: n <= 5 ? 'a' : 'b' }));
  const batches = batchesByRegion(entries, 2);
  expect(batches.map(({ region, entries }) => [region, entries.map(({ n }) => n)])).toEqual([
    ['a', [1, 2]],
    ['b', [6, 7]],
    ['a', [3, 4]],
    ['a', [5]],
  ]);
});

it('keeps entries without a region together', () => {
  const batches = batchesByRegion([{ region: null }, { region: 'a' }, { region: null }], 10);
  expect(batches.map(({ region, entries }) => [region, entries.length])).toEqual([
    [null, 2],
    ['a', 1],
  ]);
});
