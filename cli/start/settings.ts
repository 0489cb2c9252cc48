/** Settings of the collection that `npm start` makes. */
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { settingsFrom } from '../settings-flags.ts';

/**
 * Noise is off: the samples' query log is simulated, and a log of 3,000 queries is too small for training with
 * noise to be worth anything. A deployment has it on unless its operator says otherwise.
 */
export function demoSettings(regions: readonly string[]): CollectionSettings {
  return settingsFrom([], { regions, privacy: { noise: 'off' } });
}
