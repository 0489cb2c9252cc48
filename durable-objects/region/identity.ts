/** Who a region is: told by the directory, and kept by the object; and what its settings say of its records. */
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { unitKey } from './records.ts';
import type { ShardPolicy } from './shard.ts';

const DAY_MS = 86_400_000;

export interface Identity {
  collection: string;
  name: string;
  settings: CollectionSettings;
  /** Keys the choice of held-out records. */
  splitKey: string;
  /** Keys what contributors are called here, base64url. */
  contributorKey: string;
  /** The collection's Ed25519 admin key, base64url: whom rosters are believed. */
  adminKey: string;
  /** Seed of this participant's own Ed25519 key, base64url. It never leaves the object. */
  seed: string;
}

export function shardPolicyOf({ name, settings, splitKey }: Identity): ShardPolicy {
  const { unit, recordsPerContributor } = settings.privacy;
  const home = { region: name, regions: settings.regions, key: unitKey(splitKey) };
  return { unit, recordsPerContributor, home, retentionMs: settings.retentionDays * DAY_MS };
}
