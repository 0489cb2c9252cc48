/**
 * How a separate operator becomes a participant: an invitation that works once, an enrolment with a key made by the
 * participant, the terms that it agrees to, the roster that the collection's admin key signs.
 */
import { z } from 'zod';
import { CollectionName, RegionName, Sha256Hex } from './names.ts';
import { PrivacySettings } from './privacy-settings.ts';
import { type AnySignedRoster, Bytes32, MEMBER_ID } from './secagg.ts';
import { AdapterSettings } from './training-settings.ts';

/** Names of participants from outside follow the rules for regions and for members: they all share one roster. */
export const ParticipantName = RegionName.regex(MEMBER_ID, 'is no name of a member');

/**
 * `fci1.COLLECTION.NAME.ADMINKEY.SECRET`: bound to a collection and a name. It carries the admin key, so that whoever
 * got it from the admin pins the right one without trusting the service.
 */
export const Invitation = z
  .string()
  .regex(
    /^fci1\.[a-z0-9][a-z0-9-]{0,62}\.[a-z0-9][a-z0-9-]{0,31}\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/,
    'an invitation (fci1.…)',
  );

export interface InvitationParts {
  collection: string;
  name: string;
  /** Base64url. */
  adminKey: string;
  secret: string;
}

export function spellInvitation({ collection, name, adminKey, secret }: InvitationParts): string {
  return Invitation.parse(['fci1', collection, name, adminKey, secret].join('.'));
}

/** @throws ZodError for anything that is not an invitation */
export function readInvitation(text: string): InvitationParts {
  const [, collection, name, adminKey, secret] = Invitation.parse(text).split('.') as string[];
  return { collection, name, adminKey, secret } as InvitationParts;
}

/** What rounds may ask of a participant: fixed at enrolment, and every round is held against it. */
export const Terms = z.strictObject({
  adapter: AdapterSettings.describe('Shape of the adapter'),
  privacy: PrivacySettings.describe('What is promised, and how'),
  heldOutShare: z
    .number()
    .min(0)
    .max(0.5)
    .describe('Share of the units that never train and judge the result'),
  retentionDays: z.int().min(1).max(3650).describe('Query records older than this many days are deleted'),
});
export type Terms = z.infer<typeof Terms>;

/** What a participant keeps of its enrolment. */
export const Agreement = z.strictObject({
  collection: CollectionName.describe('Name of the collection'),
  name: ParticipantName.describe('Name of the participant'),
  admin_key: Bytes32.describe('The collection’s Ed25519 admin key, base64url: whose rosters are believed'),
  model: z
    .strictObject({
      name: z.string().max(200).describe('Name of the encoder'),
      sha256: Sha256Hex.describe('SHA-256 of its manifest, hexadecimal'),
    })
    .describe('The encoder'),
  terms: Terms.describe('What rounds may ask of the participant'),
});
export type Agreement = z.infer<typeof Agreement>;

/** Signed with the key that it names. A repeat with the same key gets the same answer. */
export const Enrolment = z.strictObject({
  invitation: Invitation.describe('What the collection’s operator handed over'),
  key: Bytes32.describe('The participant’s Ed25519 key, base64url; it signs this request'),
});
export type Enrolment = z.infer<typeof Enrolment>;

/** What the coordinator is told of its participants. */
export interface Federation {
  /** Grows with every change: what is older than known is old news. */
  revision: number;
  /** Oldest first; the last one is in force. Empty where sums are plain. */
  rosters: AnySignedRoster[];
  /** Who speaks over HTTP, with the keys (base64url) that sign their requests. */
  outside: { name: string; key: string }[];
  /** Why no run may start; null when one may. */
  problem: string | null;
}
