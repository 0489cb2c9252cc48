/** Who trains in a collection, and the rosters that say so: what an operator is shown and sends. */
import { z } from 'zod';
import { Bytes32 } from '../byte-strings.ts';
import { ParticipantName } from '../enrolment.ts';
import { Sha256Hex } from '../names.ts';
import { AnySignedRoster, Roster } from '../secagg.ts';

export const ParticipantFault = z.strictObject({
  at: z.number().describe('When, milliseconds since 1970'),
  round: z.string().describe('In which round'),
  detail: z.string().describe('What it did, as far as it was proved or seen'),
});
export type ParticipantFault = z.infer<typeof ParticipantFault>;

export const Participant = z.strictObject({
  name: z.string().describe('Name of a region, or of a separate operator'),
  kind: z.enum(['region', 'outside']).describe('`outside`: a separate operator, over HTTP'),
  state: z
    .enum(['invited', 'enrolled', 'member', 'leaving'])
    .describe(
      '`invited`: no key yet. `enrolled`: has a key and waits for a signed roster. `member`: in the roster in force. `leaving`: left or removed, and the roster that says so is not signed yet; it is asked for nothing',
    ),
  fingerprint: z.string().nullable().describe('Of its key, to compare over the phone; null before it enrols'),
  expires_at: z
    .number()
    .nullable()
    .describe('When its invitation expires, milliseconds since 1970; null where it has none'),
  last_seen_at: z
    .number()
    .nullable()
    .describe('When it last spoke, milliseconds since 1970; null where that is not known'),
  fault: ParticipantFault.nullable().describe(
    'What it did wrong last in a secure sum, for which it was left out of the rest of that run; null where nothing is known',
  ),
});
export type Participant = z.infer<typeof Participant>;

export const Participants = z
  .strictObject({ participants: z.array(Participant).describe('In order of their names') })
  .meta({ id: 'Participants', description: 'Who takes part, who is invited, who leaves' });
export type Participants = z.infer<typeof Participants>;

export const InvitationRequest = z
  .strictObject({
    name: ParticipantName.describe('Name of the new participant'),
    expires_hours: z.number().gt(0).max(720).default(72).describe('Hours until the invitation expires'),
  })
  .meta({ id: 'InvitationRequest', description: 'Who is invited' });
export type InvitationRequest = z.infer<typeof InvitationRequest>;

export const IssuedInvitation = z
  .strictObject({
    invitation: z.string().describe('Good once. Shown this once: the deployment keeps its hash'),
    name: ParticipantName.describe('Who is invited'),
    expires_at: z.number().describe('When it expires, milliseconds since 1970'),
  })
  .meta({ id: 'Invitation', description: 'An invitation' });
export type IssuedInvitation = z.infer<typeof IssuedInvitation>;

export const Rosters = z
  .strictObject({
    signed_by: z
      .enum(['deployment', 'outside'])
      .describe('Who signs rosters: the deployment, or the holder of a key that it does not have'),
    admin_key: Bytes32.describe('Ed25519 key whose rosters are believed, base64url'),
    admin_fingerprint: z.string().describe('Its fingerprint, to compare over the phone'),
    current: AnySignedRoster.nullable().describe(
      'The roster in force; null where sums are plain, or before the first is signed. One in an earlier form waits for a successor',
    ),
    current_hash: Sha256Hex.nullable().describe('SHA-256 of the roster in force; null where there is none'),
    draft: Roster.nullable().describe('What waits for a signature by `signing_key`; null when nothing does'),
    signing_key: Bytes32.describe('Ed25519 key that is to sign the next roster, base64url'),
    terms: z
      .strictObject({
        document: z.string().describe('What participants are asked to agree to, as JSON text'),
        hash: Bytes32.describe('Its hash, base64url, as invitations name it'),
        signed: z
          .boolean()
          .describe('Whether it bears, or will with the next invitation, the signature of `signing_key`'),
      })
      .describe('The terms as they stand: nobody can be invited before they are signed'),
    problem: z
      .string()
      .nullable()
      .describe('Why there is no roster to train under; null when there is one or none is needed'),
  })
  .meta({ id: 'RosterInfo', description: 'The roster in force, and the draft that waits for a signature' });
export type Rosters = z.infer<typeof Rosters>;

export const AdminKey = z
  .strictObject({ key: Bytes32.describe('Ed25519 key of the holder, base64url') })
  .meta({ id: 'AdminKey', description: 'The key that is to sign rosters' });
export type AdminKey = z.infer<typeof AdminKey>;
