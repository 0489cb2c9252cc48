/** Noise for members who might have vanished: what the survivors do without leaves the sum, and nothing else does. */
import { describe, expect, it } from 'vitest';
import type { DiscreteGaussian } from '../../../../shared/privacy/discrete-gaussian.ts';
import { roundGrid } from '../../../../shared/privacy/fixed-point.ts';
import { MOST_PARTS, noiseParts, tierOf, varianceInEffect } from '../../../../shared/privacy/noise-share.ts';
import {
  MAX_SURPLUS_PARTS,
  type MaskedMessage,
  type UnmaskMessage,
} from '../../../../shared/protocol/secagg.ts';
import { signMessage } from '../../../../shared/secagg/signing.ts';
import { simulate } from '../../../../shared/secagg/simulate.ts';
import { applySurplus, surplusGaussians, surplusPart } from '../../../../shared/secagg/surplus-noise.ts';
import { cohort, plainSum, simulation } from './cohort.ts';
import { Driver } from './driver.ts';

const DIMENSION = 4096;
const NOISY = { noiseMultiplier: 2, dimension: DIMENSION };
/** n = 8, t = 6, m = 1: noise for 7, 6 or 5 honest survivors. */
const group = cohort(8, { colluders: 1 });

/** Variance of what is in the sum beside the members' vectors, in grid steps. */
function surplusVariance(sum: Uint32Array, members: readonly string[]): number {
  const plain = plainSum(DIMENSION, members);
  return sum.reduce((total, word, i) => total + ((word - plain[i]!) | 0) ** 2, 0) / DIMENSION;
}

/** Variances of a member's surplus parts. */
function partVariances(driver: Driver): number[] {
  const [, ...parts] = noiseParts(NOISY.noiseMultiplier, roundGrid(DIMENSION, 1), driver.context.cohort);
  return parts.map(({ numerator }) => Number(numerator));
}

/** The variance of 4,096 draws is known to 2.2 per cent. */
function expectVariance(found: number, expected: number): void {
  expect(Math.abs(found / expected - 1)).toBeLessThan(0.1);
}

describe('surplus noise', () => {
  it('is gone from the sum, bit for bit, when everyone survives', async () => {
    const driver = await Driver.open(await group, NOISY).until('done');
    expect(driver.sum()).toEqual(plainSum(DIMENSION, driver.ids));
    expect(driver.server.state().revealed).toEqual(driver.ids);
  });

  it.each([1, 2])('stays as far as it is needed when %i vanished before their vectors came', async (lost) => {
    const driver = Driver.open(await group, NOISY);
    const gone = new Set(driver.ids.slice(0, lost));
    await (await driver.until('masked')).until('done', gone);
    const alive = driver.ids.slice(lost);
    expect(driver.server.state().survivors).toEqual(alive);
    const needed = partVariances(driver).slice(0, tierOf(driver.context.cohort, alive.length));
    expect(needed).toHaveLength(lost);
    const each = needed.reduce((total, variance) => total + variance, 0);
    expectVariance(surplusVariance(driver.sum(), alive), alive.length * each);
  });

  it('of a survivor who vanishes before its seeds are revealed stays altogether', async () => {
    const driver = await Driver.open(await group, NOISY).until('unmask');
    const gone = driver.ids[2]!;
    await driver.until('done', new Set([gone]));
    const state = driver.server.state();
    expect(state.survivors).toEqual(driver.ids);
    expect(state.revealed).toEqual(driver.ids.filter((id) => id !== gone));
    const [one, two] = partVariances(driver) as [number, number];
    expectVariance(surplusVariance(driver.sum(), driver.ids), one + two);
    // As the coordinator reckons it: the other seven keep a seventh, this one a fifth.
    const inEffect = varianceInEffect(driver.context.cohort, { survivors: 8, unrevealed: 1 });
    expect(inEffect).toBeCloseTo(7 / 7 + 1 / 5, 12);
  });

  it('is revealed by nobody when no more than the threshold survive', async () => {
    const driver = Driver.open(await group, NOISY);
    const gone = new Set(driver.ids.slice(0, 2));
    await (await driver.until('masked')).until('unmask', gone);
    const { reply } = await driver.answer(driver.ids[5]!);
    expect((reply as UnmaskMessage).surplusSeeds).toEqual([]);
  });

  it('is revealed part by part: with one missing the first part stays secret', async () => {
    const driver = Driver.open(await group, NOISY);
    const gone = new Set(driver.ids.slice(0, 1));
    await (await driver.until('masked')).until('unmask', gone);
    const id = driver.ids[5]!;
    const secret = driver.states.get(id)!.secrets!.surplus;
    const { state, reply } = await driver.answer(id);
    expect((reply as UnmaskMessage).surplusSeeds).toEqual([secret[1]]);
    expect(state.secrets).toBeNull();
    expect(JSON.stringify(state)).not.toContain(secret[0]);
  });

  it('is waited for as long as there is some to take out, and no longer', async () => {
    const most = async (change: object) => {
      const driver = await Driver.open(await group, change).until('unmask');
      const answers = await driver.answers();
      for (const id of driver.ids.slice(0, 6)) await driver.deliver(id, answers.get(id)!);
      return driver.phase;
    };
    expect(await most(NOISY)).toBe('unmask');
    expect(await most({ ...NOISY, noiseMultiplier: 0 })).toBe('reconstruct');
  });

  it('comes from seeds that were committed to: others are refused, and their noise stays', async () => {
    const driver = await Driver.open(await group, NOISY).until('unmask');
    const id = driver.ids[3]!;
    const other = 'A'.repeat(43);
    const state = driver.states.get(id)!;
    const secrets = { ...state.secrets!, surplus: [state.secrets!.surplus[0]!, other] };
    driver.states.set(id, { ...state, secrets });
    await driver.deliver(id, await driver.answer(id));
    expect(driver.server.state().faults).toEqual([
      expect.objectContaining({ member: id, code: 'bad-share', detail: expect.stringContaining('part 1') }),
    ]);
    driver.states.set(id, { ...state, secrets: { ...state.secrets!, surplus: [] } });
    await driver.deliver(id, await driver.answer(id));
    expect(driver.server.state().faults.at(-1)).toMatchObject({ code: 'malformed' });
    await driver.until('done', new Set([id]));
    const total = partVariances(driver).reduce((sum, variance) => sum + variance, 0);
    expectVariance(surplusVariance(driver.sum(), driver.ids), total);
  });

  it('has no more parts than a message may name', () => {
    expect(MAX_SURPLUS_PARTS).toBe(MOST_PARTS);
  });

  it('is announced with one hash for each part', async () => {
    const driver = await Driver.open(await group, NOISY).until('masked');
    const id = driver.ids[0]!;
    const { reply, frames } = await driver.answer(id);
    const { signature: _, ...content } = reply as MaskedMessage;
    expect(content.surplus).toHaveLength(2);
    const short = { ...content, surplus: content.surplus.slice(1) };
    const answer = await driver.server.receive(
      id,
      await signMessage(driver.group.signers.get(id)!, short),
      driver.now,
    );
    expect(answer.outcome).toMatchObject({ code: 'malformed', detail: 'surplus: expected 2, got 1' });
    expect(frames).toHaveLength(1);
  });

  it('differs between members, parts and frames', async () => {
    const { context, ids } = Driver.open(await group, NOISY);
    const [first, second] = surplusGaussians(context) as [DiscreteGaussian, DiscreteGaussian];
    const seed = 'A'.repeat(43);
    const noise = async (member: string, part: number, gaussian: DiscreteGaussian, frame: number) => {
      const words = new Uint32Array(64);
      await applySurplus(words, frame, [await surplusPart(context, member, part, seed, gaussian)], 1);
      return words.join();
    };
    const all = await Promise.all([
      noise(ids[0]!, 0, first, 0),
      noise(ids[1]!, 0, first, 0),
      noise(ids[0]!, 1, first, 0),
      noise(ids[0]!, 0, first, 1),
      noise(ids[0]!, 1, second, 1),
    ]);
    expect(new Set(all).size).toBe(all.length);
    expect(await noise(ids[0]!, 0, first, 0)).toBe(all[0]);
  });

  it('goes in and out of vectors of several frames', async () => {
    const dimension = 262_144 + 5000;
    const setup = simulation(await cohort(4, { colluders: 1 }), { noiseMultiplier: 2, dimension });
    const { state, sum } = await simulate(setup);
    expect(state.revealed).toHaveLength(4);
    expect(sum).toEqual(
      plainSum(
        dimension,
        setup.members.map(({ id }) => id),
      ),
    );
  });

  it('is none on a roster that all must survive of', async () => {
    const driver = await Driver.open(await cohort(2, { colluders: 1 }), NOISY).until('done');
    expect(driver.sum()).toEqual(plainSum(DIMENSION, driver.ids));
    expect(partVariances(driver)).toEqual([]);
  });
});
