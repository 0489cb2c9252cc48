import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../../../models/session/single-flight.ts';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const flight = () => new SingleFlight<object>({ pause, pollMs: 1, stallMs: 30 });

describe('one load for many callers', () => {
  it('gives all callers the value of one load', async () => {
    const shared = flight();
    let loads = 0;
    const load = async () => {
      loads += 1;
      await pause(5);
      return { loads };
    };
    const values = await Promise.all(Array.from({ length: 50 }, () => shared.get(load)));
    expect(new Set(values).size).toBe(1);
    expect(loads).toBe(1);
    expect(shared.value).toBe(values[0]);
  });

  it('passes a failure on to those who waited and loads again for the next', async () => {
    const shared = flight();
    let loads = 0;
    const failing = async () => {
      loads += 1;
      await pause(5);
      throw new Error('no such model');
    };
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => shared.get(failing)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(loads).toBe(1);
    const value = {};
    expect(await shared.get(async () => value)).toBe(value);
  });

  it('takes over from a leader that makes no progress', async () => {
    const shared = flight();
    shared.get(() => new Promise(() => {}));
    const value = {};
    let takeovers = 0;
    const load = async () => {
      takeovers += 1;
      await pause(5);
      return value;
    };
    expect(await Promise.all([shared.get(load), shared.get(load)])).toEqual([value, value]);
    expect(takeovers).toBe(1);
  });

  it('waits for a slow leader that does', async () => {
    const shared = flight();
    const value = {};
    const slow = shared.get(async (beat) => {
      for (let step = 0; step < 10; step += 1) {
        await pause(10);
        beat();
      }
      return value;
    });
    const impatient = shared.get(async () => expect.fail('took over'));
    expect(await Promise.all([slow, impatient])).toEqual([value, value]);
  });

  it('keeps the first value when a leader that was given up arrives after all', async () => {
    const shared = flight();
    let release: (value: object) => void = () => {};
    const late = shared.get(
      () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    );
    const value = {};
    expect(await shared.get(async () => value)).toBe(value);
    release({});
    expect(await late).toBe(value);
  });

  it('loads again after a drop, but not after a drop of what is no longer there', async () => {
    const shared = flight();
    const first = await shared.get(async () => ({}));
    shared.drop(first);
    expect(shared.value).toBeNull();
    const second = await shared.get(async () => ({}));
    shared.drop(first);
    expect(shared.value).toBe(second);
  });
});
