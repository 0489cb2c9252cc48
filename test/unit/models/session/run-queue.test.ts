import { describe, expect, it } from 'vitest';
import { RunQueue } from '../../../../models/session/run-queue.ts';

const yieldNow = () => new Promise<void>((resolve) => setImmediate(resolve));
const steps = (log: string[], name: string, count: number) =>
  Array.from({ length: count }, () => () => {
    log.push(name);
  });

describe('a run queue', () => {
  it('lets interactive work overtake background work between two steps', async () => {
    const queue = new RunQueue(yieldNow);
    const log: string[] = [];
    const background = queue.run('background', steps(log, 'train', 4));
    await yieldNow();
    const before = log.length;
    const interactive = queue.run('interactive', steps(log, 'search', 3));
    await Promise.all([background, interactive]);
    const first = log.indexOf('search');
    expect(before).toBeGreaterThan(0);
    expect(log.slice(first, first + 3)).toEqual(['search', 'search', 'search']);
    expect(log.filter((name) => name === 'train')).toHaveLength(4);
    expect(log.at(-1)).toBe('train');
  });

  it('goes on when interactive work was abandoned', async () => {
    let looks = 0;
    const queue = new RunQueue(() => (looks++ === 0 ? new Promise(() => {}) : yieldNow()));
    const log: string[] = [];
    void queue.run('interactive', steps(log, 'abandoned', 2));
    await yieldNow();
    await queue.run('background', steps(log, 'train', 2));
    expect(log).toEqual(['abandoned', 'train', 'train']);
  });

  it('stops at the first failure and forgets the work', async () => {
    const queue = new RunQueue(yieldNow);
    const fail = () => {
      throw new Error('broken');
    };
    await expect(queue.run('interactive', [() => {}, fail, () => {}])).rejects.toThrow('broken');
    const log: string[] = [];
    await queue.run('background', steps(log, 'train', 1));
    expect(log).toEqual(['train']);
  });
});
