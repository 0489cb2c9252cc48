import { describe, expect, it } from 'vitest';
import { Batcher } from '../../../../models/session/batcher.ts';

const yieldNow = () => new Promise<void>((resolve) => setImmediate(resolve));
const [key, otherKey] = [{}, {}];

/** A batcher of numbers that are doubled, with the runs that were made. */
function doubling() {
  const runs: number[][] = [];
  const run = (inputs: number[]) => {
    runs.push(inputs);
    if (inputs[0] === 0) throw new Error('zero');
    return inputs.map((input) => 2 * input);
  };
  const batcher = new Batcher<number, number>(yieldNow);
  const join = (input: number, group: Partial<{ key: object; kind: number; limit: number }> = {}) =>
    batcher.join(input, { key, kind: 1, limit: 8, ...group }, run);
  return { runs, join };
}

describe('queries that arrive together', () => {
  it('run together and each get their own result', async () => {
    const { runs, join } = doubling();
    expect(await Promise.all([join(1), join(2), join(3)])).toEqual([2, 4, 6]);
    expect(runs).toEqual([[1, 2, 3]]);
  });

  it('run apart when the key or the kind differs, or when there are too many', async () => {
    const { runs, join } = doubling();
    await Promise.all([join(1), join(2, { key: otherKey }), join(3, { kind: 2 }), join(4)]);
    expect(runs).toEqual([[1, 4], [2], [3]]);
    runs.length = 0;
    await Promise.all([1, 2, 3].map((input) => join(input, { limit: 2 })));
    expect(runs).toEqual([[1, 2], [3]]);
  });

  it('fail alone', async () => {
    const { join } = doubling();
    const outcomes = await Promise.allSettled([join(0), join(5)]);
    expect(outcomes).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled', value: 10 }]);
  });

  it('do not wait for one that was abandoned', async () => {
    let held = true;
    const batcher = new Batcher<number, number>(() => (held ? new Promise(() => {}) : yieldNow()));
    const group = { key, kind: 1, limit: 8 };
    void batcher.join(1, group, (inputs) => inputs);
    held = false;
    expect(await batcher.join(2, group, (inputs) => inputs.map((input) => input + 1))).toBe(3);
  });
});
