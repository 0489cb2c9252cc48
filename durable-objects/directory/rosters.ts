/** The first roster of a collection whose regions all belong to one operator, and what settings must fit for it. */
import type { Signer } from '../../shared/crypto/ed25519.ts';
import { planNoise } from '../../shared/federated/noise-plan.ts';
import { isSecure } from '../../shared/federated/refusals.ts';
import type { Roster, SignedRoster } from '../../shared/protocol/secagg.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { ProtocolError } from '../../shared/secagg/errors.ts';
import { checkRoster, defaultThreshold, signRoster } from '../../shared/secagg/roster.ts';

interface Member {
  id: string;
  key: string;
}

function draftOf(collection: string, settings: CollectionSettings, members: readonly Member[]): Roster {
  const { threshold, colluders } = settings.privacy;
  return {
    collection,
    epoch: 0,
    previous: null,
    members: [...members].sort((a, b) => (a.id < b.id ? -1 : 1)),
    threshold: threshold ?? defaultThreshold(members.length),
    colluders,
  };
}

/** Null where sums are plain: by the settings, or because one region alone has nobody to hide among. */
export async function rosterOf(
  collection: string,
  settings: CollectionSettings,
  members: readonly Member[],
  admin: Signer,
): Promise<SignedRoster | null> {
  return isSecure(settings) ? signRoster(draftOf(collection, settings, members), admin) : null;
}

/** Why no collection can have these settings although each of them is well formed; null when one can. */
export function settingsProblem(settings: CollectionSettings): string | null {
  const { regions, privacy, retentionDays } = settings;
  const twice = regions.find((name, index) => regions.indexOf(name) !== index);
  if (twice !== undefined) return `regions: ${twice} is there twice`;
  try {
    if (isSecure(settings)) {
      checkRoster(
        draftOf(
          'any',
          settings,
          regions.map((id) => ({ id, key: id })),
        ),
      );
    }
    if (privacy.noise === 'on') planNoise(privacy, retentionDays);
    return null;
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof RangeError) return `privacy: ${error.message}`;
    throw error;
  }
}
