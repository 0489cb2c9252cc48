/** Masks cancel, frames carry what they announce, chunks make no difference. */
import { fc, it as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { pack, unpack } from '../../../../shared/crypto/packed-ring.ts';
import { addInto } from '../../../../shared/crypto/ring.ts';
import {
  pairMaskKey,
  parcelAssociatedData,
  parcelKey,
  selfMaskKey,
} from '../../../../shared/secagg/binding.ts';
import { roundContext } from '../../../../shared/secagg/context.ts';
import {
  decodeFrame,
  encodeFrame,
  FRAME_COORDINATES,
  frameCount,
  frameRange,
} from '../../../../shared/secagg/frames.ts';
import { applyMasks, makeMask, pairSign } from '../../../../shared/secagg/masks.ts';
import { cohort, parametersFor, seededRandom, seededVector } from './cohort.ts';
import { Driver } from './driver.ts';

describe('masks', () => {
  property.prop([fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 70 }), fc.string()], {
    numRuns: 25,
  })('pairwise masks cancel over everyone and over no one less', async (members, dimension, seed) => {
    const random = seededRandom(seed);
    const keys = Array.from({ length: members }, (_, a) =>
      Array.from({ length: members }, (_, b) => (a < b ? random(32) : null)),
    );
    const sum = new Uint32Array(dimension);
    let last = sum;
    for (let a = 0; a < members; a++) {
      const words = new Uint32Array(dimension);
      const others = [...Array(members).keys()].filter((b) => b !== a);
      const masks = others.map((b) => makeMask(keys[Math.min(a, b)]![Math.max(a, b)]!, pairSign(a, b)));
      await applyMasks(words, 0, await Promise.all(masks));
      addInto(sum, words);
      last = words;
    }
    expect(sum.every((word) => word === 0)).toBe(true);
    // One vector by itself is masked: zero in every coordinate happens with probability 2^−32d.
    expect(last.some((word) => word !== 0)).toBe(true);
  });

  property.prop(
    [fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })],
    { numRuns: 25 },
  )('in pieces or at once, in any number: the same sum, and its inverse', async (blocks, plus, minus) => {
    const random = seededRandom(`${blocks} ${plus} ${minus}`);
    const dimension = 4 * blocks + 3;
    const masks = await Promise.all(
      Array.from({ length: plus + minus }, (_, i) => makeMask(random(32), i < plus ? 1 : -1)),
    );
    const vector = seededVector('v', dimension);
    const whole = vector.slice();
    await applyMasks(whole, 0, masks);
    const pieces = vector.slice();
    const cut = 4 * Math.floor(blocks / 2);
    await applyMasks(pieces.subarray(0, cut), 0, masks);
    await applyMasks(pieces.subarray(cut), cut, masks);
    expect(pieces).toEqual(whole);
    await applyMasks(
      whole,
      0,
      masks.map(({ key, sign }) => ({ key, sign: sign === 1 ? -1 : 1 }) as const),
    );
    expect(whole).toEqual(vector);
  });

  it('keys differ by round, member, pair and purpose', async () => {
    const { roster } = await cohort(4);
    const secret = new Uint8Array(32).fill(7);
    const [one, two] = ['run-1:1', 'run-1:2'].map((round) =>
      roundContext(parametersFor(roster, { round }), roster.roster),
    );
    const [a, b, c] = one!.members as [string, string, string];
    const keys = [
      selfMaskKey(secret, one!, a),
      selfMaskKey(secret, one!, b),
      selfMaskKey(secret, two!, a),
      pairMaskKey(secret, one!, a, b),
      pairMaskKey(secret, one!, a, c),
      pairMaskKey(secret, two!, a, b),
    ];
    expect(new Set(keys.map(String)).size).toBe(keys.length);
    expect(pairMaskKey(secret, one!, b, a)).toEqual(pairMaskKey(secret, one!, a, b));
    // Each part of the binding counts by itself, also if the hash of the parameters were the same.
    const hashes = { seedShareHash: 'x', keyShareHash: 'y' };
    const bindings = [{}, { collection: 'other' }, { round: 'other' }].map((change) => {
      const context = { ...one!, parameters: { ...one!.parameters, ...change } };
      return [parcelKey(secret, context, a, b), parcelAssociatedData(context, a, b, hashes)].map(String);
    });
    bindings.push([parcelKey(secret, one!, b, a), parcelAssociatedData(one!, b, a, hashes)].map(String));
    expect(new Set(bindings.map(([key]) => key)).size).toBe(4);
    expect(new Set(bindings.map(([, data]) => data)).size).toBe(4);
  });

  it('what a member sends looks like nothing of its vector: close to uniform, and another draw is another', async () => {
    const group = await cohort(3);
    const driver = await Driver.open(group, { dimension: 8192 }).until('masked');
    const zero = { dimension: 8192, read: (_: number, count: number) => new Uint32Array(count) };
    const { frames } = await driver.answer(driver.ids[0]!, undefined, { input: zero });
    const { payload } = decodeFrame(driver.context, driver.ids[0]!, frames[0]!);
    const words = unpack(payload, 32, 8192);
    const ones = words.reduce((sum, word) => sum + word.toString(2).replaceAll('0', '').length, 0);
    // 262,144 fair bits: standard deviation 256.
    expect(Math.abs(ones - 131_072)).toBeLessThan(6 * 256);
    expect(new Set(words).size).toBeGreaterThan(8180);
  });
});

describe('frames', () => {
  it('cover every coordinate once, each below 2 MB', () => {
    for (const dimension of [1, FRAME_COORDINATES - 1, FRAME_COORDINATES, FRAME_COORDINATES + 1, 1_900_000]) {
      let next = 0;
      for (let index = 0; index < frameCount(dimension); index++) {
        const { first, count } = frameRange(dimension, index);
        expect(first).toBe(next);
        expect(count).toBeGreaterThan(0);
        expect(4 * count).toBeLessThanOrEqual(1 << 20);
        next = first + count;
      }
      expect(next).toBe(dimension);
    }
  });

  it('round-trip, also from a view at an odd offset', async () => {
    const { roster } = await cohort(4);
    for (const bits of [8, 21, 32]) {
      const context = roundContext(parametersFor(roster, { dimension: 7, bits }), roster.roster);
      const payload = pack(seededVector('frame', 7), bits);
      const bytes = encodeFrame(context, { sender: 'region-002', index: 0, payload });
      expect(bytes).toHaveLength(48 + Math.ceil((7 * bits) / 8));
      const shifted = new Uint8Array(bytes.length + 3);
      shifted.set(bytes, 3);
      const frame = decodeFrame(context, 'region-002', shifted.subarray(3));
      expect(frame).toMatchObject({ sender: 'region-002', index: 0 });
      expect(Array.from(frame.payload)).toEqual(Array.from(payload));
    }
  });

  it('are refused with bits set behind the last coordinate, for a vector has one spelling', async () => {
    const { roster } = await cohort(4);
    // 7 · 21 = 147 bits: five of the last byte's are unused.
    const context = roundContext(parametersFor(roster, { dimension: 7, bits: 21 }), roster.roster);
    const payload = pack(seededVector('frame', 7), 21);
    payload[payload.length - 1]! |= 8;
    const bytes = encodeFrame(context, { sender: 'region-002', index: 0, payload });
    expect(() => decodeFrame(context, 'region-002', bytes)).toThrow(/padding/);
  });
});
