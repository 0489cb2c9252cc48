import { expect, it } from 'vitest';
import { rowsOf } from '../../../../shared/retrieval/snapshot-rows.ts';
import { snapshotOf } from '../../../helpers/snapshots.ts';

it('finds the row of every passage, and none of others', () => {
  const keys = ['a', 'b#1', 'ключ', '鍵', ...Array.from({ length: 500 }, (_, i) => `item/${i}`)];
  const rows = keys.flatMap((item) => [0, 1, 7].map((ordinal) => ({ item, ordinal, vector: [1, 0, 0] })));
  const found = rowsOf(snapshotOf(rows));
  for (const [row, { item, ordinal }] of rows.entries()) expect(found.find(item, ordinal)).toBe(row);
  for (const item of keys) expect(found.find(item, 2)).toBe(-1);
  expect(found.find('item/500', 0)).toBe(-1);
  expect(rowsOf(snapshotOf([])).find('a', 0)).toBe(-1);
});

it('is made once a snapshot', () => {
  const snapshot = snapshotOf([{ item: 'a', vector: [1, 0, 0] }]);
  expect(rowsOf(snapshot)).toBe(rowsOf(snapshot));
});
