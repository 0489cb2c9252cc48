/** Whoever vanishes, whenever: the sum is the plain sum of those who counted, or nothing is released. */
import { describe, expect, it } from 'vitest';
import { COMPLETE, cohort, plainSum } from './cohort.ts';
import { Driver } from './driver.ts';

const PHASES = ['advertise', 'share', 'checked', 'masked', 'consistency', 'unmask'] as const;
/** Vanishing before its vector is complete takes a member out of the sum. */
const COUNTED_FROM = PHASES.indexOf('consistency');

function subsets(ids: readonly string[]): Set<string>[] {
  return Array.from(
    { length: 2 ** ids.length },
    (_, bits) => new Set(ids.filter((_id, i) => (bits >> i) & 1)),
  );
}

function expectOutcome(driver: Driver, gone: ReadonlySet<string>, phase: number): void {
  const alive = driver.ids.filter((id) => !gone.has(id));
  const { threshold, dimension } = driver.context.parameters;
  const state = driver.server.state();
  if (alive.length < threshold) {
    expect(state.phase).toBe('aborted');
    expect(state.abort?.code).toBe('below-threshold');
    // Nothing is released, nothing is kept.
    expect(driver.store.vectors.size).toBe(0);
    expect(driver.effects).not.toContain('released');
    expect(driver.effects).not.toContain('reconstruct');
    expect(() => [...driver.server.result()]).toThrow('aborted');
    // The ledger is charged before anybody's vector is asked for.
    expect(driver.effects.includes('charge')).toBe(phase > PHASES.indexOf('checked'));
    return;
  }
  const counted = phase >= COUNTED_FROM ? driver.ids : alive;
  expect(state.phase).toBe('done');
  expect(state.survivors).toEqual(counted);
  expect(driver.sum()).toEqual(plainSum(dimension, counted));
}

describe.each([2, 3, 4, 5, 6])('%i members', (size) => {
  it.each(PHASES.map((phase, at) => ({ phase, at })))(
    'any of them vanish at $phase',
    async ({ phase, at }) => {
      const group = await cohort(size);
      const prefix = await Driver.open(group).until(phase);
      // What a member answers does not depend on who else answers in the same phase.
      const answers = await prefix.answers();
      for (const gone of subsets(prefix.ids)) {
        const driver = prefix.fork();
        await driver.step((id) => !gone.has(id), answers);
        await driver.until('done', gone);
        expectOutcome(driver, gone, at);
      }
    },
  );
});

describe('k-regular', () => {
  it('counts everyone whose neighbours can restore its masks', async () => {
    const group = await cohort(12);
    const graph = {
      kind: 'k-regular',
      security: 'semi-honest',
      degree: 6,
      shareThreshold: 4,
      seed: 'A'.repeat(43),
    } as const;
    const prefix = Driver.open(group, { graph });
    for (const [at, phase] of PHASES.entries()) {
      const driver = (await prefix.until(phase)).fork();
      const gone = new Set([1, 7, 8].map((i) => driver.ids[i]!));
      await driver.step((id) => !gone.has(id));
      await driver.until('done', gone);
      expectOutcome(driver, gone, at);
    }
  });

  it('leaves out a member whose neighbours are away, and aborts when its masks could not be removed', async () => {
    const group = await cohort(12);
    const graph = {
      kind: 'k-regular',
      security: 'semi-honest',
      degree: 2,
      shareThreshold: 2,
      seed: 'A'.repeat(43),
    } as const;
    const prefix = await Driver.open(group, { graph }).until('share');
    const { context, ids } = prefix;
    const alone = ids[0]!;
    const gone = new Set(context.holders(alone).filter((id) => id !== alone));
    expect(gone.size).toBe(2);
    const early = prefix.fork();
    await early.step((id) => !gone.has(id));
    expect(early.server.state().sharers).not.toContain(alone);
    await early.until('done', gone);
    expect(early.sum()).toEqual(plainSum(5, early.server.state().survivors));
    const late = await prefix.until('masked');
    await late.step((id) => !gone.has(id));
    expect(late.server.state().abort).toMatchObject({
      code: 'below-threshold',
      blamed: [],
    });
  });
});

it('one set of frames is one vector: a member that vanishes between frames does not count', async () => {
  // Two frames: the vector is one coordinate longer than a frame.
  const group = await cohort(4);
  const driver = await Driver.open(group, { dimension: 262_145, graph: COMPLETE }).until('masked');
  const answers = await driver.answers();
  const half = driver.ids[2]!;
  answers.set(half, { ...answers.get(half)!, frames: answers.get(half)!.frames.slice(0, 1) });
  await driver.step(undefined, answers);
  expect(driver.server.state().survivors).toEqual(driver.ids.filter((id) => id !== half));
  await driver.until('done');
  const plain = plainSum(262_145, driver.server.state().survivors);
  expect(driver.sum().every((word, i) => word === plain[i])).toBe(true);
  expect([...driver.store.vectors.keys()]).toEqual(['result/0', 'result/1']);
});
