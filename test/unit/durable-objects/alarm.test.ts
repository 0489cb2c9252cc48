import { expect, it } from 'vitest';
import { Alarm } from '../../../durable-objects/alarm.ts';

/** Storage whose every call takes a turn of the event loop, with what was set. */
function storage(set: number | null = null) {
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  const state = { set };
  const calls = {
    async getAlarm() {
      const { set } = state;
      await turn();
      return set;
    },
    async setAlarm(at: number | Date) {
      await turn();
      state.set = Number(at);
    },
  };
  return { state, alarm: new Alarm(calls) };
}

it('is the soonest that was asked for, whoever looked first', async () => {
  const { state, alarm } = storage();
  await Promise.all([alarm.by(900), alarm.by(5), alarm.by(700)]);
  expect(state.set).toBe(5);
});

it('is not put off by who looked before it was set', async () => {
  const { state, alarm } = storage();
  await Promise.all([alarm.by(900), alarm.at(5)]);
  expect(state.set).toBe(5);
  await Promise.all([alarm.at(7), alarm.by(900)]);
  expect(state.set).toBe(7);
});

it('goes on after a call that failed', async () => {
  const set: number[] = [];
  const alarm = new Alarm({
    getAlarm: () => Promise.reject(new Error('storage')),
    setAlarm: async (at) => void set.push(Number(at)),
  });
  await expect(alarm.by(1)).rejects.toThrow('storage');
  await alarm.at(2);
  expect(set).toEqual([2]);
});
