/** What becomes of a workerd that dies: when it is started again, and when no more. */
import { describe, expect, it, vi } from 'vitest';
import { keepRunning } from '../../../cli/keep-running.ts';
import type { WorkerdRun } from '../../../cli/workerd-run.ts';

/** A busy machine takes its time. */
const WAIT = { timeout: 60_000 };

function lives() {
  const clock = { ms: 0 };
  const said: string[] = [];
  const pauses: number[] = [];
  const ports: number[] = [];
  const running: { die(): void; stops: number[] }[] = [];
  const start = async (port: number): Promise<WorkerdRun> => {
    ports.push(port);
    let die = () => {};
    const ended = new Promise<void>((resolve) => {
      die = resolve;
    });
    const stops: number[] = [];
    running.push({ die, stops });
    return {
      url: 'http://127.0.0.1:4711',
      tick: async () => {},
      inspector: async () => new URL('http://127.0.0.1'),
      ended,
      stop: async (drainMs) => {
        stops.push(drainMs);
        die();
      },
    };
  };
  const pause = async (ms: number) => void pauses.push(ms);
  return {
    start,
    clock,
    said,
    pauses,
    ports,
    running,
    options: { say: (line: string) => said.push(line), now: () => clock.ms, pause },
  };
}

describe('workerd', () => {
  it('is started again on its port after ever longer pauses, and at last no more', async () => {
    const { start, options, running, pauses, ports, said } = lives();
    const kept = await keepRunning(start, 0, options);
    for (let life = 0; life < 6; life++) {
      await vi.waitUntil(() => running.length === life + 1, WAIT);
      running[life]?.die();
    }
    expect((await kept.failed).message).toBe('workerd ended 6 times in a row and is not started again');
    expect(pauses).toEqual([0, 1000, 2000, 4000, 8000]);
    expect(ports).toEqual([0, 4711, 4711, 4711, 4711, 4711]);
    expect(said[0]).toBe('workerd ended; it is started again');
  });

  it('that lived for long begins anew', async () => {
    const { start, options, running, pauses, clock } = lives();
    const kept = await keepRunning(start, 0, options);
    for (let life = 0; life < 8; life++) {
      await vi.waitUntil(() => running.length === life + 1, WAIT);
      clock.ms += 61_000;
      running[life]?.die();
    }
    await vi.waitUntil(() => running.length === 9, WAIT);
    expect(pauses).toEqual(Array(8).fill(0));
    await kept.stop(5);
    expect(running[8]?.stops).toEqual([5]);
  });

  it('that was stopped stays down', async () => {
    const { start, options, running, said } = lives();
    const kept = await keepRunning(start, 8787, options);
    await kept.stop(100);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(running).toHaveLength(1);
    expect(said).toEqual([]);
  });
});
