/** Settings of the collection that `npm start` makes. */
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { settingsFrom } from '../settings-flags.ts';

/**
 * With noise: the head alone, in twelve rounds over all questions, within ε = 4, from embeddings that are made once. The
 * four regions are all there, so a sum needs all of them, and each adds a third of the noise that is charged. The log
 * is a small one, so the noise adds up to less than by default, and rows that never learned need help against those that
 * did. Found by measurement on the samples.
 */
export function noisedSettings(regions: readonly string[]): CollectionSettings {
  const settings = settingsFrom([], { regions });
  const { privacy } = settings;
  const training = {
    ...privacy.training,
    steps: 12,
    averageLast: 0.5,
    margin: -0.1,
    inactiveOffset: 0.08,
    optimiser: { ...privacy.training.optimiser, rowNoise: 0.4 },
  };
  return {
    ...settings,
    adapter: { kind: 'none' },
    heldOutShare: 0.05,
    privacy: { ...privacy, epsilon: 4, runEpsilon: 4, censusEpsilon: 0, threshold: regions.length, training },
  };
}

/**
 * Without noise: adapter and head train together for one pass only, so that the table is there within three minutes;
 * after so little training, rows that never learned need no help against those that did.
 */
export function plainSettings(regions: readonly string[]): CollectionSettings {
  const settings = settingsFrom([], { regions, privacy: { noise: 'off' } });
  const phases = settings.training.phases.map((phase) =>
    phase.train === 'head' ? phase : { ...phase, passes: Math.min(phase.passes, 1) },
  );
  return { ...settings, training: { ...settings.training, phases, inactiveOffset: 0 } };
}
