/** Rings of train rounds hold the largest honest sum, and no power of two too much. */
import { describe, expect, it } from 'vitest';
import { addInto } from '../../../../shared/crypto/ring.ts';
import { decodeSum, encodeSum, roundGrid } from '../../../../shared/privacy/fixed-point.ts';
import { cryptoSource } from '../../../../shared/privacy/random-source.ts';
import {
  displacementRing,
  gradientRing,
  noisedRing,
  type RoundRing,
} from '../../../../shared/round/round-ring.ts';

const MEMBERS = 8;
const COHORT = { members: MEMBERS, threshold: 6, colluders: 1 };

/** What is decoded of so many members' vectors whose coordinates add up to `sum` and `-sum`. */
function through(ring: RoundRing, sum: number): Float64Array {
  const grid = roundGrid(2, ring.clipNorm);
  const total = new Uint32Array(2);
  for (let member = 0; member < MEMBERS; member++) {
    addInto(total, encodeSum(Float64Array.of(sum / MEMBERS, -sum / MEMBERS), grid, cryptoSource()));
  }
  return decodeSum(total, grid, ring.bits, 1);
}

describe.each([
  ['gradients', 5 * 577, gradientRing(2, 5, 577, COHORT)],
  ['displacements', 2 * 26_128, displacementRing(2, 13_000, 26_128, COHORT)],
])('without noise, %s', (_, largest, ring) => {
  it('the largest sum comes back on either side, to a step a member', () => {
    expect(ring.gridStep).toBe(roundGrid(2, ring.clipNorm).step);
    const [up, down] = through(ring, largest) as unknown as [number, number];
    expect(Math.abs(up - largest)).toBeLessThanOrEqual(MEMBERS * ring.gridStep);
    expect(Math.abs(down + largest)).toBeLessThanOrEqual(MEMBERS * ring.gridStep);
  });

  it('a bit less would wrap it, and no more are taken', () => {
    expect(Math.abs(through({ ...ring, bits: ring.bits - 1 }, largest)[0]! - largest)).toBeGreaterThan(
      largest,
    );
    expect(ring.bits).toBeLessThan(24);
  });
});

it('the grid of a gradient does not depend on its dimension', () => {
  const steps = [3, 147_459, 1_900_000].map((dimension) => gradientRing(dimension, 20, 600, COHORT).gridStep);
  for (const step of steps) expect(step).toBeCloseTo(20 / 2048, 12);
});

it('with noise the grid stays the one that is charged, and ten deviations of all noise fit', () => {
  const grid = roundGrid(57_600, 1.2);
  const ring = noisedRing(57_600, 1.2, 30, 6, COHORT);
  expect(ring).toMatchObject({ clipNorm: 1.2, gridStep: grid.step });
  const deviation = 6 * Math.sqrt((grid.sensitivitySquared * MEMBERS) / (6 - 1));
  const largest = 30 * 100 * Math.sqrt(57_600) + 10 * deviation + MEMBERS;
  expect(2 ** (ring.bits - 1)).toBeGreaterThan(largest);
  expect(2 ** (ring.bits - 2)).toBeLessThanOrEqual(largest);
  // Members that each add a whole round's noise.
  const more = 30 * 100 * Math.sqrt(57_600) + 60 * Math.sqrt(grid.sensitivitySquared * (MEMBERS / 5 + 8));
  const wide = noisedRing(57_600, 1.2, 30, 6, COHORT, 8);
  expect(2 ** (wide.bits - 1)).toBeGreaterThan(more);
  expect(2 ** (wide.bits - 2)).toBeLessThanOrEqual(more + MEMBERS);
  // Never more than a word.
  expect(noisedRing(2 ** 21, 1, 1e6, 50, COHORT).bits).toBe(32);
});
