import { expect, it } from 'vitest';
import { withRounds } from '../../../../cli/bench/round-limit.ts';
import { settingsFrom } from '../../../../cli/settings-flags.ts';
import { phasesOf } from '../../../../shared/protocol/settings.ts';
import { planRun, trainRounds } from '../../../../shared/round/run-plan.ts';

const phase = { train: 'adapter-and-head', rounds: 'step', passes: 2, batch: 100 };
const phases = JSON.stringify([{ train: 'head', rounds: 'local', passes: 5 }, phase]);
const counted = { units: 1000, members: 1, activeRows: 0 };
const settings = settingsFrom(['privacy.noise=off', `training.phases=${phases}`]);

it.each([1, 4, 5, 6, 25, 40])('makes a run of %d rounds', (rounds) => {
  const limited = withRounds(settings, rounds, 1000);
  expect(trainRounds(planRun(phasesOf(limited), counted))).toBe(rounds);
});

it('cuts short and draws out phases alike', () => {
  // Five rounds, then twenty.
  expect(withRounds(settings, 2, 1000).training.phases).toMatchObject([{ passes: 0.2 }]);
  expect(withRounds(settings, 50, 1000).training.phases.map(({ passes }) => passes)).toEqual([10, 4]);
});

it('sets the steps of a run with noise', () => {
  const limited = withRounds(settingsFrom([]), 50, 1000);
  expect(trainRounds(planRun(phasesOf(limited), counted))).toBe(50);
});
