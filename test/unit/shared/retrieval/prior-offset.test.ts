import { expect, test } from 'vitest';
import { carriedOffset, priorOffset } from '../../../../shared/retrieval/prior-offset.ts';

test('half of the rows untrained: the setting as it stands', () => {
  expect(priorOffset(0.07, 75, 150, 20)).toBeCloseTo(0.07, 12);
  expect(priorOffset(-0.05, 75, 150, 20)).toBeCloseTo(-0.05, 12);
});

test('the fewer rows are untrained, the less they get, down to plain search and no further', () => {
  expect(priorOffset(0.07, 25, 100, 20)).toBeCloseTo(0.07 + Math.log(1 / 3) / 20, 12);
  expect(priorOffset(0.07, 330, 4535, 20)).toBe(0);
  expect(priorOffset(0, 1, 1000, 20)).toBe(0);
  expect(priorOffset(-0.05, 1, 1000, 20)).toBe(-0.05);
});

test('the more rows are untrained, the more they get, up to three to one', () => {
  const most = 0.07 + Math.log(3) / 20;
  expect(priorOffset(0.07, 60, 100, 20)).toBeCloseTo(0.07 + Math.log(1.5) / 20, 12);
  expect(priorOffset(0.07, 90, 100, 20)).toBeCloseTo(most, 12);
  expect(priorOffset(0.07, 100, 100, 20)).toBeCloseTo(most, 12);
});

test('nothing untrained, nothing to add', () => {
  expect(priorOffset(0.07, 0, 150, 20)).toBe(0);
  expect(priorOffset(0.07, 0, 0, 20)).toBe(0);
});

test('an offset that was found follows the share of rows, as the setting does', () => {
  const half = { learned: 75, rows: 150 };
  expect(carriedOffset(0.04, half, half, 20)).toBeCloseTo(0.04, 12);
  expect(carriedOffset(0.04, half, { learned: 100, rows: 150 }, 20)).toBeCloseTo(
    0.04 + Math.log(0.5) / 20,
    12,
  );
  expect(carriedOffset(0.04, half, { learned: 140, rows: 150 }, 20)).toBe(0);
  expect(carriedOffset(0.04, half, { learned: 150, rows: 150 }, 20)).toBe(0);
  expect(carriedOffset(0.04, half, { learned: 20, rows: 150 }, 20)).toBeCloseTo(0.04 + Math.log(3) / 20, 12);
});
