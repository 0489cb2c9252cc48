import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { equalParts, packMicrobatches } from '../../../models/pack.ts';

describe('microbatches', () => {
  test.prop([fc.array(fc.integer({ min: 1, max: 128 }), { maxLength: 200 })])(
    'hold every text once, beside others of its length, within the limit',
    (lengths) => {
      const batches = packMicrobatches(lengths, 128);
      const members = batches.flatMap((batch) => batch.members);
      expect([...members].sort((a, b) => a - b)).toEqual([...lengths.keys()]);
      for (const { members, length } of batches) {
        expect(members.length * length).toBeLessThanOrEqual(128);
        for (const index of members) expect(length).toBe(lengths[index]);
      }
    },
  );

  it('holds no more short texts than texts of eight tokens', () => {
    const batches = packMicrobatches(new Array<number>(32).fill(2), 128);
    expect(batches.map(({ members }) => members.length)).toEqual([16, 16]);
  });

  it('runs a text alone that is longer than a microbatch', () => {
    expect(packMicrobatches([100, 3], 64)).toEqual([
      { members: [0], length: 100 },
      { members: [1], length: 3 },
    ]);
  });

  it('cuts into parts whose sizes differ by at most one', () => {
    expect(equalParts([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6, 7],
    ]);
    expect(equalParts([], 3)).toEqual([]);
  });
});
