/** Settings of the collection that `npm start` makes. */
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { settingsFrom } from '../settings-flags.ts';

/**
 * Noise is off: the samples' query log is simulated, and a log of 2,400 queries is too small for training with
 * noise to be worth anything. A deployment has it on unless its operator says otherwise. Two short passes in which
 * adapter and head train together, instead of the longer default, bring the table within three minutes.
 */
export function demoSettings(regions: readonly string[]): CollectionSettings {
  const settings = settingsFrom([], { regions, privacy: { noise: 'off' } });
  const phases = settings.training.phases
    .filter((phase) => phase.train === 'adapter-and-head')
    .map((phase) => ({ ...phase, passes: 2, batch: 128 }));
  return { ...settings, training: { ...settings.training, phases } };
}
