/**
 * Control messages of a round between a participant and its coordinator. Control travels as JSON, vectors and
 * parameters as bytes. Every message is idempotent by (round, phase, sender).
 */
import { z } from 'zod';
import { CollectionName, Sha256Hex } from './names.ts';
import { ClientMessage, ServerMessage } from './secagg.ts';
import { AdapterSettings, LocalSteps } from './settings.ts';

/** Names a round: `<run>.<index>`. */
export const RoundId = z.string().regex(/^[0-9a-z-]{1,64}\.\d{1,6}$/);

/**
 * Which units of its shard a participant works on. `part`: the records whose place in a shuffle keyed by `seed`
 * falls in part `part` of `parts`, so that `parts` rounds see every record once. `all`: every training record;
 * `poisson`: each unit independently with probability numerator / denominator.
 */
export const Sample = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({
    kind: z.literal('part'),
    seed: z.int().nonnegative(),
    part: z.int().nonnegative(),
    parts: z.int().positive(),
  }),
  z.strictObject({
    kind: z.literal('poisson'),
    numerator: z.int().nonnegative(),
    denominator: z.int().positive(),
  }),
]);
export type Sample = z.infer<typeof Sample>;

/** Parameters that a round starts from, by the hash of their bytes: fetched in parts of at most 1 MiB. */
export const StateRef = z.strictObject({
  key: z.string().min(1),
  hash: Sha256Hex,
  bytes: z.int().nonnegative(),
  parts: z.int().nonnegative(),
});
export type StateRef = z.infer<typeof StateRef>;

const common = {
  id: RoundId,
  collection: CollectionName,
  sample: Sample,
  /** Coordinates of the vector that travels. */
  dimension: z.int().positive(),
  /** c: the L2 norm that one unit may add to the vector, all coordinates together. */
  clipNorm: z.number().positive(),
  /**
   * When the round began, milliseconds since 1970. Only records that existed by then and are within the retention time
   * of then take part, and the ledgers charge for this moment.
   */
  startedAt: z.int().nonnegative(),
  /** Names the round in the ledgers: numbers grow and are never used again in a collection. */
  serial: z.int().nonnegative(),
  /** γ, width of the fixed-point grid: a coordinate travels as an integer multiple of it. */
  gridStep: z.number().positive(),
  /** z: the noise charged, as a multiple of the sensitivity; 0 where noise is off. */
  noiseMultiplier: z.number().nonnegative(),
  /** n, t and m of the sum that noise is split for; 1, 1 and 0 where it is plain and everyone adds all of it. */
  cohort: z.strictObject({
    members: z.int().positive(),
    threshold: z.int().positive(),
    colluders: z.int().nonnegative(),
  }),
  aggregation: z.enum(['plain', 'secure']),
  /** Names the coordinator's row table: another one after a restore, in which numbers mean other rows. */
  lineage: z.string().min(1).max(64),
  /** Rows of that table up to this change are what the round is about. */
  rowsAt: z.int().nonnegative(),
  /** Rows ever given out; a count round has one coordinate for each. */
  rows: z.int().nonnegative(),
};

/** How often every row was asked for: decides which rows are active. */
export const CountRound = z.strictObject({ ...common, kind: z.literal('count') });

export const TrainRound = z.strictObject({
  ...common,
  kind: z.literal('train'),
  /** `head` rounds use cached query embeddings and do not run the encoder again. */
  train: z.enum(['adapter-and-head', 'head']),
  adapter: AdapterSettings,
  /** Adapter then active rows, fp32 (see parameters.ts). */
  state: StateRef,
  activeRows: z.int().nonnegative(),
  /** Rows that do not learn but compete, fp32: the same for all rounds of a run. */
  fixed: StateRef,
  /** Added to the cosine of those. */
  margin: z.number(),
  /** Orthonormal directions [k, width], fp32, along which the head moves; null: along all. */
  directions: StateRef.nullable(),
  temperature: z.number().positive(),
  /** Share of a query's tokens that are left out where the encoder runs. */
  tokenDropout: z.number().min(0).max(0.5).default(0),
  /** c_g: the L2 norm to which a unit's gradient is clipped. */
  gradientNorm: z.number().positive(),
  local: LocalSteps.nullable(),
  /** Names the adapter: query embeddings cached under it can be used again. */
  adapterKey: z.string().min(1),
  /** Factor on every unit's figures, so that their sums fit the ring. */
  statScale: z.number().positive(),
  /** Units also say whether their gradient needed no clipping: c_g follows a quantile of their norms. */
  adaptiveClip: z.boolean(),
});

/** Held-out units judge the candidate against the serving version and plain embedding search. */
export const GateRound = z.strictObject({
  ...common,
  kind: z.literal('gate'),
  adapter: AdapterSettings,
  candidate: StateRef,
  serving: StateRef,
  /** Version 0: plain embedding search. */
  baseline: StateRef,
});

export const RoundSpec = z.discriminatedUnion('kind', [CountRound, TrainRound, GateRound]);
export type CountRound = z.infer<typeof CountRound>;
export type TrainRound = z.infer<typeof TrainRound>;
export type GateRound = z.infer<typeof GateRound>;
export type RoundSpec = z.infer<typeof RoundSpec>;

/** What a participant should do now. */
export const Instruction = z.discriminatedUnion('do', [
  /** Nothing for `ms`; 0: until woken. `round` is the one that still runs, whose work must be kept. */
  z.strictObject({ do: z.literal('wait'), ms: z.int().nonnegative(), round: RoundId.nullable() }),
  z.strictObject({ do: z.literal('work'), spec: RoundSpec }),
  /** The next step of secure aggregation. */
  z.strictObject({ do: z.literal('answer'), round: RoundId, message: ServerMessage }),
]);
export type Instruction = z.infer<typeof Instruction>;

/** Documents' own titles as queries: costs no privacy, so it travels in clear. */
export const ProbeCounts = z.strictObject({
  titles: z.int().nonnegative(),
  found: z.int().nonnegative(),
  mips: z.int().nonnegative(),
});
export type ProbeCounts = z.infer<typeof ProbeCounts>;

/** Why a participant stays out of a round. Constants: a failure must say nothing of the records behind it. */
export const FailureCode = z.enum([
  /** The round, or a later one, was joined already. */
  'serial_used',
  /** The round is not what the participant agreed to. */
  'not_as_agreed',
  /** The participant's own ledger has no room, or holds another charge for the round. */
  'ledger',
  /** What it was told of the secure sum does not fit. */
  'secure_sum',
  /** The work itself failed. */
  'work',
]);
export type FailureCode = z.infer<typeof FailureCode>;

export const ParticipantMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('poll'), participant: z.string() }),
  z.strictObject({
    type: z.literal('progress'),
    participant: z.string(),
    round: RoundId,
    /** Rough share of the work done, in steps of a tenth. */
    progress: z.number().min(0).max(1),
  }),
  z.strictObject({
    /** The vector is uploaded; under secure aggregation, it is stored and waits for the protocol. */
    type: z.literal('ready'),
    participant: z.string(),
    round: RoundId,
    probe: ProbeCounts.nullable(),
  }),
  z.strictObject({
    type: z.literal('failed'),
    participant: z.string(),
    round: RoundId,
    code: FailureCode,
  }),
  z.strictObject({
    type: z.literal('secagg'),
    participant: z.string(),
    round: RoundId,
    message: ClientMessage,
  }),
]);
export type ParticipantMessage = z.infer<typeof ParticipantMessage>;

/** One piece of a participant's vector: little-endian words mod 2³². */
export const VectorChunk = z.strictObject({
  participant: z.string(),
  round: RoundId,
  chunk: z.int().nonnegative(),
  chunks: z.int().positive(),
});
export type VectorChunk = z.infer<typeof VectorChunk>;

/** A row of the coordinator's table: a passage and where it stands. `removed` rows are never given out again. */
export const RowEntry = z.strictObject({
  row: z.int().nonnegative(),
  item: z.string(),
  ordinal: z.int().nonnegative(),
  region: z.string(),
  removed: z.boolean(),
  changedAt: z.int().positive(),
});
export type RowEntry = z.infer<typeof RowEntry>;
