import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { equalParts, packMicrobatches, paddedLength } from '../../../models/pack.ts';

describe('microbatches', () => {
  const limits = { maxTokens: 128, microbatchTokens: 128 };

  test.prop([fc.array(fc.integer({ min: 1, max: 128 }), { maxLength: 200 })])(
    'hold every text once, padded by its own length, within the limit',
    (lengths) => {
      const batches = packMicrobatches(lengths, limits);
      const members = batches.flatMap((batch) => batch.members);
      expect([...members].sort((a, b) => a - b)).toEqual([...lengths.keys()]);
      for (const { members, length } of batches) {
        expect(members.length * length).toBeLessThanOrEqual(128);
        for (const index of members) expect(length).toBe(paddedLength(lengths[index]!, 128));
      }
    },
  );

  it('pads to a multiple of eight and never beyond the longest input', () => {
    expect([1, 8, 9, 16, 17, 125].map((length) => paddedLength(length, 128))).toEqual([
      8, 8, 16, 16, 24, 128,
    ]);
    expect(paddedLength(29, 30)).toBe(30);
  });

  it('runs a text alone that is longer than a microbatch', () => {
    expect(packMicrobatches([100, 3], { maxTokens: 128, microbatchTokens: 64 })).toEqual([
      { members: [0], length: 104 },
      { members: [1], length: 8 },
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
