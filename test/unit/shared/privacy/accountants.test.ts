import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { calibrateNoise } from '../../../../shared/privacy/calibrate.ts';
import { epsilonAtOrder, rdpBudgetAtOrder, rdpEpsilon } from '../../../../shared/privacy/conversion.ts';
import { pldEpsilon } from '../../../../shared/privacy/pld.ts';
import {
  composeRdp,
  INTEGER_ORDERS,
  type Release,
  subsampledGaussianRdp,
} from '../../../../shared/privacy/rdp.ts';
import { normalTail } from '../../../../shared/privacy/special-functions.ts';
import vectors from '../../../vectors/dp-accounting-0.6.0.json';

interface Case {
  schedule: Release[];
  delta: number;
  orders: number[];
  rdp: (number | null)[];
  rdp_epsilon: number;
  pld_epsilon?: number;
}

function releases(rows: readonly (readonly number[])[]): Release[] {
  return rows.map(([samplingRate, noiseMultiplier, steps]) => ({
    samplingRate: samplingRate!,
    noiseMultiplier: noiseMultiplier!,
    steps: steps!,
  }));
}

function relative(value: number, reference: number): number {
  return Math.abs(value / reference - 1);
}

function expectParity({ schedule, delta, orders, rdp, rdp_epsilon, pld_epsilon }: Case): void {
  composeRdp(schedule, orders).forEach((value, i) => {
    const reference = rdp[i] ?? Number.POSITIVE_INFINITY;
    if (Number.isFinite(reference)) expect(relative(value, reference)).toBeLessThan(1e-6);
    else expect(value).toBe(reference);
  });
  expect(relative(rdpEpsilon(schedule, delta).epsilon, rdp_epsilon)).toBeLessThan(1e-6);
  if (pld_epsilon === undefined) return;
  const pld = pldEpsilon(schedule, delta);
  expect(relative(pld, pld_epsilon)).toBeLessThan(0.01);
  // The ledger's ε, at integer orders only, is never below what the tighter accountant shows.
  expect(rdpEpsilon(schedule, delta, INTEGER_ORDERS).epsilon).toBeGreaterThan(pld);
}

describe('dp-accounting 0.6.0', () => {
  it.each(vectors.cases)('agrees on $schedule', (reference) => {
    expectParity({ ...reference, schedule: releases(reference.schedule) });
  });
});

const shared = process.env.FEDCAR_SHARED ?? new URL('../../../../../shared', import.meta.url).pathname;
const golden = `${shared}/reference/accountant.json`;

describe.skipIf(!existsSync(golden))('the golden values (skipped where the shared folder is absent)', () => {
  const { cases, heterogeneous, calibration } = existsSync(golden)
    ? JSON.parse(readFileSync(golden, 'utf8'))
    : { cases: [], heterogeneous: {}, calibration: [] };

  it('agree in every case', () => {
    expect(cases).toHaveLength(11);
    for (const one of cases) {
      expectParity({ ...one, schedule: releases([[one.sampling_rate, one.noise_multiplier, one.steps]]) });
    }
  });

  it('agree on the mixed schedule', () => {
    const { epsilon } = rdpEpsilon(releases(heterogeneous.compose), heterogeneous.delta);
    expect(relative(epsilon, heterogeneous.rdp_epsilon)).toBeLessThan(1e-6);
  });

  it('agree on calibration', () => {
    for (const { epsilon, delta, sampling_rate, steps, noise_multiplier } of calibration) {
      const of = (z: number) => rdpEpsilon(releases([[sampling_rate, z, steps]]), delta).epsilon;
      const found = calibrateNoise(of, epsilon);
      expect(relative(found, noise_multiplier)).toBeLessThan(1e-6);
      expect(of(found)).toBeLessThanOrEqual(epsilon);
    }
  });
});

describe('RDP', () => {
  it('is α/2z² without sampling', () => {
    expect(subsampledGaussianRdp(1, 3, 7)).toBeCloseTo(7 / 18, 14);
    expect(subsampledGaussianRdp(1, 3, 2.5)).toBeCloseTo(2.5 / 18, 14);
  });

  it('is log(1 + q²(exp(1/z²) − 1)) at order 2, also where that is tiny', () => {
    for (const [q, z] of [
      [0.2, 6],
      [0.01, 0.7],
      [1e-4, 500],
    ] as const) {
      expect(
        relative(subsampledGaussianRdp(q, z, 2), Math.log1p(q * q * Math.expm1(1 / z ** 2))),
      ).toBeLessThan(1e-9);
    }
  });

  it('holds for the discrete Gaussian at integer orders, shift by shift', () => {
    // E over N of ((1−q) + q·N(x−v)/N(x))^α, summed over the integers, against the closed form with z = σ/v.
    const mass = (x: number, sigma: number) => Math.exp((-x * x) / (2 * sigma * sigma));
    for (const [sigma, shift, q, order] of [
      [1.5, 1, 0.3, 3],
      [4, 3, 0.2, 5],
      [9, 2, 0.05, 16],
    ] as const) {
      let total = 0;
      let moment = 0;
      for (let x = -2000; x <= 2000; x++) {
        const p = mass(x, sigma);
        total += p;
        const ratio = Math.exp((2 * x * shift - shift * shift) / (2 * sigma * sigma));
        if (p > 0) moment += p * (1 - q + q * ratio) ** order;
      }
      const rdp = Math.log(moment / total) / (order - 1);
      expect(relative(subsampledGaussianRdp(q, sigma / shift, order), rdp)).toBeLessThan(1e-9);
    }
  });

  it('covers both directions: the order-α divergence of removing exceeds that of adding', () => {
    const [sigma, q, order] = [1.3, 0.3, 4];
    let adding = 0;
    const step = 1e-3;
    for (let x = -12; x <= 12; x += step) {
      const ratio = 1 - q + q * Math.exp((2 * x - 1) / (2 * sigma * sigma));
      adding +=
        (step * Math.exp((-x * x) / (2 * sigma * sigma)) * ratio ** (1 - order)) /
        (sigma * Math.sqrt(2 * Math.PI));
    }
    expect(Math.log(adding) / (order - 1)).toBeLessThan(subsampledGaussianRdp(q, sigma, order));
  });

  it('is infinite without noise or convergence, zero without sampling', () => {
    expect(subsampledGaussianRdp(0.5, 0, 4)).toBe(Number.POSITIVE_INFINITY);
    expect(subsampledGaussianRdp(0.1, 1, 1.5)).toBe(Number.POSITIVE_INFINITY);
    expect(subsampledGaussianRdp(0, 1, 4)).toBe(0);
  });

  it.each([
    [-0.1, 1, 2],
    [1.1, 1, 2],
    [Number.NaN, 1, 2],
    [0.5, -1, 2],
    [0.5, Number.NaN, 2],
    [0.5, 1, 1],
    [0.5, 1, Number.POSITIVE_INFINITY],
  ])('refuses q = %s, z = %s, α = %s', (q, z, order) => {
    expect(() => subsampledGaussianRdp(q, z, order)).toThrow(RangeError);
  });
});

describe('conversion', () => {
  it('inverts: the budget at an order gives back ε', () => {
    for (const order of [2, 10, 64]) {
      const rdp = rdpBudgetAtOrder(order, 8, 1e-5);
      if (rdp > 0) expect(epsilonAtOrder(order, rdp, 1e-5)).toBeCloseTo(8, 12);
    }
  });

  it('is above the exact ε of one Gaussian release, and PLD is at it', () => {
    // δ(ε) = Φ(1/2z − εz) − exp(ε)Φ(−1/2z − εz) (Balle, Wang 2018, theorem 8).
    const z = 2;
    const delta = (epsilon: number) =>
      normalTail(epsilon * z - 1 / (2 * z)) - Math.exp(epsilon) * normalTail(epsilon * z + 1 / (2 * z));
    const schedule = releases([[1, z, 1]]);
    for (const epsilon of [0.5, 1, 2]) {
      const pld = pldEpsilon(schedule, delta(epsilon));
      expect(pld).toBeGreaterThanOrEqual(epsilon * (1 - 1e-9));
      expect(pld).toBeLessThan(epsilon * 1.001);
      expect(rdpEpsilon(schedule, delta(epsilon)).epsilon).toBeGreaterThan(epsilon);
    }
  });
});

describe('PLD', () => {
  it('adds up: two halves of a schedule are the whole', () => {
    const halves = pldEpsilon(
      releases([
        [0.2, 6, 80],
        [0.2, 6, 120],
      ]),
      1e-5,
    );
    expect(relative(halves, pldEpsilon(releases([[0.2, 6, 200]]), 1e-5))).toBeLessThan(1e-9);
    const gaussians = pldEpsilon(releases([[1, 10, 25]]), 1e-5);
    expect(relative(gaussians, pldEpsilon(releases([[1, 2, 1]]), 1e-5))).toBeLessThan(1e-3);
  });

  it('is zero for nothing, infinite without noise', () => {
    expect(pldEpsilon([], 1e-5)).toBe(0);
    expect(pldEpsilon(releases([[0.5, 0, 1]]), 1e-5)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('calibration', () => {
  it('works for the other accountant too', () => {
    const of = (z: number) => pldEpsilon(releases([[0.2, z, 50]]), 1e-5);
    const z = calibrateNoise(of, 2, 1e-3);
    expect(of(z)).toBeLessThanOrEqual(2);
    expect(of(z * 0.99)).toBeGreaterThan(2);
  });

  it('refuses what cannot be reached', () => {
    expect(() => calibrateNoise(() => Number.POSITIVE_INFINITY, 1)).toThrow(RangeError);
    expect(() => calibrateNoise(() => 1, 0)).toThrow(RangeError);
  });
});

it('the loss distribution of next to no noise is finite, and within the bound by moments', () => {
  const schedule = [
    { samplingRate: 1, noiseMultiplier: 0.45, steps: 3 },
    { samplingRate: 1, noiseMultiplier: 0.18, steps: 1 },
  ];
  const epsilon = pldEpsilon(schedule, 1e-5);
  expect(epsilon).toBeGreaterThan(0);
  expect(epsilon).toBeLessThanOrEqual(rdpEpsilon(schedule, 1e-5, INTEGER_ORDERS).epsilon);
});
