/**
 * How a separate operator becomes a participant: an invitation that works once, the terms that the collection's admin key
 * signed, an enrolment with a key made by the participant that names them, the roster that the admin key signs.
 */
import { z } from 'zod';
import { Bytes32, Signature } from './byte-strings.ts';
import { CollectionName, RegionName, Sha256Hex } from './names.ts';
import { PrivacySettings } from './privacy-settings.ts';
import { type AnySignedRoster, MEMBER_ID } from './secagg.ts';
import { AdapterSettings } from './training-settings.ts';

/** Names of participants from outside follow the rules for regions and for members: they all share one roster. */
export const ParticipantName = RegionName.regex(MEMBER_ID, 'is no name of a member');

/**
 * `fci2.COLLECTION.NAME.ADMINKEY.TERMS.SECRET`: bound to a collection, a name and the hash of the terms. It carries the
 * admin key, so that whoever got it from the admin pins the right one without trusting the service. Earlier releases
 * made `fci1`, which names no terms: there the admin key's signature alone says that they are the admin's.
 */
export const Invitation = z
  .string()
  .regex(
    /^fci[12]\.[a-z0-9][a-z0-9-]{0,62}\.[a-z0-9][a-z0-9-]{0,31}(\.[A-Za-z0-9_-]{43}){2,3}$/,
    'an invitation (fci2.…)',
  )
  .refine((text) => text.split('.').length === (text.startsWith('fci1.') ? 5 : 6), 'an invitation (fci2.…)');

export interface InvitationParts {
  collection: string;
  name: string;
  /** Base64url. */
  adminKey: string;
  /** Hash of the terms, base64url; null where an earlier release made the invitation. */
  terms: string | null;
  secret: string;
}

export function spellInvitation({ collection, name, adminKey, terms, secret }: InvitationParts): string {
  const parts =
    terms === null ? ['fci1', collection, name, adminKey] : ['fci2', collection, name, adminKey, terms];
  return Invitation.parse([...parts, secret].join('.'));
}

/** @throws ZodError for anything that is not an invitation */
export function readInvitation(text: string): InvitationParts {
  const [form, collection, name, adminKey, ...rest] = Invitation.parse(text).split('.') as string[];
  const [terms, secret] = form === 'fci1' ? [null, rest[0]] : rest;
  return { collection, name, adminKey, terms, secret } as InvitationParts;
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

const COLLECTION = CollectionName.describe('Name of the collection');
const MODEL = z
  .strictObject({
    name: z.string().max(200).describe('Name of the encoder'),
    sha256: Sha256Hex.describe('SHA-256 of its manifest, hexadecimal'),
  })
  .describe('The encoder');
const TERMS = Terms.describe('What rounds may ask of the participant');

/** What the admin key signs before anybody is invited. */
export const TermsDocument = z.strictObject({
  version: z.literal(1).describe('Version of the form'),
  collection: COLLECTION,
  model: MODEL,
  terms: TERMS,
  ownMembers: z
    .int()
    .min(0)
    .describe('Members that the deployment itself has: its regions, or none where they do not train'),
});
export type TermsDocument = z.infer<typeof TermsDocument>;

/** The text counts, to the letter: what it says may gain fields with defaults, and its hash must not change. */
export const SignedTerms = z.strictObject({
  document: z.string().max(65_536).describe('The terms as JSON text: what is signed, to the letter'),
  signature: Signature.describe('By the collection’s admin key, base64url'),
});
export type SignedTerms = z.infer<typeof SignedTerms>;

/** What a participant keeps of its enrolment. */
export const Agreement = z.strictObject({
  collection: COLLECTION,
  name: ParticipantName.describe('Name of the participant'),
  admin_key: Bytes32.describe('The collection’s Ed25519 admin key, base64url: whose rosters are believed'),
  model: MODEL,
  terms: TERMS,
  signed: SignedTerms.optional().describe(
    'What was signed; absent where it was agreed to in an earlier release',
  ),
});
export type Agreement = z.infer<typeof Agreement>;

const byInvitation = {
  invitation: Invitation.describe('What the collection’s operator handed over'),
  key: Bytes32.describe('The participant’s Ed25519 key, base64url; it signs this request'),
};

/** Asks for the terms that an invitation is good for, and uses nothing up. */
export const TermsRequest = z.strictObject(byInvitation);
export type TermsRequest = z.infer<typeof TermsRequest>;

/** Signed with the key that it names. A repeat with the same key gets the same answer. */
export const Enrolment = z.strictObject({
  ...byInvitation,
  terms: Bytes32.describe('Hash of the terms that the participant takes, base64url'),
});
export type Enrolment = z.infer<typeof Enrolment>;

export const Enrolled = z.strictObject({
  collection: COLLECTION,
  name: ParticipantName.describe('Name of the participant'),
});
export type Enrolled = z.infer<typeof Enrolled>;

/** What the coordinator is told of its participants. */
export interface Federation {
  /** Grows with every change: what is older than known is old news. */
  revision: number;
  /** Oldest first; the last one is in force. Empty where sums are plain. */
  rosters: AnySignedRoster[];
  /** Who speaks over HTTP, with the keys (base64url) that sign their requests. */
  outside: { name: string; key: string }[];
  /** The Ed25519 key, base64url, that the rosters are signed with; absent where an earlier version wrote it. */
  adminKey?: string;
  /** Why no run may start; null when one may. */
  problem: string | null;
}
