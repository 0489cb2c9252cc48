import { expect, it } from 'vitest';
import { noisedSettings, plainSettings } from '../../../../cli/start/settings.ts';
import { project } from '../../../../shared/privacy/ledger.ts';
import { CollectionSettings, phasesOf } from '../../../../shared/protocol/settings.ts';
import { planNoise, policyOf } from '../../../../shared/round/noise-plan.ts';

const REGIONS = ['apac', 'sam', 'weur', 'wnam'];

it('trains with noise within ε = 4, the head alone, in rounds that need all regions', () => {
  const settings = noisedSettings(REGIONS);
  expect(CollectionSettings.parse(settings)).toEqual(settings);
  expect(settings.privacy).toMatchObject({ aggregation: 'secure', noise: 'on', epsilon: 4, threshold: 4 });
  expect(phasesOf(settings)).toMatchObject([{ train: 'head', passes: 12 }]);
  const { releases } = planNoise(settings.privacy, settings.retentionDays);
  const { epsilon } = project(policyOf(settings.privacy, settings.retentionDays), [], releases, 0);
  expect(epsilon).toBeLessThanOrEqual(4);
  expect(epsilon).toBeGreaterThan(3.99);
});

it('trains adapter and head where noise is off, the adapter for one pass', () => {
  const settings = plainSettings(REGIONS);
  expect(CollectionSettings.parse(settings)).toEqual(settings);
  expect(settings.privacy).toMatchObject({ aggregation: 'secure', noise: 'off' });
  expect(phasesOf(settings)[0]).toMatchObject({ train: 'adapter-and-head', passes: 1 });
});
