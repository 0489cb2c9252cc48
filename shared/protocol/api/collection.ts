/** Collections: separate tenants, each with its own coordinator, regions, settings and versions. */
import { z } from 'zod';
import { CollectionName } from '../names.ts';
import { CollectionSettings } from '../settings.ts';
import { SettingsPatch } from '../settings-changes.ts';

const NAME = CollectionName.describe('Name of the collection');

export const Collection = z
  .strictObject({
    name: NAME,
    settings: CollectionSettings,
    created_at: z.number().describe('When it was made, milliseconds since 1970'),
  })
  .meta({ id: 'Collection', description: 'A collection and its settings' });
export type Collection = z.infer<typeof Collection>;

export const CollectionList = z
  .strictObject({ collections: z.array(Collection).describe('In order of their names') })
  .meta({ id: 'Collections', description: 'All collections' });
export type CollectionList = z.infer<typeof CollectionList>;

export const CollectionCreation = z
  .strictObject({
    name: NAME,
    settings: CollectionSettings.prefault({}),
  })
  .meta({ id: 'CollectionCreation', description: 'A new collection' });
export type CollectionCreation = z.infer<typeof CollectionCreation>;

export const CollectionChange = z
  .strictObject({ settings: SettingsPatch })
  .meta({ id: 'CollectionChange', description: 'Settings that are to be changed' });
export type CollectionChange = z.infer<typeof CollectionChange>;
