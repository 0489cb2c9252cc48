import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pack } from '../../../../shared/crypto/packed-ring.ts';
import { roundGrid } from '../../../../shared/privacy/fixed-point.ts';
import { cryptoSource } from '../../../../shared/privacy/random-source.ts';
import type { RoundSpec } from '../../../../shared/protocol/rounds.ts';
import { plainSum } from '../../../../shared/round/aggregation.ts';
import { statScale } from '../../../../shared/round/figures.ts';
import { decodeRound, encodeContribution } from '../../../../shared/round/mechanism.ts';

function specOf(dimension: number, noiseMultiplier = 0, members = 1): RoundSpec {
  const clipNorm = Math.SQRT2;
  return {
    id: 'r.0',
    collection: 'default',
    kind: 'count',
    sample: { kind: 'all' },
    dimension,
    clipNorm,
    gridStep: roundGrid(dimension, clipNorm).step,
    bits: 32,
    noiseMultiplier,
    cohort: { members, threshold: members, colluders: 0 },
    aggregation: 'plain',
    lineage: 'first',
    rowsAt: 0,
    serial: 1,
    startedAt: 0,
    from: -1,
    manifest: { key: 'manifest:r', hash: '0'.repeat(64), bytes: 0, parts: 0 },
    passages: null,
  };
}

describe('the mechanism of a round', () => {
  it('brings counts back exactly where noise is off', () => {
    const counts = Float64Array.from({ length: 500 }, (_, i) => (i * 7919) % 1000);
    const spec = specOf(500);
    const names = ['a', 'b', 'c'];
    const vectors = names.map(() => encodeContribution(counts, spec, cryptoSource()));
    const total = plainSum.sum(names, spec, {
      vector: (name) => pack(vectors[names.indexOf(name)]!, spec.bits),
    });
    expect(Array.from(decodeRound(total, spec), Math.round)).toEqual(Array.from(counts, (c) => 3 * c));
  });

  it('adds noise of the charged size, split over the honest ones, also without data', () => {
    const d = 4000;
    const honest = 5;
    const z = 1.5;
    const spec = specOf(d, z, honest);
    const names = Array.from({ length: honest }, (_, i) => `p${i}`);
    const vectors = names.map(() => encodeContribution(new Float64Array(d), spec, cryptoSource()));
    const total = plainSum.sum(names, spec, {
      vector: (name) => pack(vectors[Number(name.slice(1))]!, spec.bits),
    });
    const values = decodeRound(total, spec);
    const variance = values.reduce((sum, value) => sum + value * value, 0) / d;
    // Sensitivity is one per cent above c; the variance of 4,000 draws is known to 2.2 per cent.
    const expected = (z * 1.01 * spec.clipNorm) ** 2;
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.12);
  });

  it('refuses a grid that is not the one of its norm', () => {
    const spec = { ...specOf(10), gridStep: 1 };
    expect(() => encodeContribution(new Float64Array(10), spec, cryptoSource())).toThrow(/gridStep: 1 where/);
  });

  it('sums mod 2ᵇ whatever wraps on the way', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 32 }),
        fc.array(fc.array(fc.nat(0xffffffff), { minLength: 3, maxLength: 3 }), { minLength: 1 }),
        (bits, rows) => {
          const names = rows.map((_, i) => `p${i}`);
          const ring = { dimension: 3, bits };
          const total = plainSum.sum(names, ring, {
            vector: (name) => pack(Uint32Array.from(rows[Number(name.slice(1))] ?? []), bits),
          });
          for (let i = 0; i < 3; i++) {
            const sum = rows.reduce((s, row) => s + BigInt(row[i] ?? 0), 0n);
            expect(BigInt.asUintN(bits, BigInt(total[i]!))).toBe(BigInt.asUintN(bits, sum));
          }
        },
      ),
    );
  });

  it('fails closed on a missing or a longer vector', () => {
    const ring = { dimension: 2, bits: 20 };
    expect(() => plainSum.sum(['a'], ring, { vector: () => null })).toThrow(/vector of a is not complete/);
    expect(() => plainSum.sum(['a'], ring, { vector: () => new Uint8Array(6) })).toThrow(/5 bytes, got 6/);
  });

  it('keeps the figures of a round inside the ring', () => {
    const gridStep = 1 / (100 * Math.sqrt(1_900_000));
    for (const bits of [16, 22, 32]) {
      for (const units of [1, 100, 20_000]) {
        expect((units * statScale({ gridStep, bits }, units)) / gridStep).toBeLessThan(2 ** (bits - 2));
      }
    }
  });
});
