/** Whole rounds over a network that delays, loses, reorders and doubles, with members vanishing in mixed phases. */
import { describe, expect, it } from 'vitest';
import { kRegularBounds } from '../../../../shared/secagg/graph-bounds.ts';
import type { MessagePhase } from '../../../../shared/secagg/server-state.ts';
import { simulate } from '../../../../shared/secagg/simulate.ts';
import {
  type NetworkConditions,
  seededUniform,
  VirtualNetwork,
} from '../../../../shared/secagg/virtual-network.ts';
import { cohort, plainSum, simulation } from './cohort.ts';

/** Sixty-four members take a while on two busy cores. */
const PATIENCE_MS = 600_000;
const PHASES: MessagePhase[] = ['advertise', 'share', 'checked', 'masked', 'consistency', 'unmask'];
const ROUGH: NetworkConditions = { seed: 1, minDelayMs: 5, maxDelayMs: 400, loss: 0.2, duplication: 0.2 };

/** A round of `size` with `vanish` members gone, each in a phase that the seed picks. */
async function mixture(size: number, vanish: number, seed: number, change = {}) {
  const uniform = seededUniform(seed);
  const group = await cohort(size);
  const gone = new Map<number, MessagePhase>();
  while (gone.size < vanish) gone.set(Math.floor(uniform() * size), PHASES[Math.floor(uniform() * 5)]!);
  const setup = simulation(group, { dimension: 37, ...change }, (_id, index) => ({
    ...(gone.has(index) && { vanishesAt: gone.get(index)!, framesBeforeVanishing: index % 2 }),
  }));
  // A masked frame may still arrive from a member that vanishes right after announcing and sending it.
  const timeouts = {
    advertise: 20_000,
    share: 20_000,
    checked: 20_000,
    masked: 20_000,
    consistency: 20_000,
    unmask: 20_000,
  };
  const result = await simulate({
    ...setup,
    config: { ...setup.config, timeouts },
    network: { ...ROUGH, seed },
  });
  return { setup, result, gone };
}

describe('mixtures of phases over a rough network', () => {
  const sizes = process.env.FEDCAR_FULL ? [4, 7, 10, 16, 23, 32, 48, 64] : [4, 7, 10, 13];
  const seeds = process.env.FEDCAR_FULL ? [1, 2, 3, 4] : [1, 2];
  it.each(sizes.flatMap((size) => seeds.map((seed) => ({ size, seed }))))(
    '$size members, seed $seed',
    async ({ size, seed }) => {
      const { setup, result } = await mixture(size, Math.ceil(size / 3) - 1, seed);
      const { state, sum, refusals } = result;
      expect(refusals).toEqual({});
      expect(state.abort).toBeNull();
      expect(state.survivors.length).toBeGreaterThanOrEqual(state.parameters.threshold);
      expect(sum).toEqual(plainSum(37, state.survivors));
      expect(setup.serverStore.keys()).toEqual(['result/0']);
    },
    PATIENCE_MS,
  );

  it('one too many gone: aborted, nothing released', async () => {
    for (const seed of [5, 6]) {
      const { setup, result } = await mixture(6, 2, seed);
      expect(result.state.phase).toBe('aborted');
      expect(result.sum).toBeNull();
      expect(setup.serverStore.keys()).toEqual([]);
    }
  });
});

describe('k-regular', () => {
  it(
    'members beyond the complete graph’s size, a twentieth corrupt, a fifth gone',
    async () => {
      const size = process.env.FEDCAR_FULL ? 120 : 20;
      const demand = {
        members: size,
        corrupt: Math.floor(size / 20),
        dropped: Math.floor(size / 5),
        correctnessBits: 10,
      };
      const bounds = kRegularBounds({ ...demand, securityBits: process.env.FEDCAR_FULL ? 40 : 10 })!;
      expect(bounds.degree).toBeLessThan(size - 1);
      const graph = { kind: 'k-regular', security: 'semi-honest', ...bounds, seed: 'A'.repeat(43) } as const;
      const { result } = await mixture(size, Math.floor(size / 5), 3, { graph });
      expect(result.state.abort).toBeNull();
      expect(result.sum).toEqual(plainSum(37, result.state.survivors));
    },
    PATIENCE_MS,
  );
});

it('the same seed gives the same run, another one another', async () => {
  const runs = [];
  for (const seed of [1, 1, 2]) runs.push(await mixture(4, 1, seed));
  expect(runs[1]!.result).toEqual(runs[0]!.result);
  expect(runs[2]!.result.virtualMs).not.toBe(runs[0]!.result.virtualMs);
});

it('a ledger that refuses ends the round with nothing released', async () => {
  const setup = simulation(await cohort(3));
  const result = await simulate({ ...setup, charge: () => false });
  expect(result.state.abort).toEqual({ code: 'cancelled', detail: 'the budget is spent', blamed: [] });
  expect(result.sum).toBeNull();
  expect(setup.serverStore.keys()).toEqual([]);
});

describe('the network', () => {
  it('loses, doubles and reorders as often as it is told', async () => {
    const network = new VirtualNetwork({
      seed: 9,
      minDelayMs: 0,
      maxDelayMs: 100,
      loss: 0.25,
      duplication: 0.1,
    });
    const order: number[] = [];
    for (let i = 0; i < 4000; i++) network.send(async () => void order.push(i));
    await network.run(() => false);
    const arrived = new Set(order).size;
    // 0.9 · 0.75 + 0.1 · (1 − 0.25²) = 0.769 arrive at least once; 0.825 copies arrive each.
    expect(arrived / 4000).toBeCloseTo(0.769, 1);
    expect(order.length / 4000).toBeCloseTo(0.825, 1);
    expect(order.some((value, i) => i > 0 && value < order[i - 1]!)).toBe(true);
    expect(network.now).toBeLessThanOrEqual(100);
  });

  it('runs events in order of time', async () => {
    const network = new VirtualNetwork({ seed: 1, minDelayMs: 0, maxDelayMs: 0, loss: 0, duplication: 0 });
    const uniform = seededUniform(4);
    const times: number[] = [];
    for (let i = 0; i < 300; i++)
      network.at(Math.floor(uniform() * 50), async () => void times.push(network.now));
    await network.run(() => false);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times).toHaveLength(300);
  });
});
