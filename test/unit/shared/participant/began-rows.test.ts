import { expect, it } from 'vitest';
import { beganRows } from '../../../../shared/participant/began-rows.ts';
import { snapshotOf } from '../../../helpers/snapshots.ts';

const snapshot = snapshotOf([
  { item: 'a', vector: [1, 0, 0] },
  { item: 'b', vector: [0, 1, 0] },
  { item: 'a', ordinal: 1, vector: [0.6, 0, 0.8] },
]);

it('keeps the rows of documents across slices, and scores them as the snapshot does', () => {
  const first = beganRows(null);
  expect(first.bytes()).toHaveLength(0);
  first.keep(snapshot, ['a', 'nobody']);
  const next = beganRows(first.bytes());
  next.keep(snapshot, ['b', 'a']);
  const last = beganRows(next.bytes());
  const query = Float32Array.of(0.6, 0.8, 0);
  expect([...last.cosines('a', query)]).toEqual([
    [0, expect.closeTo(0.6, 2)],
    [2, expect.closeTo(0.36, 2)],
  ]);
  expect([...last.cosines('b', query)]).toEqual([[1, expect.closeTo(0.8, 2)]]);
  expect(last.cosines('nobody', query).size + last.cosines('c', query).size).toBe(0);
});
