/**
 * Messages of a secure aggregation round: control as JSON, vectors as binary frames (shared/secagg/frames.ts).
 * Every message of a participant is signed with its registered key and names the hash of the round's parameters.
 * There is no field for a count, a loss or a norm: those are coordinates of the masked vector.
 */
import { z } from 'zod';
import { Bytes32, SealedShares, Signature } from './byte-strings.ts';
import { CollectionName, Sha256Hex } from './names.ts';

/** Of the rounds' messages. Rosters have a version of their own, for they are kept: see `ROSTER_VERSION`. */
export const SECAGG_PROTOCOL = 'fedcar-secagg/4';

/** Roster positions plus one are points of GF(2¹⁶); JSON lists keep well below that. */
export const MAX_MEMBERS = 4096;

/** A member's noise has so many parts at most that can be taken out again (shared/privacy/noise-share.ts). */
export const MAX_SURPLUS_PARTS = 3;

/** Ids are keys of plain objects, so the one inherited name that is spelled like an id is not one. */
export const MEMBER_ID = /^(?!constructor$)[a-z0-9][a-z0-9.-]{0,62}$/;
export const MemberId = z
  .string()
  .regex(MEMBER_ID, 'lower-case letters, digits, dots and dashes, at most 63 characters');
export type MemberId = z.infer<typeof MemberId>;

/** Names a round for ever: a collection never uses one twice. */
export const RoundId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,95}$/, 'a round id of at most 96 characters');

const Protocol = z.literal(SECAGG_PROTOCOL).describe('Version of the protocol');
const Members = z.array(MemberId).max(MAX_MEMBERS);

/**
 * What rosters are signed in now. A change of what a roster says, or of the rules that it keeps, raises it. The form
 * before then joins `EarlierRoster`, so that chains can still be followed; the directory makes the next epoch of every
 * collection in the present form by itself.
 */
export const ROSTER_VERSION = 4;

const COLLECTION = CollectionName.describe('Name of the collection');
const THRESHOLD = z
  .int()
  .min(2)
  .max(MAX_MEMBERS)
  .describe('t: the least number of participants that a sum is released for');
const COLLUDERS = z
  .int()
  .min(0)
  .max(MAX_MEMBERS)
  .describe('m: how many participants may collude with the coordinator');

/** Who runs a member. The deployment itself begins with `@`, which no participant's name does. */
export const OperatorName = z
  .string()
  .regex(/^@?[a-z0-9][a-z0-9.-]{0,62}$/, 'the deployment (@deployment), or the name of a separate operator');
/** Operator of a deployment's own regions in its own rosters. */
export const DEPLOYMENT = '@deployment';

const unoperated = z.strictObject({
  id: MemberId.describe('Name of the member'),
  key: Bytes32.describe('Its Ed25519 key, base64url'),
});

const rosterFields = {
  collection: COLLECTION,
  epoch: z
    .int()
    .min(0)
    .max(2 ** 31)
    .describe('Counts the rosters of the collection, from 0 on'),
  previous: Sha256Hex.nullable().describe('SHA-256 of the roster of the epoch before; null for epoch 0'),
  members: z.array(unoperated).min(2).max(MAX_MEMBERS).describe('Who may take part, in order of id'),
  threshold: THRESHOLD,
  colluders: COLLUDERS,
};

/** Who may take part, in order of id. Signed by the collection's admin key; an epoch names its predecessor. */
export const Roster = z.strictObject({
  version: z.literal(ROSTER_VERSION).describe('Version of the form that is signed'),
  ...rosterFields,
  members: z
    .array(
      unoperated.extend({
        operator: OperatorName.describe('Who runs it: the members of one operator may all collude'),
      }),
    )
    .min(2)
    .max(MAX_MEMBERS)
    .describe('Who may take part, in order of id'),
});
export type Roster = z.infer<typeof Roster>;

/** Rosters in forms that are not signed any more; versions 1 and 2 did not say which they were, and none who runs whom. */
export const EarlierRoster = z.strictObject(rosterFields);
export const RosterOf3 = z.strictObject({
  version: z.literal(3).describe('Version of the form'),
  ...rosterFields,
});
export type EarlierRoster = z.infer<typeof EarlierRoster>;
export type RosterOf3 = z.infer<typeof RosterOf3>;

export type AnyRoster = Roster | RosterOf3 | EarlierRoster;

const SIGNED_BY_ADMIN = Signature.describe('By the collection’s admin key, base64url');

/** In the present form: rounds go by no other. */
export const SignedRoster = z.strictObject({
  roster: Roster.describe('What is signed'),
  signature: SIGNED_BY_ADMIN,
});
export type SignedRoster = z.infer<typeof SignedRoster>;

/** In any form: a link of the chain. */
export const AnySignedRoster = z.strictObject({
  roster: z.union([Roster, RosterOf3, EarlierRoster]).describe('What is signed'),
  signature: SIGNED_BY_ADMIN,
});
export type AnySignedRoster = z.infer<typeof AnySignedRoster>;

/**
 * `complete`: Bonawitz et al. 2017 with the checks against a malicious coordinator.
 * `k-regular`: Bell et al. 2020; holds against a semi-honest coordinator only, and the type says so.
 */
const CompleteGraph = z.strictObject({
  kind: z.literal('complete').describe('Every member shares its secrets with all others'),
  security: z
    .literal('malicious-server')
    .describe('Holds against a coordinator that deviates from the protocol'),
});
const SparseGraph = z.strictObject({
  kind: z.literal('k-regular').describe('Every member shares its secrets with k others'),
  security: z.literal('semi-honest').describe('Holds against a coordinator that follows the protocol'),
  degree: z.int().min(2).describe('k: neighbours of each member; even'),
  shareThreshold: z.int().min(2).describe('Shares that restore a member’s secret, of degree + 1'),
  seed: Bytes32.describe('Orders the members on the ring, base64url'),
});
export const AggregationGraph = z.discriminatedUnion('kind', [CompleteGraph, SparseGraph]);
export type AggregationGraph = z.infer<typeof AggregationGraph>;

export const RingBits = z
  .int()
  .min(8)
  .max(32)
  .describe('b: coordinates are integers mod 2ᵇ, and travel in b bits each');

const { shareThreshold, seed: _seed, ...shown } = SparseGraph.shape;
/** As the API shows it: without the seed, which is another one every round. */
export const ShownGraph = z.discriminatedUnion('kind', [
  CompleteGraph,
  z.strictObject({ ...shown, share_threshold: shareThreshold }),
]);

/** What a participant agrees to when it takes part. Its hash stands in every message. */
export const RoundParameters = z.strictObject({
  protocol: Protocol,
  collection: COLLECTION,
  round: RoundId.describe('Names the round for ever'),
  rosterHash: Sha256Hex.describe('SHA-256 of the roster, hexadecimal'),
  modelHash: Sha256Hex.describe('SHA-256 of the snapshot that gradients are taken at, hexadecimal'),
  taskHash: Sha256Hex.describe(
    'SHA-256 of everything else that decides what a participant computes: purpose, settings, active rows, layout',
  ),
  samplingRate: z.number().min(0).max(1).describe('q: probability with which a unit is in the sample'),
  noiseMultiplier: z
    .number()
    .nonnegative()
    .describe('z, as a multiple of the sensitivity; zero when the collection is set to run without noise'),
  clipNorm: z.number().positive().describe('c, over all coordinates of a unit'),
  gridStep: z.number().positive().describe('γ, the grid of the fixed point'),
  dimension: z
    .int()
    .positive()
    .max(1 << 28)
    .describe('d, coordinates of the vector'),
  bits: RingBits,
  threshold: THRESHOLD,
  colluders: COLLUDERS,
  graph: AggregationGraph.describe('Who shares secrets with whom'),
});
export type RoundParameters = z.infer<typeof RoundParameters>;

const header = {
  protocol: Protocol,
  parametersHash: Sha256Hex.describe('SHA-256 of the round’s parameters, hexadecimal'),
};
const signed = {
  ...header,
  sender: MemberId.describe('Who speaks'),
  signature: Signature.describe('By the sender’s registered key, base64url'),
};

/** The attempt is a digest of the advertisements that this try at the round goes by: fresh keys make another one. */
const bound = {
  ...signed,
  attempt: Bytes32.describe('Digest of the advertisements that this try at the round goes by, base64url'),
};

export const Advertisement = z.strictObject({
  kind: z.literal('advertise').describe('Keys for this round'),
  ...signed,
  cipherKey: Bytes32.describe('X25519 key that the sender seals parcels with, base64url'),
  maskKey: Bytes32.describe('X25519 key that masks are agreed on with, base64url'),
  receiveKeys: z
    .array(Bytes32)
    .max(MAX_MEMBERS)
    .describe(
      'X25519 keys, one for each neighbour in the roster’s order: the parcel from that neighbour is sealed to it, base64url',
    ),
});
export type Advertisement = z.infer<typeof Advertisement>;

/** Commitments of a dealer to one holder's shares: of the seed with its blind (shared/secagg/share-check.ts), of the key. */
const commitments = {
  seedShareHash: Bytes32.describe('SHA-256 of the share of the self-mask seed with its blind, base64url'),
  keyShareHash: Bytes32.describe('SHA-256 of the share of the mask key, base64url'),
};
/** One receiver's sealed shares. The dealer signs each parcel, so that it can be convicted of a bad one. */
const Parcel = {
  box: SealedShares.describe('Both shares, sealed for the receiver, base64url'),
  ...commitments,
  signature: Signature.describe('The dealer’s, over this parcel and how it is checked, base64url'),
};

export const ShareMessage = z.strictObject({
  kind: z.literal('share').describe('Shares of the sender’s secrets'),
  ...bound,
  own: z.strictObject(commitments).describe('Hashes of the shares that the dealer keeps itself'),
  parcels: z
    .array(z.strictObject({ to: MemberId.describe('Whom it is for'), ...Parcel }))
    .max(MAX_MEMBERS)
    .describe('One for each neighbour'),
  check: z
    .array(Bytes32)
    .min(1)
    .max(MAX_MEMBERS)
    .describe('Coefficients of the polynomial that shares of the seed are checked by, base64url'),
});
export type ShareMessage = z.infer<typeof ShareMessage>;

/** Proves that a dealer's parcel is bad: the secret of the key that this one parcel was sealed to opens it for all. */
const Accusation = z.strictObject({
  dealer: MemberId.describe('Whose parcel is bad'),
  secret: Bytes32.describe('Of the one key that this parcel was sealed to, base64url'),
});

/** The sender has opened its parcels. Comes before anything is charged or masked: whoever is convicted is left out. */
export const CheckedMessage = z.strictObject({
  kind: z.literal('checked').describe('The sender has opened its parcels'),
  ...bound,
  accused: z.array(Accusation).max(MAX_MEMBERS).describe('Proofs against peers whose parcel was no good'),
});
export type CheckedMessage = z.infer<typeof CheckedMessage>;

/** Announces the frames of the masked vector, each by its SHA-256. */
export const MaskedMessage = z.strictObject({
  kind: z.literal('masked').describe('The masked vector is ready'),
  ...bound,
  frames: z.array(Bytes32).min(1).max(4096).describe('SHA-256 of each of its frames, base64url'),
  surplus: z
    .array(Bytes32)
    .max(MAX_SURPLUS_PARTS)
    .describe('SHA-256 of the seeds of the sender’s surplus noise, one for each part, base64url'),
});
export type MaskedMessage = z.infer<typeof MaskedMessage>;

const RevealedShares = z
  .array(
    z.strictObject({
      of: MemberId.describe('Whose secret it is a share of'),
      share: Bytes32.describe('The share, base64url'),
    }),
  )
  .max(MAX_MEMBERS);

/**
 * The signature covers the lists of survivors and dropped that the participant saw. With it come its shares of the
 * dropped members' mask keys, which are worth nothing without the survivors' seeds.
 */
export const ConsistencyMessage = z.strictObject({
  kind: z.literal('consistency').describe('The sender saw these survivors'),
  ...bound,
  keyShares: RevealedShares.describe('Shares of the mask keys of the members that dropped'),
});
export type ConsistencyMessage = z.infer<typeof ConsistencyMessage>;

/** Shares of survivors' seeds, and the seeds of the parts of the sender's own noise that are surplus now, in order. */
export const UnmaskMessage = z.strictObject({
  kind: z.literal('unmask').describe('What takes the masks out of the sum'),
  ...bound,
  seedShares: RevealedShares.describe('Shares of the survivors’ self-mask seeds'),
  surplusSeeds: z
    .array(Bytes32)
    .max(MAX_SURPLUS_PARTS)
    .describe('Seeds of the parts of the sender’s own noise that are surplus now, base64url'),
});
export type UnmaskMessage = z.infer<typeof UnmaskMessage>;

export const ClientMessage = z.discriminatedUnion('kind', [
  Advertisement,
  ShareMessage,
  CheckedMessage,
  MaskedMessage,
  ConsistencyMessage,
  UnmaskMessage,
]);
export type ClientMessage = z.infer<typeof ClientMessage>;

/** Opens a round. `chain` holds the rosters between the one a participant pinned and the round's, oldest first. */
export const InviteMessage = z.strictObject({
  kind: z.literal('invite').describe('A round begins'),
  protocol: Protocol,
  parameters: RoundParameters.describe('What a participant agrees to'),
  roster: SignedRoster.describe('Who may take part'),
  chain: z
    .array(AnySignedRoster)
    .max(1024)
    .describe('Rosters between the one that a participant pinned and the round’s, oldest first'),
});
export type InviteMessage = z.infer<typeof InviteMessage>;

export const AdvertisementsMessage = z.strictObject({
  kind: z.literal('advertisements').describe('Keys of the others'),
  ...header,
  participants: Members.describe('Who takes part'),
  hashes: z
    .array(Bytes32)
    .max(MAX_MEMBERS)
    .describe(
      'SHA-256 of each participant’s advertisement, in order, base64url: the attempt is their digest',
    ),
  advertisements: z.array(Advertisement).max(MAX_MEMBERS).describe('Of the receiver and its neighbours'),
});
export type AdvertisementsMessage = z.infer<typeof AdvertisementsMessage>;

export const ParcelsMessage = z.strictObject({
  kind: z.literal('parcels').describe('Shares of the others’ secrets'),
  ...header,
  sharers: Members.describe('Who shared its secrets'),
  parcels: z
    .array(
      z.strictObject({
        from: MemberId.describe('Who sealed it'),
        ...Parcel,
        challenge: Bytes32.describe('Hash of all commitments to shares of the seed, base64url'),
        check: Bytes32.describe('Value of the checking polynomial at the receiver’s point, base64url'),
      }),
    )
    .max(MAX_MEMBERS)
    .describe('Sealed for the receiver'),
});
export type ParcelsMessage = z.infer<typeof ParcelsMessage>;

export const MaskersMessage = z.strictObject({
  kind: z.literal('maskers').describe('Vectors are due'),
  ...header,
  maskers: Members.describe(
    'Who is to send a vector: those whose parcels are good, and who said so of all others’',
  ),
});
export type MaskersMessage = z.infer<typeof MaskersMessage>;

export const SurvivorsMessage = z.strictObject({
  kind: z.literal('survivors').describe('Whose vectors have come in'),
  ...header,
  survivors: Members.describe('Those whose vectors are in the sum'),
  dropped: Members.describe('Those who were to send a vector that did not come in'),
});
export type SurvivorsMessage = z.infer<typeof SurvivorsMessage>;

export const SignaturesMessage = z.strictObject({
  kind: z.literal('signatures').describe('Who saw the same survivors'),
  ...header,
  signatures: z
    .array(
      z.strictObject({
        from: MemberId.describe('Who signed'),
        signature: Signature.describe('Over the attempt and the lists of survivors and dropped, base64url'),
      }),
    )
    .max(MAX_MEMBERS)
    .describe('One for each survivor'),
});
export type SignaturesMessage = z.infer<typeof SignaturesMessage>;

export const ServerMessage = z.discriminatedUnion('kind', [
  InviteMessage,
  AdvertisementsMessage,
  ParcelsMessage,
  MaskersMessage,
  SurvivorsMessage,
  SignaturesMessage,
]);
export type ServerMessage = z.infer<typeof ServerMessage>;
