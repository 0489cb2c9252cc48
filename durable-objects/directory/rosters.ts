/** The first roster of a collection whose regions all belong to one operator. */
import type { Signer } from '../../shared/crypto/ed25519.ts';
import type { SignedRoster } from '../../shared/protocol/secagg.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { defaultThreshold, signRoster } from '../../shared/secagg/roster.ts';

/**
 * Null where sums are plain: by the settings, or because one region alone has nobody to hide among.
 * @throws ProtocolError when threshold and colluders do not fit the number of regions
 */
export async function rosterOf(
  collection: string,
  settings: CollectionSettings,
  members: readonly { id: string; key: string }[],
  admin: Signer,
): Promise<SignedRoster | null> {
  const { aggregation, threshold, colluders } = settings.privacy;
  if (aggregation === 'plain' || members.length < 2) return null;
  return signRoster(
    {
      collection,
      epoch: 0,
      previous: null,
      members: [...members].sort((a, b) => (a.id < b.id ? -1 : 1)),
      threshold: threshold ?? defaultThreshold(members.length),
      colluders,
    },
    admin,
  );
}
