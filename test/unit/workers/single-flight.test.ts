import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../../workers/single-flight.ts';

/** A clock that advances with every wait, as a Worker's does with I/O. */
function clocked(patienceMs = 1000) {
  let time = 0;
  const now = () => time;
  const wait = async (ms: number) => {
    time += ms;
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { flights: new SingleFlight({ now, wait, patienceMs }), advance: (ms: number) => (time += ms) };
}

describe('one job for many requests', () => {
  it('runs once and hands its result to everybody', async () => {
    const { flights } = clocked(1e9);
    let made: string | undefined;
    let runs = 0;
    const ask = () =>
      flights.run(
        'k',
        () => made,
        async () => {
          runs += 1;
          await new Promise((resolve) => setTimeout(resolve, 5));
          made = 'done';
          return made;
        },
      );
    expect(await Promise.all(Array.from({ length: 50 }, ask))).toEqual(Array(50).fill('done'));
    expect(runs).toBe(1);
  });

  it('fails those who wait with the job, and lets a later one try again', async () => {
    const { flights } = clocked();
    let runs = 0;
    const ask = () =>
      flights.run<string>(
        'k',
        () => undefined,
        async () => {
          runs += 1;
          await Promise.resolve();
          throw new Error(`attempt ${runs}`);
        },
      );
    const results = await Promise.allSettled([ask(), ask(), ask()]);
    expect(results.map((r) => (r.status === 'rejected' ? r.reason.message : ''))).toEqual(
      Array(3).fill('attempt 1'),
    );
    await expect(ask()).rejects.toThrow('attempt 2');
  });

  it('takes over a job whose client left', async () => {
    const { flights } = clocked(100);
    void flights.run(
      'k',
      () => undefined,
      () => new Promise<string>(() => {}),
    );
    expect(flights.busy('k')).toBe(true);
    const second = flights.run(
      'k',
      () => undefined,
      async () => 'second',
    );
    expect(await second).toBe('second');
    expect(flights.busy('k')).toBe(false);
  });

  it('does not take over a job that shows progress', async () => {
    const { flights, advance } = clocked(100);
    let touch = () => {};
    void flights.run(
      'k',
      () => undefined,
      (flight) => {
        touch = flight.touch;
        return new Promise<string>(() => {});
      },
    );
    advance(90);
    touch();
    advance(90);
    expect(flights.busy('k')).toBe(true);
    advance(20);
    expect(flights.busy('k')).toBe(false);
  });
});
