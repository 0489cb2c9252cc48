import { describe, expect, it } from 'vitest';
import { seeded } from '../../../../cli/seeded.ts';
import {
  blankCodes,
  codeQuery,
  codeSpace,
  encodeRow,
  estimateScores,
  Rotation,
  rankCandidates,
} from '../../../../shared/index/codes.ts';
import { dot } from '../../../../shared/retrieval/head.ts';
import { best } from '../../../../shared/retrieval/scores.ts';

const random = seeded(3);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

const direction = (width: number) => unit(Float32Array.from({ length: width }, normal));

/** Clusters in a cone, as sentence encoders make them: some coordinates matter more than others. */
function clustered(count: number, width: number): Float32Array[] {
  const spread = () =>
    unit(Float32Array.from({ length: width }, (_, i) => normal() / Math.sqrt(1 + (20 * i) / width)));
  const mean = direction(width);
  const clusters = Array.from({ length: Math.ceil(count / 50) }, spread);
  return Array.from({ length: count }, (_, i) => {
    const [cluster, own] = [clusters[i % clusters.length]!, spread()];
    return unit(cluster.map((value, j) => value + 0.9 * own[j]! + 0.5 * mean[j]!));
  });
}

function meanOf(rows: readonly Float32Array[], width: number): Float32Array {
  const sum = new Float32Array(width);
  for (const row of rows) for (let i = 0; i < width; i++) sum[i]! += row[i]! / rows.length;
  return sum;
}

describe('a rotation', () => {
  it.each([8, 40, 384, 512, 768])('keeps lengths and angles at width %i', (width) => {
    const [a, b] = [direction(width), direction(width)];
    const before = dot(a, b);
    const rotation = new Rotation(width, 5);
    rotation.rotate(a);
    rotation.rotate(b);
    expect(dot(a, a)).toBeCloseTo(1, 5);
    expect(dot(a, b)).toBeCloseTo(before, 5);
  });

  it('spreads what lies in one coordinate over all', () => {
    const axis = Float32Array.from({ length: 384 }, (_, i) => (i === 7 ? 1 : 0));
    new Rotation(384, 5).rotate(axis);
    // Of a random direction 3 / 384, of an axis 1.
    const fourth = axis.reduce((sum, value) => sum + value ** 4, 0);
    expect(fourth).toBeLessThan(10 / 384);
  });

  it('wants whole bytes of signs', () => {
    expect(() => new Rotation(12, 1)).toThrow('width: a multiple of 8 is needed, got 12');
  });
});

describe('codes', () => {
  it('take an eighth of a byte a coordinate, and refuse rows of another width', () => {
    const space = codeSpace(new Float32Array(384), 1);
    const codes = blankCodes(10, 384);
    expect(codes.signs.byteLength / 10).toBe(48);
    expect(() => encodeRow(space, codes, 0, new Float32Array(383))).toThrow(
      '383 floats where the width is 384',
    );
    expect(() => codeQuery(space, new Float32Array(383))).toThrow('383 floats where the width is 384');
  });

  it('estimate a cosine without bias: the mean over rotations is exact', () => {
    const rows = clustered(200, 64);
    const centre = meanOf(rows, 64);
    const [row, query] = [rows[3]!, rows[100]!];
    const estimates = Array.from({ length: 2000 }, (_, seed) => {
      const space = codeSpace(centre, seed);
      const codes = blankCodes(1, 64);
      encodeRow(space, codes, 0, row);
      const scores = new Float32Array(1);
      estimateScores(codes, codeQuery(space, query), scores);
      return scores[0]!;
    });
    const mean = estimates.reduce((sum, value) => sum + value, 0) / estimates.length;
    const variance = estimates.reduce((sum, value) => sum + (value - mean) ** 2, 0) / estimates.length;
    const standardError = Math.sqrt(variance / estimates.length);
    expect(standardError).toBeGreaterThan(0);
    expect(Math.abs(mean - dot(row, query))).toBeLessThan(4 * standardError);
  });

  it('are exact of a row at the centre, which has no direction', () => {
    const row = direction(64);
    const space = codeSpace(row, 1);
    const codes = blankCodes(1, 64);
    encodeRow(space, codes, 0, row);
    const query = direction(64);
    const scores = new Float32Array(1);
    estimateScores(codes, codeQuery(space, query), scores);
    expect(scores[0]).toBeCloseTo(dot(row, query), 5);
  });

  it('find what exact search finds, once the best are ranked exactly', () => {
    const [count, width, queries] = [8000, 384, 40];
    const all = clustered(count + queries, width);
    const rows = all.slice(0, count);
    const space = codeSpace(meanOf(rows, width), 1);
    const codes = blankCodes(count, width);
    for (const [index, row] of rows.entries()) encodeRow(space, codes, index, row);
    const estimates = new Float32Array(count);
    const found = new Map([
      [10, 0],
      [50, 0],
      [200, 0],
    ]);
    for (const query of all.slice(count)) {
      const exact = Float32Array.from(rows, (row) => dot(query, row));
      const wanted = new Set(best(exact, 10).map(({ row }) => row));
      estimateScores(codes, codeQuery(space, query), estimates);
      for (const [candidates, hits] of found) {
        const ranked = rankCandidates(estimates, 10, (row) => exact[row]!, candidates);
        expect(ranked.map(({ score }) => score)).toEqual(ranked.map(({ row }) => exact[row]));
        found.set(candidates, hits + ranked.filter(({ row }) => wanted.has(row)).length);
      }
    }
    const recall = (candidates: number) => found.get(candidates)! / (10 * queries);
    expect(recall(200)).toBeGreaterThanOrEqual(0.999);
    expect(recall(50)).toBeGreaterThanOrEqual(0.98);
    // Estimates alone are not enough, or this would show nothing.
    expect(recall(10)).toBeLessThan(0.95);
  });
});
