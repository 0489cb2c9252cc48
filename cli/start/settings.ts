/** Settings of the collection that `npm start` makes: the defaults that everybody has. */
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { settingsFrom } from '../settings-flags.ts';

/** Test questions are asked from where the log says that people ask: the demo names their region for them. */
export function startSettings(regions: readonly string[], noise: boolean): CollectionSettings {
  return settingsFrom([], {
    regions,
    askersNameRegion: true,
    ...(noise ? {} : { privacy: { noise: 'off' } }),
  });
}
