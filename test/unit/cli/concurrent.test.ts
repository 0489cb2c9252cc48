import { expect, it } from 'vitest';
import { concurrent } from '../../../cli/concurrent.ts';

const pause = () => new Promise((resolve) => setTimeout(resolve, 1));

it('keeps the order and the limit', async () => {
  let running = 0;
  let most = 0;
  const results = await concurrent([5, 4, 3, 2, 1], 2, async (item, index) => {
    running += 1;
    most = Math.max(most, running);
    for (let i = 0; i < item; i++) await pause();
    running -= 1;
    return item * 10 + index;
  });
  expect(results).toEqual([50, 41, 32, 23, 14]);
  expect(most).toBe(2);
});

it('stops at the first failure', async () => {
  const seen: number[] = [];
  const work = async (item: number) => {
    await pause();
    seen.push(item);
    if (item === 2) throw new Error('two');
  };
  await expect(concurrent([1, 2, 3, 4, 5, 6], 1, work)).rejects.toThrow('two');
  expect(seen).toEqual([1, 2]);
});

it('does nothing for nothing, and refuses a limit that is none', async () => {
  expect(await concurrent([], 3, pause)).toEqual([]);
  await expect(concurrent([1], 0, pause)).rejects.toThrow('limit: 0');
});
