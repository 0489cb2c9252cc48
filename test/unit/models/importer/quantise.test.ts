import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { quantiseRows } from '../../../../models/importer/quantise.ts';

const matrix = fc
  .record({ rows: fc.integer({ min: 1, max: 5 }), columns: fc.integer({ min: 1, max: 9 }) })
  .chain(({ rows, columns }) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      values: fc.float32Array({
        minLength: rows * columns,
        maxLength: rows * columns,
        noNaN: true,
        min: Math.fround(-1e3),
        max: Math.fround(1e3),
      }),
    }),
  );

describe('quantiseRows', () => {
  test.prop([matrix])(
    'stays within half a step of every value and never uses −128',
    ({ rows, columns, values }) => {
      const { codes, scales } = quantiseRows(values, rows, columns);
      values.forEach((value, i) => {
        const scale = scales[Math.floor(i / columns)]!;
        expect(scale).toBeGreaterThan(0);
        expect(codes[i]).toBeGreaterThanOrEqual(-127);
        // A subnormal scale loses digits of its own.
        expect(Math.abs(value - codes[i]! * scale)).toBeLessThanOrEqual(0.5001 * scale + 1e-40);
      });
    },
  );

  test.prop([matrix])('is odd: negated values have negated codes', ({ rows, columns, values }) => {
    const { codes, scales } = quantiseRows(values, rows, columns);
    const negated = quantiseRows(
      values.map((value) => -value),
      rows,
      columns,
    );
    expect(negated.scales).toEqual(scales);
    expect(negated.codes.every((code, i) => code + codes[i]! === 0)).toBe(true);
  });

  test('a row depends on itself alone', () => {
    const row = [0.5, -1, 0.25];
    const { codes, scales } = quantiseRows(Float32Array.of(...row, 100, 200, 300, 0, 0, 0), 3, 3);
    expect([...codes.subarray(0, 3)]).toEqual([64, -127, 32]);
    expect(scales[0]).toBe(Math.fround(1 / 127));
    expect([...codes.subarray(6)]).toEqual([0, 0, 0]);
  });

  test('refuses values that do not make the shape', () => {
    expect(() => quantiseRows(new Float32Array(5), 2, 3)).toThrow(/5 values do not make \[2, 3\]/);
  });
});
