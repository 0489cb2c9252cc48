/**
 * Messages of a secure aggregation round: control as JSON, vectors as binary frames (shared/secagg/frames.ts).
 * Every message of a participant is signed with its registered key and names the hash of the round's parameters.
 * There is no field for a count, a loss or a norm: those are coordinates of the masked vector.
 */
import { z } from 'zod';
import { CollectionName, Sha256Hex } from './names.ts';

/** Of the rounds' messages. Rosters have a version of their own, for they are kept: see `ROSTER_VERSION`. */
export const SECAGG_PROTOCOL = 'fedcar-secagg/3';

/** Roster positions plus one are points of GF(2¹⁶); JSON lists keep well below that. */
export const MAX_MEMBERS = 4096;

/** A member's noise has so many parts at most that can be taken out again (shared/privacy/noise-share.ts). */
export const MAX_SURPLUS_PARTS = 3;

/** What the last character may be, by the bytes that are left over from threes: the one spelling without spare bits. */
const LAST = ['[A-Za-z0-9_-]', '[AQgw]', '[AEIMQUYcgkosw048]'] as const;

const base64Url = (bytes: number) => {
  const before = Math.ceil((bytes * 4) / 3) - 1;
  return z
    .string()
    .regex(new RegExp(`^[A-Za-z0-9_-]{${before}}${LAST[bytes % 3]}$`), `${bytes} bytes in base64url`);
};

export const Bytes32 = base64Url(32);
export const Signature = base64Url(64);
/** Nonce, two shares of 32 bytes, tag. */
export const SealedShares = base64Url(12 + 64 + 16);

/** Ids are keys of plain objects, so the one inherited name that is spelled like an id is not one. */
export const MemberId = z
  .string()
  .regex(
    /^(?!constructor$)[a-z0-9][a-z0-9.-]{0,62}$/,
    'lower-case letters, digits, dots and dashes, at most 63 characters',
  );
export type MemberId = z.infer<typeof MemberId>;

/** Names a round for ever: a collection never uses one twice. */
export const RoundId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,95}$/, 'a round id of at most 96 characters');

const Protocol = z.literal(SECAGG_PROTOCOL);
const Members = z.array(MemberId).max(MAX_MEMBERS);

/**
 * What rosters are signed in now. A change of what a roster says, or of the rules that it keeps, raises it. The form
 * before then joins `EarlierRoster`, so that chains can still be followed; the directory makes the next epoch of every
 * collection in the present form by itself.
 */
export const ROSTER_VERSION = 3;

const rosterFields = {
  collection: CollectionName,
  epoch: z
    .int()
    .min(0)
    .max(2 ** 31),
  /** Hash of the roster of the epoch before; null for epoch 0. */
  previous: Sha256Hex.nullable(),
  members: z
    .array(z.strictObject({ id: MemberId, key: Bytes32 }))
    .min(2)
    .max(MAX_MEMBERS),
  /** t: the least number of participants that a sum is released for. */
  threshold: z.int().min(2).max(MAX_MEMBERS),
  /** m: how many participants may collude with the coordinator. */
  colluders: z.int().min(0).max(MAX_MEMBERS),
};

/** Who may take part, in order of id. Signed by the collection's admin key; an epoch names its predecessor. */
export const Roster = z.strictObject({ version: z.literal(ROSTER_VERSION), ...rosterFields });
export type Roster = z.infer<typeof Roster>;

/** Rosters in forms that are not signed any more; versions 1 and 2 did not say which they were. */
export const EarlierRoster = z.strictObject(rosterFields);
export type EarlierRoster = z.infer<typeof EarlierRoster>;

export type AnyRoster = Roster | EarlierRoster;

/** In the present form: rounds go by no other. */
export const SignedRoster = z.strictObject({ roster: Roster, signature: Signature });
export type SignedRoster = z.infer<typeof SignedRoster>;

/** In any form: a link of the chain. */
export const AnySignedRoster = z.strictObject({
  roster: z.union([Roster, EarlierRoster]),
  signature: Signature,
});
export type AnySignedRoster = z.infer<typeof AnySignedRoster>;

/**
 * `complete`: Bonawitz et al. 2017 with the checks against a malicious coordinator.
 * `k-regular`: Bell et al. 2020; holds against a semi-honest coordinator only, and the type says so.
 */
export const AggregationGraph = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('complete'), security: z.literal('malicious-server') }),
  z.strictObject({
    kind: z.literal('k-regular'),
    security: z.literal('semi-honest'),
    /** Neighbours of each member; even. */
    degree: z.int().min(2),
    /** Shares that restore a member's secret, of degree + 1. */
    shareThreshold: z.int().min(2),
    /** Orders the members on the ring. */
    seed: Bytes32,
  }),
]);
export type AggregationGraph = z.infer<typeof AggregationGraph>;

/** What a participant agrees to when it takes part. Its hash stands in every message. */
export const RoundParameters = z.strictObject({
  protocol: Protocol,
  collection: CollectionName,
  round: RoundId,
  rosterHash: Sha256Hex,
  /** The snapshot that gradients are taken at. */
  modelHash: Sha256Hex,
  /** Everything else that decides what a participant computes: purpose, settings, active rows, layout. */
  taskHash: Sha256Hex,
  /** q */
  samplingRate: z.number().min(0).max(1),
  /** z; zero when the collection is set to run without noise. */
  noiseMultiplier: z.number().nonnegative(),
  /** c, over all coordinates of a unit. */
  clipNorm: z.number().positive(),
  /** γ, the grid of the fixed point. */
  gridStep: z.number().positive(),
  /** d, coordinates of the vector. */
  dimension: z
    .int()
    .positive()
    .max(1 << 28),
  threshold: z.int().min(2).max(MAX_MEMBERS),
  colluders: z.int().min(0).max(MAX_MEMBERS),
  graph: AggregationGraph,
});
export type RoundParameters = z.infer<typeof RoundParameters>;

const header = { protocol: Protocol, parametersHash: Sha256Hex };
const signed = { ...header, sender: MemberId, signature: Signature };

export const Advertisement = z.strictObject({
  kind: z.literal('advertise'),
  ...signed,
  cipherKey: Bytes32,
  maskKey: Bytes32,
});
export type Advertisement = z.infer<typeof Advertisement>;

/** One receiver's sealed shares, and what the shares hash to, so that a wrong share can be told from a wrong dealer. */
const Parcel = { box: SealedShares, seedShareHash: Bytes32, keyShareHash: Bytes32 };

export const ShareMessage = z.strictObject({
  kind: z.literal('share'),
  ...signed,
  /** Hash of the self-mask seed. */
  seedHash: Bytes32,
  /** Hashes of the shares that the dealer keeps itself. */
  own: z.strictObject({ seedShareHash: Bytes32, keyShareHash: Bytes32 }),
  parcels: z.array(z.strictObject({ to: MemberId, ...Parcel })).max(MAX_MEMBERS),
});
export type ShareMessage = z.infer<typeof ShareMessage>;

/** Announces the frames of the masked vector, each by its SHA-256, and names peers whose parcel was no good. */
export const MaskedMessage = z.strictObject({
  kind: z.literal('masked'),
  ...signed,
  frames: z.array(Bytes32).min(1).max(4096),
  undecryptable: Members,
  /** Hashes of the seeds of the sender's surplus noise, one for each part. */
  surplus: z.array(Bytes32).max(MAX_SURPLUS_PARTS),
});
export type MaskedMessage = z.infer<typeof MaskedMessage>;

/** The signature covers the lists of survivors and dropped that the participant saw. */
export const ConsistencyMessage = z.strictObject({ kind: z.literal('consistency'), ...signed });
export type ConsistencyMessage = z.infer<typeof ConsistencyMessage>;

const RevealedShares = z.array(z.strictObject({ of: MemberId, share: Bytes32 })).max(MAX_MEMBERS);

/**
 * Shares of survivors' seeds and of dropped members' mask keys; no member is in both. And the seeds of the parts of the
 * sender's own noise that are surplus now that so many survived: the last ones, in order.
 */
export const UnmaskMessage = z.strictObject({
  kind: z.literal('unmask'),
  ...signed,
  seedShares: RevealedShares,
  keyShares: RevealedShares,
  surplusSeeds: z.array(Bytes32).max(MAX_SURPLUS_PARTS),
});
export type UnmaskMessage = z.infer<typeof UnmaskMessage>;

export const ClientMessage = z.discriminatedUnion('kind', [
  Advertisement,
  ShareMessage,
  MaskedMessage,
  ConsistencyMessage,
  UnmaskMessage,
]);
export type ClientMessage = z.infer<typeof ClientMessage>;

/** Opens a round. `chain` holds the rosters between the one a participant pinned and the round's, oldest first. */
export const InviteMessage = z.strictObject({
  kind: z.literal('invite'),
  protocol: Protocol,
  parameters: RoundParameters,
  roster: SignedRoster,
  chain: z.array(AnySignedRoster).max(1024),
});
export type InviteMessage = z.infer<typeof InviteMessage>;

export const AdvertisementsMessage = z.strictObject({
  kind: z.literal('advertisements'),
  ...header,
  participants: Members,
  /** Of the receiver and its neighbours. */
  advertisements: z.array(Advertisement).max(MAX_MEMBERS),
});
export type AdvertisementsMessage = z.infer<typeof AdvertisementsMessage>;

export const ParcelsMessage = z.strictObject({
  kind: z.literal('parcels'),
  ...header,
  sharers: Members,
  parcels: z.array(z.strictObject({ from: MemberId, ...Parcel })).max(MAX_MEMBERS),
});
export type ParcelsMessage = z.infer<typeof ParcelsMessage>;

export const SurvivorsMessage = z.strictObject({
  kind: z.literal('survivors'),
  ...header,
  survivors: Members,
  dropped: Members,
});
export type SurvivorsMessage = z.infer<typeof SurvivorsMessage>;

export const SignaturesMessage = z.strictObject({
  kind: z.literal('signatures'),
  ...header,
  signatures: z.array(z.strictObject({ from: MemberId, signature: Signature })).max(MAX_MEMBERS),
});
export type SignaturesMessage = z.infer<typeof SignaturesMessage>;

export const ServerMessage = z.discriminatedUnion('kind', [
  InviteMessage,
  AdvertisementsMessage,
  ParcelsMessage,
  SurvivorsMessage,
  SignaturesMessage,
]);
export type ServerMessage = z.infer<typeof ServerMessage>;
