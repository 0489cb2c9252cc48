import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { readSafetensors, toFloat32 } from '../../../models/safetensors.ts';
import { f32, type RawTensor, writeSafetensors } from '../../helpers/bert-folder.ts';

const shape = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 });
const size = (axes: readonly number[]) => axes.reduce((product, axis) => product * axis, 1);
const tensor = shape.chain((axes) =>
  fc
    .float32Array({ minLength: size(axes), maxLength: size(axes), noNaN: true })
    .map((values) => ({ axes, values })),
);
const name = fc.string({ minLength: 1 }).filter((text) => text !== '__metadata__' && text !== '__proto__');

const raw = (dtype: string, axes: number[], bytes: number[]): RawTensor => ({
  dtype,
  shape: axes,
  bytes: Uint8Array.from(bytes),
});

describe('readSafetensors', () => {
  test.prop([fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 6 }), fc.nat(7)])(
    'reads back what was written, at any alignment',
    (entries, misalignment) => {
      const file = writeSafetensors(
        new Map(entries.map(([key, { axes, values }]) => [key, f32(axes, values)])),
        {
          __metadata__: { format: 'pt' },
        },
      );
      const shifted = new Uint8Array(file.length + misalignment).subarray(misalignment);
      shifted.set(file);
      const read = readSafetensors(shifted);
      expect([...read.keys()].sort()).toEqual(entries.map(([key]) => key).sort());
      for (const [key, { axes, values }] of entries) {
        expect(read.get(key)?.shape).toEqual(axes);
        expect(toFloat32(read.get(key)!)).toEqual(values);
      }
    },
  );

  test.prop([fc.nat(), fc.uint8Array({ maxLength: 8 })])(
    'never accepts a file cut short, and never throws anything but a RangeError',
    (cut, garbage) => {
      const file = writeSafetensors(new Map([['w', f32([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))]]));
      const short = file.slice(0, cut % file.length);
      expect(() => readSafetensors(short)).toThrow(RangeError);
      const mixed = file.slice();
      mixed.set(garbage, cut % (file.length - 8));
      try {
        readSafetensors(mixed);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    },
  );

  const one = new Map([['w', f32([2], Float32Array.of(1, 2))]]);
  const entry = (extra: object) => ({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...extra } });
  test.each([
    [
      'a header beyond the file',
      Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 123),
      /claims 9 bytes, the file has 9/,
    ],
    ['an absurd header length', new Uint8Array(16).fill(255), /at most 100000000/],
    ['a header that is not JSON', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 123), /not JSON/],
    ['a header that is an array', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 91, 93), /not a JSON object/],
    ['an unknown dtype', writeSafetensors(one, entry({ dtype: 'F4' })), /tensor 'w'/],
    ['a negative axis', writeSafetensors(one, entry({ shape: [-2] })), /tensor 'w'/],
    ['an unknown key', writeSafetensors(one, entry({ stride: [1] })), /tensor 'w'/],
    [
      'a size that does not fit the shape',
      writeSafetensors(one, entry({ shape: [3] })),
      /takes 12 bytes, not 8/,
    ],
    [
      'a range beyond the data',
      writeSafetensors(one, entry({ shape: [3], data_offsets: [0, 12] })),
      /cover 12 of 8/,
    ],
    ['a hole', writeSafetensors(one, entry({ shape: [1], data_offsets: [4, 8] })), /begins at 4 where 0/],
    [
      'bytes of no tensor',
      writeSafetensors(one, entry({ shape: [1], data_offsets: [0, 4] })),
      /cover 4 of 8/,
    ],
    [
      'an overlap',
      writeSafetensors(one, { v: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }),
      /tensor 'v' begins at 4 where 8/,
    ],
    ['metadata that are not strings', writeSafetensors(one, { __metadata__: { n: 1 } }), /__metadata__/],
  ])('refuses %s', (_, file, message) => {
    expect(() => readSafetensors(file)).toThrow(RangeError);
    expect(() => readSafetensors(file)).toThrow(message);
  });
});

describe('toFloat32', () => {
  // Bit patterns from IEEE 754: one, the largest half, the smallest subnormal half, −2, infinity.
  test('widens F16 and BF16 exactly', () => {
    const half = raw('F16', [5], [0x00, 0x3c, 0xff, 0x7b, 0x01, 0x00, 0x00, 0xc0, 0x00, 0x7c]);
    const brain = raw('BF16', [3], [0x80, 0x3f, 0x00, 0xc0, 0x80, 0xff]);
    const read = readSafetensors(
      writeSafetensors(
        new Map([
          ['half', half],
          ['brain', brain],
        ]),
      ),
    );
    expect([...toFloat32(read.get('half')!)]).toEqual([1, 65504, 2 ** -24, -2, Number.POSITIVE_INFINITY]);
    expect([...toFloat32(read.get('brain')!)]).toEqual([1, -2, Number.NEGATIVE_INFINITY]);
  });

  test('rounds F64 and refuses integers', () => {
    const double = raw('F64', [1], [...new Uint8Array(Float64Array.of(0.1).buffer)]);
    const read = readSafetensors(
      writeSafetensors(
        new Map([
          ['d', double],
          ['i', raw('I8', [1], [3])],
        ]),
      ),
    );
    expect(toFloat32(read.get('d')!)).toEqual(Float32Array.of(0.1));
    expect(() => toFloat32(read.get('i')!)).toThrow(/dtype I8/);
  });
});
