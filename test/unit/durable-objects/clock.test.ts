/** The objects' clock moves ahead by the cron handler's times where a bench asks for it, and nowhere else. */
import { afterEach, expect, it, vi } from 'vitest';
import { ObjectsClock } from '../../../durable-objects/clock.ts';

const HOUR = 3_600_000;

afterEach(() => void vi.useRealTimers());

it.each([
  ['production', 'cron'],
  ['development', undefined],
  [undefined, 'cron'],
] as const)('stays with the platform in %s with FEDCAR_CLOCK = %s', (environment, mode) => {
  vi.useFakeTimers();
  const clock = new ObjectsClock();
  const env = {
    ...(environment === undefined ? {} : { FEDCAR_ENVIRONMENT: environment }),
    ...(mode === undefined ? {} : { FEDCAR_CLOCK: mode }),
  };
  clock.followCron(env, Date.now() + HOUR);
  expect(clock.now()).toBe(Date.now());
});

it('is ahead by what the cron handler said, never goes back, and alarms stay with the platform', () => {
  vi.useFakeTimers();
  const clock = new ObjectsClock();
  const env = { FEDCAR_ENVIRONMENT: 'development', FEDCAR_CLOCK: 'cron' };
  const began = Date.now();
  clock.followCron(env, began + HOUR);
  expect(clock.now()).toBe(began + HOUR);
  vi.advanceTimersByTime(1000);
  clock.followCron(env, began);
  expect(clock.now()).toBe(began + HOUR + 1000);
  expect(clock.toPlatform(clock.now() + 5)).toBe(Date.now() + 5);
  expect(clock.fromPlatform(Date.now())).toBe(clock.now());
});
