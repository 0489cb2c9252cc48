import { expect, it } from 'vitest';
import { costOfNoise, planPrivacy } from '../../../../cli/fedcar/privacy-plan.ts';
import { project } from '../../../../shared/privacy/ledger.ts';
import { CollectionSettings } from '../../../../shared/protocol/settings.ts';
import { planNoise, policyOf } from '../../../../shared/round/noise-plan.ts';
import { fedcar } from '../../../helpers/fedcar.ts';

const settings = CollectionSettings.parse({});
const here = { cwd: import.meta.dirname };

it('says how many runs a budget allows: one more does not fit', () => {
  const plan = planPrivacy(settings);
  const { privacy, retentionDays } = settings;
  const { releases } = planNoise(privacy, retentionDays);
  const runs = (n: number) => Array.from({ length: n }, () => releases).flat();
  const fits = (n: number) => project(policyOf(privacy, retentionDays), [], runs(n), 0).fits;
  expect(fits(plan.fit)).toBe(true);
  expect(fits(plan.fit + 1)).toBe(false);
  expect(plan.runs.at(-1)).toMatchObject({ runs: plan.fit });
  expect(plan.runs[0]?.epsilon).toBeLessThanOrEqual(privacy.runEpsilon);
  expect(plan.sustainable_hours).toBe(Math.ceil((retentionDays * 24) / plan.fit));
  // Where every release reads all units the filter is exact but for the part of δ that it leaves to the others.
  for (const { epsilon, epsilon_rdp, epsilon_pld } of plan.runs) {
    expect(epsilon_rdp).toBeGreaterThan(1.05 * epsilon);
    expect(epsilon_pld).toBeLessThan(1.001 * epsilon);
    expect(epsilon_pld).toBeGreaterThan(0.99 * epsilon);
  }
});

it('has the noise for an ε and the ε of a noise agree', () => {
  const wanted = CollectionSettings.parse({ privacy: { runEpsilon: 1 } });
  const plan = planPrivacy(wanted);
  const cost = costOfNoise(wanted, plan.noise.train);
  // The counts take their share of a run; the steps alone cost less.
  expect(cost.epsilon).toBeLessThan(1);
  expect(cost.epsilon).toBeGreaterThan(0.9);
});

it('is computed without any service', async () => {
  const plan = await fedcar('privacy plan --epsilon 1 --budget 2 --steps 100 --json', here);
  expect(plan.json()).toMatchObject({ budget: 2, steps: 100, delta: 1e-5 });
  // The published figure for 200 rounds at q = 0.2 with noise multiplier 6 is ε = 2.1.
  const noise = await fedcar('privacy plan --noise 6 --steps 200 --rate 0.2 --json', here);
  expect(noise.json<{ epsilon_pld: number }>().epsilon_pld).toBeCloseTo(1.93, 1);
  const text = await fedcar('privacy plan --set retentionDays=30', here);
  expect(text.out).toMatch(/in every 30 days[\s\S]*the budget allows \d+ in a window/);
});

it('refuses flags that make no sense, and settings that do not exist, with status 2', async () => {
  expect((await fedcar('privacy plan --epsilon -1', here)).code).toBe(2);
  const ran = await fedcar('privacy plan --set privacy.epsilonn=1', here);
  expect(ran).toMatchObject({ code: 2, out: '' });
  expect(ran.err).toContain('epsilonn');
});
