/** Settings of the collection that `npm start` makes. */
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { settingsFrom } from '../settings-flags.ts';

/**
 * Noise is off: the samples' query log is simulated, and a log of 2,400 queries is too small for training with
 * noise to be worth anything. A deployment has it on unless its operator says otherwise. Adapter and head train
 * together for one pass only, so that the table is there within three minutes; after so little training, rows that
 * never learned need no help against those that did.
 */
export function demoSettings(regions: readonly string[]): CollectionSettings {
  const settings = settingsFrom([], { regions, privacy: { noise: 'off' } });
  const phases = settings.training.phases.map((phase) =>
    phase.train === 'head' ? phase : { ...phase, passes: Math.min(phase.passes, 1) },
  );
  return { ...settings, training: { ...settings.training, phases, inactiveOffset: 0 } };
}
