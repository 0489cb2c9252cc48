/**
 * The noise in what real rounds release: participants over files, guard, ledger, secure sum with surplus noise taken out.
 * What was counted is known, so the rest of the sum is noise, and its variance has to be what is in effect for the charge.
 * Dither and each member's own noise are seeded; the seeds of surplus noise are drawn anew, as always.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roundGrid } from '../../../../shared/privacy/fixed-point.ts';
import { varianceInEffect } from '../../../../shared/privacy/noise-share.ts';
import type { FeedbackInput } from '../../../../shared/protocol/api/feedback.ts';
import { decodeRound } from '../../../../shared/round/mechanism.ts';
import { type HostileHub, hostileHub } from '../../../attacks/hostile-hub.ts';
import { seededSource } from '../privacy/seeded-source.ts';

const DOCUMENTS = 500;
const ROUNDS = 4;
const SAMPLES = DOCUMENTS * ROUNDS;
/** Deviations of the estimate: an honest sum is outside once in two million runs, and half the variance is 11 below. */
const ALLOWED = 5;

/** How many of its own standard deviations (√(2/n), of a Gaussian's) the variance is off. */
function offBy(noise: readonly number[], variance: number): number {
  const found = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
  return (found / variance - 1) / Math.sqrt(2 / noise.length);
}

/** Each member has logged a question about every tenth document. */
const records = (name: string): FeedbackInput[] =>
  Array.from({ length: DOCUMENTS / 10 }, (_, i) => ({
    ...{ query: `${name} asks ${i}`, item: `doc-${10 * i}`, relevant: true },
  }));

describe('what a secure round with noise releases', () => {
  let hub: HostileHub;
  const noise: number[] = [];
  let inEffect = 0;
  beforeAll(async () => {
    hub = await hostileHub({ documents: DOCUMENTS, records, random: (member) => seededSource(member + 1) });
    const members = hub.members.length;
    for (let round = 0; round < ROUNDS; round++) {
      const spec = hub.round({ id: `run.${round}`, serial: round + 1 });
      expect(await hub.release(spec)).toBe(true);
      decodeRound(hub.sum(), spec).forEach((value, at) => {
        noise.push(value - (at % 10 === 0 ? members : 0));
      });
      const { sensitivitySquared, step } = roundGrid(spec.dimension, spec.clipNorm);
      const charged = spec.noiseMultiplier ** 2 * sensitivitySquared * step ** 2;
      // All survive, and what so many can do without is taken out again.
      inEffect = charged * varianceInEffect(spec.cohort, { survivors: members, unrevealed: 0 });
      expect(inEffect).toBeGreaterThanOrEqual(charged);
      await hub.forget();
    }
  }, 120_000);
  afterAll(() => hub.close());

  it('has the variance that is in effect for what was charged, and no bias', () => {
    expect(noise).toHaveLength(SAMPLES);
    expect(Math.abs(offBy(noise, inEffect))).toBeLessThan(ALLOWED);
    const mean = noise.reduce((sum, value) => sum + value, 0) / SAMPLES;
    expect(Math.abs(mean)).toBeLessThan(ALLOWED * Math.sqrt(inEffect / SAMPLES));
  });

  it('would be found out with half of the noise, or with half of its variance', () => {
    const scaled = (factor: number) => noise.map((value) => factor * value);
    expect(offBy(scaled(0.5), inEffect)).toBeLessThan(-ALLOWED);
    expect(offBy(scaled(Math.SQRT1_2), inEffect)).toBeLessThan(-ALLOWED);
  });

  it('is charged once for each round, to every member', () => {
    for (const { ledger } of hub.members) expect(ledger.entries()).toHaveLength(ROUNDS);
  });
});
