/** The bench of secure aggregation still runs and says what it promises. */
import { afterEach, expect, it, vi } from 'vitest';
import { benchSecagg } from '../../../../cli/bench/secagg.ts';
import { measureRound, median } from '../../../../cli/bench/secagg-round.ts';
import { FRAME_COORDINATES } from '../../../../shared/secagg/frames.ts';

afterEach(() => void vi.restoreAllMocks());

it('prints one JSON object with the figures of a round', async () => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  await benchSecagg(['--clients', '5', '--dim', '1000', '--drop', '1', '--json']);
  expect(lines).toHaveLength(1);
  const figures = JSON.parse(lines[0]!) as Record<string, number>;
  expect(figures).toMatchObject({ clients: 5, dimension: 1000, dropped: 1, threshold: 4, graph: 'complete' });
  for (const name of ['client_total_ms', 'server_unmask_ms', 'client_bytes_up', 'client_bytes_down']) {
    expect(figures[name]).toBeGreaterThan(0);
  }
  expect(figures.client_bytes_up).toBeGreaterThan(4000);
  const phases = Object.keys(figures.client_phase_ms as unknown as Record<string, number>);
  expect(phases).toEqual(['advertise', 'share', 'checked', 'masked', 'consistency', 'unmask']);
});

it('takes surplus noise out again as far as the survivors do without, and the rest stays in the sum', async () => {
  // n = 6, t = 5: with five survivors all of the noise is needed, with six a part of it is surplus.
  for (const drop of [0, 1]) {
    const round = { clients: 6, dimension: 2000, drop, bits: 21, completeUpTo: 100, noise: 3 };
    const { clients, server } = await measureRound(round);
    expect(clients).toHaveLength(6 - drop);
    // What the coordinator does after one message is counted once, and apart from that message.
    expect(Object.keys(server)).toEqual(expect.arrayContaining(['messages', 'unmask', 'reconstruct']));
  }
});

it('adds up vectors of several frames, packed to bits that no byte ends with', async () => {
  const dimension = FRAME_COORDINATES + 11;
  const { bytes } = await measureRound({ clients: 4, dimension, bits: 13, drop: 0, completeUpTo: 100 });
  for (const { up } of bytes) {
    expect(up).toBeGreaterThan((13 * dimension) / 8);
    expect(up).toBeLessThan((14 * dimension) / 8);
  }
});

it('refuses figures that make no round, and fails when the round does', async () => {
  await expect(benchSecagg(['--clients', 'many'])).rejects.toThrow('--clients');
  await expect(benchSecagg(['--unknown'])).rejects.toThrow('unknown');
  await expect(
    measureRound({ clients: 4, dimension: 8, bits: 32, drop: 2, completeUpTo: 100 }),
  ).rejects.toThrow('aborted');
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
});
