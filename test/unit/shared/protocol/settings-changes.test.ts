import { describe, expect, it } from 'vitest';
import { CollectionSettings } from '../../../../shared/protocol/settings.ts';
import { changeProblem, patched, SettingsPatch } from '../../../../shared/protocol/settings-changes.ts';

const settings = CollectionSettings.parse({});
const change = (patch: object, spent: { epsilon: number } | null = null, before = settings) =>
  changeProblem(before, patched(before, SettingsPatch.parse(patch)), spent);

describe('a patch of settings', () => {
  it('leaves alone what it does not name, at every depth', () => {
    const patch = SettingsPatch.parse({ privacy: { training: { optimiser: { headRate: 0.5 } } } });
    expect(patch).toEqual({ privacy: { training: { optimiser: { headRate: 0.5 } } } });
    const after = patched(settings, patch);
    const expected = structuredClone(settings);
    expected.privacy.training.optimiser.headRate = 0.5;
    expect(after).toEqual(expected);
    expect(patched(settings, SettingsPatch.parse({}))).toEqual(settings);
  });

  it('replaces lists and nulls as a whole', () => {
    const phases = [{ train: 'head', passes: 2 }];
    const after = patched(settings, SettingsPatch.parse({ training: { phases, seed: null } }));
    expect(after.training.phases).toHaveLength(1);
    expect(after.training.phases[0]).toMatchObject({ train: 'head', passes: 2, rounds: 'step', batch: null });
    expect(after.training.temperature).toBe(settings.training.temperature);
  });

  it('is checked like the settings themselves', () => {
    expect(() => SettingsPatch.parse({ privcy: {} })).toThrow(/privcy/);
    expect(() => SettingsPatch.parse({ schedule: { everyHours: -1 } })).toThrow(/everyHours/);
    expect(() => SettingsPatch.parse({ gate: { margin: 'high' } })).toThrow(/margin/);
  });
});

describe('while a collection lives', () => {
  it.each([
    { schedule: { everyHours: 1 } },
    { gate: { margin: 0.1 } },
    { training: { clipNorm: 3 } },
    { privacy: { runEpsilon: 1, recordsPerContributor: 9, training: { steps: 50 } } },
    { retentionDays: 30 },
    { feedback: { recordsPerDay: 5 } },
    { privacy: { epsilon: 4, unit: 'record' }, heldOutShare: 0.1 },
  ])('%j may change', (patch) => {
    expect(change(patch, { epsilon: 1 })).toBeNull();
  });

  it.each([
    ['regions', { regions: ['weur'] }],
    ['jurisdiction', { jurisdiction: 'eu' }],
    ['adapter', { adapter: { kind: 'none' } }],
    ['heldOutShare', { heldOutShare: 0.2 }],
    ['privacy.unit', { privacy: { unit: 'contributor' } }],
    ['privacy.noise', { privacy: { noise: 'off' } }],
    ['privacy.aggregation', { privacy: { aggregation: 'plain' } }],
    ['privacy.threshold', { privacy: { threshold: 4 } }],
    ['privacy.colluders', { privacy: { colluders: 0 } }],
    ['privacy.completeUpTo', { privacy: { completeUpTo: 2 } }],
  ])('%s may not', (field, patch) => {
    expect(change(patch)).toMatch(`settings.${field}: fixed for the life of a collection`);
  });

  it('the budget may be anything before the first charge, and only shrinks after it, to what is spent', () => {
    const epsilon = (value: number) => ({ privacy: { epsilon: value } });
    expect(change(epsilon(9))).toBeNull();
    expect(change(epsilon(9), { epsilon: 1 })).toBe(
      'settings.privacy.epsilon: at most the 4 promised before, got 9',
    );
    expect(change(epsilon(2), { epsilon: 1 })).toBeNull();
    expect(change(epsilon(0.5), { epsilon: 1 })).toBe(
      'settings.privacy.epsilon: at least the 1.000 spent already, got 0.5',
    );
    expect(change({ privacy: { delta: 1e-6 } })).toBeNull();
    expect(change({ privacy: { delta: 1e-6 } }, { epsilon: 1 })).toBe(
      'settings.privacy.delta: fixed since the first charge, at 0.00001',
    );
  });
});
