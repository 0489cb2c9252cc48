import { expect, it } from 'vitest';
import { withRounds } from '../../../../cli/bench/round-limit.ts';
import { settingsFrom } from '../../../../cli/settings-flags.ts';
import { planRun, trainRounds } from '../../../../shared/federated/run-plan.ts';

const phase = { train: 'adapter-and-head', rounds: 'step', passes: 2, batch: 100 };
const settings = settingsFrom([
  `training.phases=${JSON.stringify([{ train: 'head', rounds: 'local', passes: 5 }, phase])}`,
]).training;

it.each([1, 4, 5, 6, 25, 40])('makes a run of %d rounds', (rounds) => {
  const limited = withRounds(settings, rounds, 1000);
  expect(trainRounds(planRun(limited, 1000))).toBe(rounds);
});

it('drops phases that are not reached, and draws out the last one', () => {
  expect(withRounds(settings, 3, 1000).phases).toHaveLength(1);
  expect(withRounds(settings, 30, 1000).phases.map(({ passes }) => passes)).toEqual([5, 2.5]);
});
