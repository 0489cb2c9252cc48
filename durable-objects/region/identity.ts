/** Who a region is: told by the directory, and kept by the object. */
import type { CollectionSettings } from '../../shared/protocol/settings.ts';

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
