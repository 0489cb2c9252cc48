/**
 * One dealer's shares for one holder, sealed. The holder and, when it accuses the dealer, also the coordinator judge them
 * by the same rule: the box opens under the key that was agreed, and what is in it is what the dealer committed to.
 */
import { open } from '../crypto/aead.ts';
import { fromBase64Url } from '../crypto/bytes.ts';
import { agree, importAgreementKey } from '../crypto/x25519.ts';
import { keyShareHash, parcelAssociatedData, parcelKey, seedShareHash } from './binding.ts';
import type { RoundContext } from './context.ts';
import { blinded } from './share-check.ts';
import type { SignedParcel } from './signing.ts';

export interface Shares {
  seedShare: Uint8Array;
  keyShare: Uint8Array;
}

export interface Sealed {
  from: string;
  to: string;
  /** The dealer's key that parcels are sealed with, base64url. */
  cipherKey: string;
  /** Secret of the receiver's key for this dealer. */
  secret: Uint8Array;
  parcel: SignedParcel;
}

/** Whether a share of the seed is the one committed to, and on the polynomial that the check is about. */
export function isCheckedShare(
  context: RoundContext,
  dealer: string,
  holder: string,
  share: Uint8Array,
  { seedShareHash: committed, challenge, check }: Pick<SignedParcel, 'seedShareHash' | 'challenge' | 'check'>,
): boolean {
  const blind = blinded(fromBase64Url(check, 32), fromBase64Url(challenge, 32), share);
  return seedShareHash(context, dealer, holder, share, blind) === committed;
}

/** The shares in a parcel; null for a bad one, whatever is bad about it. */
export async function openParcel(
  context: RoundContext,
  { from, to, cipherKey, secret, parcel }: Sealed,
): Promise<Shares | null> {
  const own = await importAgreementKey(secret);
  const shared = await agree(own, fromBase64Url(cipherKey, 32)).catch(() => null);
  if (shared === null) return null;
  const associated = parcelAssociatedData(context, from, to, parcel);
  const key = parcelKey(shared, context, from, to);
  const plain = await open(key, fromBase64Url(parcel.box), associated).catch(() => null);
  if (plain?.length !== 64) return null;
  const [seedShare, keyShare] = [plain.subarray(0, 32), plain.subarray(32)];
  const good =
    keyShareHash(context, from, to, keyShare) === parcel.keyShareHash &&
    isCheckedShare(context, from, to, seedShare, parcel);
  return good ? { seedShare, keyShare } : null;
}
