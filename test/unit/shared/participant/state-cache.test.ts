/** What a participant fetches is what the task that it signs names, whatever its coordinator calls it. */
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../shared/crypto/bytes.ts';
import { sha256 } from '../../../../shared/crypto/hash.ts';
import { StateCache } from '../../../../shared/participant/state-cache.ts';
import { encodeFloats, partCount } from '../../../../shared/protocol/parameters.ts';
import type { StateRef } from '../../../../shared/protocol/rounds.ts';

const WIDTH = 4;
const states = new Map<string, Uint8Array>();
const asked: string[] = [];
const cache = () =>
  new StateCache({
    statePart: async (key) => {
      asked.push(key);
      return states.get(key) ?? null;
    },
  });
const refOf = (key: string, bytes: Uint8Array): StateRef => {
  states.set(key, bytes);
  return { key, hash: toHex(sha256(bytes)), bytes: bytes.length, parts: partCount(bytes.length) };
};
const directions = (values: number[]) => encodeFloats(Float32Array.from(values));

describe('what is fetched', () => {
  it('is known by its hash: another one under the same name is not taken for it', async () => {
    const held = cache();
    const first = refOf('rows', directions([1, 0, 0, 0]));
    expect(await held.floats(first)).toHaveLength(WIDTH);
    const before = asked.length;
    await held.floats({ ...first, key: 'other' });
    expect(asked).toHaveLength(before);
    await expect(held.floats({ ...first, hash: '0'.repeat(64) })).rejects.toThrow(
      /their hash is .*, not 0000/,
    );
  });

  it('is as long as it was announced, and not without end', async () => {
    const ref = refOf('long', directions([1, 0, 0, 0]));
    await expect(cache().floats({ ...ref, parts: 2 })).rejects.toThrow('16 bytes in 2 parts');
    const huge = 2 ** 40;
    await expect(cache().floats({ ...ref, bytes: huge, parts: partCount(huge) })).rejects.toThrow(
      'where at most 134217728 in parts of 1 MiB are taken',
    );
  });

  it('is checked for what it is used as, also where it came as something else before', async () => {
    const held = cache();
    const stretched = refOf('fixed', directions([3, 0, 0, 0]));
    await held.floats(stretched);
    for (let i = 0; i < 2; i++)
      await expect(held.directions(stretched, WIDTH)).rejects.toThrow('may make a gradient 3 times as long');
    const orthonormal = refOf('good', directions([0.6, 0.8, 0, 0, -0.8, 0.6, 0, 0]));
    expect(await held.directions(orthonormal, WIDTH)).toHaveLength(2 * WIDTH);
  });
});
