import { describe, expect, it } from 'vitest';
import { CollectionSettings } from '../../../../shared/protocol/settings.ts';
import { settingsConflicts } from '../../../../shared/protocol/settings-conflicts.ts';

const conflicts = (input: object) => settingsConflicts(CollectionSettings.parse(input));
const plain = { noise: 'off' };
const phase = (train: string, optimiser: object) => ({ phases: [{ train, passes: 1, optimiser }] });
const noised = (train: string, optimiser: object) => ({ privacy: { training: { train, optimiser } } });

describe('settings that contradict each other', () => {
  it.each<[object, string]>([
    [
      { training: { activeThreshold: 3, inactiveThreshold: 3 } },
      'training.inactiveThreshold: 3 is not below training.activeThreshold, 3',
    ],
    [
      { training: { inactiveThreshold: 2 } },
      'training.inactiveThreshold: 2 is not below training.activeThreshold, 1',
    ],
    [
      { feedback: { recordsPerContributor: 100 } },
      'feedback.recordsPerDay: 200 is above feedback.recordsPerContributor, 100',
    ],
    [
      { privacy: plain, training: { phases: [{ train: 'head', passes: 0 }] } },
      'training.phases: passes is 0 in each of them',
    ],
    [
      { privacy: plain, training: phase('head', { headRate: 0 }) },
      'training.phases.0.optimiser.headRate: 0 keeps the head where it is while training.phases.0.train is head',
    ],
    [
      { privacy: plain, training: phase('adapter-and-head', { adapterRate: 0 }) },
      'training.phases.0.optimiser.adapterRate: 0 keeps the adapter where it is',
    ],
    [
      noised('adapter-and-head', { adapterRate: 0 }),
      'privacy.training.optimiser.adapterRate: 0 keeps the adapter where it is while privacy.training.train is adapter-and-head',
    ],
    [noised('head', { headRate: 0 }), 'privacy.training.optimiser.headRate: 0 keeps the head where it is'],
  ])('%j', (input, said) => {
    expect(conflicts(input)).toEqual([expect.stringContaining(said)]);
  });

  it.each<object>([
    {},
    { privacy: plain },
    { adapter: { kind: 'none' } },
    { adapter: { kind: 'none' }, privacy: plain },
    { adapter: { kind: 'none' }, privacy: plain, training: phase('adapter-and-head', { adapterRate: 0 }) },
    // The adapter alone learns.
    { privacy: plain, training: phase('adapter-and-head', { headRate: 0 }) },
    // Phases say nothing where there is noise.
    { training: phase('head', { headRate: 0 }) },
    { training: { activeThreshold: 1.5, inactiveThreshold: 1 } },
  ])('are none of %j', (input) => {
    expect(conflicts(input)).toEqual([]);
  });
});
