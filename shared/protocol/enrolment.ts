/**
 * How a separate operator becomes a participant: an invitation that works once, an enrolment with a key made by the
 * participant, the terms that it agrees to, the roster that the collection's admin key signs.
 */
import { z } from 'zod';
import { CollectionName, RegionName, Sha256Hex } from './names.ts';
import { AnySignedRoster, Bytes32, Roster } from './secagg.ts';
import { AdapterSettings, PrivacySettings } from './settings.ts';

/** Names of participants from outside follow the rule for regions: the two share one roster. */
export const ParticipantName = RegionName;

export const InvitationRequest = z.strictObject({
  name: ParticipantName,
  /** Hours until the invitation expires. */
  expires_hours: z.number().gt(0).max(720).default(72),
});
export type InvitationRequest = z.infer<typeof InvitationRequest>;

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
  adapter: AdapterSettings,
  privacy: PrivacySettings,
  heldOutShare: z.number().min(0).max(0.5),
  retentionDays: z.int().min(1).max(3650),
});
export type Terms = z.infer<typeof Terms>;

/** What a participant keeps of its enrolment. */
export const Agreement = z.strictObject({
  collection: CollectionName,
  name: ParticipantName,
  /** The collection's Ed25519 admin key: whom rosters are believed. */
  admin_key: Bytes32,
  /** The encoder, by its manifest's hash. */
  model: z.strictObject({ name: z.string().max(200), sha256: Sha256Hex }),
  terms: Terms,
});
export type Agreement = z.infer<typeof Agreement>;

/** Signed with the key that it names. A repeat with the same key gets the same answer. */
export const Enrolment = z.strictObject({ invitation: Invitation, key: Bytes32 });
export type Enrolment = z.infer<typeof Enrolment>;

export const ParticipantInfo = z.strictObject({
  name: z.string(),
  kind: z.enum(['region', 'outside']),
  /**
   * `invited`: no key yet. `enrolled`: has a key and waits for a signed roster. `member`: in the roster in force.
   * `leaving`: left or removed, and the roster that says so is not signed yet; it is asked for nothing.
   */
  state: z.enum(['invited', 'enrolled', 'member', 'leaving']),
  /** Of its key; null before it enrols. */
  fingerprint: z.string().nullable(),
  /** Milliseconds since 1970; when the invitation expires, and when it last spoke. */
  expires_at: z.number().nullable(),
  last_seen_at: z.number().nullable(),
});
export type ParticipantInfo = z.infer<typeof ParticipantInfo>;

export const RosterInfo = z.strictObject({
  /** Who signs rosters: the deployment, or the holder of a key that it does not have. */
  signed_by: z.enum(['deployment', 'outside']),
  admin_key: Bytes32,
  admin_fingerprint: z.string(),
  /** Null where sums are plain, or before the first is signed. One in an earlier form waits for a successor. */
  current: AnySignedRoster.nullable(),
  current_hash: Sha256Hex.nullable(),
  /** What waits for a signature by `signing_key`; null when nothing does. */
  draft: Roster.nullable(),
  signing_key: Bytes32,
  /** Why there is no roster to train under; null when there is one or none is needed. */
  problem: z.string().nullable(),
});
export type RosterInfo = z.infer<typeof RosterInfo>;

export const AdminKey = z.strictObject({ key: Bytes32 });

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
