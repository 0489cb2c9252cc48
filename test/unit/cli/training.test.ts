import { expect, it } from 'vitest';
import type { Progress } from '../../../cli/progress.ts';
import { describe as inWords, watchRun } from '../../../cli/training.ts';
import type { Client } from '../../../client/client.ts';
import type { Round, Run } from '../../../shared/protocol/api/run.ts';

function round(more: Partial<Round>): Round {
  return {
    round: 0,
    kind: 'train',
    phase: 'open',
    started_at: 0,
    ended_at: null,
    participants: {},
    contributors: 0,
    noise_in_effect: null,
    loss: null,
    accuracy: null,
    error: null,
    ...more,
  };
}

function run(rounds: Round[]): Run {
  const rest = { planned: null, version: null, error: null, ended_at: null };
  return { run: 'r', state: 'running', reason: 'by hand', started_at: 0, finished: 0, ...rest, rounds };
}

it('names few regions with how far they are, and the last loss', () => {
  const rounds = [
    round({ ended_at: 1, loss: 0.51234 }),
    round({
      round: 1,
      participants: { weur: { phase: 'working', progress: 0.4 }, apac: { phase: 'ready', progress: 1 } },
    }),
  ];
  expect(inWords(run(rounds))).toBe('loss 0.512 · train round: weur at work, apac ready');
});

it('counts many regions', () => {
  const participants = Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`r${i}`, { phase: i < 3 ? 'ready' : 'working', progress: 0 }]),
  );
  expect(inWords(run([round({ kind: 'gate', participants })]))).toBe('gate round: 3 of 8 regions ready');
});

it('says nothing before the first round', () => {
  expect(inWords(run([]))).toBe('');
});

it('looks as often as it is told, and once more at the end', async () => {
  let looks = 0;
  const client = {
    call: async () => ({ ...run([]), state: ++looks < 20 ? 'running' : 'published' }),
  } as unknown as Client;
  const silent: Progress = { total: () => {}, update: () => {}, end: () => {} };
  const began = performance.now();
  expect((await watchRun(client, 'r', silent, async () => {}, 5)).state).toBe('published');
  expect(looks).toBe(20);
  // Timers may come a millisecond early; by default it would be ten seconds.
  expect(performance.now() - began).toBeGreaterThan(19 * 4);
  expect(performance.now() - began).toBeLessThan(5_000);
});
