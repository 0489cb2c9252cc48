/** Rows of the directory's table of collections, and what is read from them. */
import { fromBase64Url } from '../../shared/crypto/bytes.ts';
import { signerFromSeed } from '../../shared/crypto/ed25519.ts';
import type { Collection } from '../../shared/protocol/api/collection.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { ObjectsEnv } from '../env.ts';
import type { Subject } from './federations.ts';

export interface CollectionRow extends Record<string, SqlStorageValue> {
  name: string;
  settings: string;
  split_key: string;
  contributor_key: string;
  reindex: string | null;
  admin_seed: string;
  created_at: number;
  ready: number;
  state: 'lives' | 'leaving' | 'gone';
}

export async function subjectOf(row: CollectionRow): Promise<Subject> {
  const settings = CollectionSettings.parse(JSON.parse(row.settings));
  const own = await signerFromSeed(fromBase64Url(row.admin_seed, 32));
  return { collection: row.name, settings, own };
}

/** Settings that were stored before a field existed have its default. */
export function sameSettings(stored: string, settings: CollectionSettings): boolean {
  return JSON.stringify(CollectionSettings.parse(JSON.parse(stored))) === JSON.stringify(settings);
}

export function info(row: CollectionRow): Collection {
  return {
    name: row.name,
    settings: CollectionSettings.parse(JSON.parse(row.settings)),
    created_at: row.created_at,
  };
}

/** Settings of the collection `default`, as far as the deployment's variables have them. */
export function defaultSettings(env: ObjectsEnv): CollectionSettings {
  const { FEDCAR_REGIONS = '', FEDCAR_JURISDICTION = '' } = env;
  const regions = FEDCAR_REGIONS.split(',').map((name) => name.trim());
  const named = regions.filter((name) => name !== '');
  return CollectionSettings.parse({
    ...(named.length === 0 ? {} : { regions: named }),
    ...(FEDCAR_JURISDICTION === '' ? {} : { jurisdiction: FEDCAR_JURISDICTION }),
    // Its regions train elsewhere.
    ...(env.FEDCAR_JOIN_URL ? { regionsTrain: false, schedule: { everyHours: 0 } } : {}),
  });
}

/** Random, or made from the seed where runs must be repeatable. */
export function splitKey(seed: number | null): string {
  if (seed !== null) return `seed-${seed}`;
  return Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
