import { expect, it } from 'vitest';
import { startSettings } from '../../../../cli/start/settings.ts';
import { project } from '../../../../shared/privacy/ledger.ts';
import { CollectionSettings } from '../../../../shared/protocol/settings.ts';
import { planNoise, policyOf } from '../../../../shared/round/noise-plan.ts';

const regions = ['apac', 'sam', 'weur', 'wnam'];

it('are the defaults of the product: nothing but where questions come from is said', () => {
  expect(startSettings(regions, true)).toEqual(CollectionSettings.parse({ regions, askersNameRegion: true }));
  expect(startSettings(regions, false)).toEqual(
    CollectionSettings.parse({ regions, askersNameRegion: true, privacy: { noise: 'off' } }),
  );
});

it('let a run and its census spend half of the budget at most', () => {
  const { privacy, retentionDays } = startSettings(regions, true);
  const { census, releases } = planNoise(privacy, retentionDays);
  const asked = { kind: 'counts' as const, samplingRate: 1, noiseMultiplier: census!, steps: 1 };
  const { epsilon } = project(policyOf(privacy, retentionDays), [], [asked, ...releases], 0);
  expect(epsilon).toBeLessThanOrEqual(privacy.epsilon / 2);
  expect(epsilon).toBeGreaterThan(0.49 * privacy.epsilon);
});
