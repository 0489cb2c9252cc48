/**
 * Control messages of a round between a participant and its coordinator. Control travels as JSON, vectors and
 * parameters as bytes. Every message is idempotent by (round, phase, sender).
 */
import { z } from 'zod';
import { MadeVersions, MOST_ROUNDS, RoundRecord, RunId, SignedStatement } from './certificate.ts';
import { CollectionName, Sha256Hex } from './names.ts';
import { ClientMessage, RingBits, ServerMessage } from './secagg.ts';
import { ServingParameters } from './serving-parameters.ts';
import { AdapterSettings, LEAST_CHANCE, LocalSteps } from './training-settings.ts';

/** Names a round: `<run>.<index>`. */
export const RoundId = z.string().regex(/^[0-9a-z-]{1,64}\.\d{1,6}$/);

const ROUND = RoundId.describe('Name of the round');

/** Which units of its shard a participant works on. */
export const Sample = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all').describe('Every training record') }),
  z.strictObject({
    kind: z
      .literal('part')
      .describe(
        'The records whose place in a shuffle keyed by `seed` falls in part `part` of `parts`, so that `parts` rounds go through all of them once',
      ),
    seed: z.int().nonnegative().describe('Key of the shuffle'),
    part: z.int().nonnegative().describe('Number of the part, from 0 on'),
    parts: z.int().positive().describe('How many parts there are'),
    leastChance: z
      .number()
      .min(LEAST_CHANCE)
      .max(1)
      .describe(
        'A unit that this run has asked before takes part with twice the error that it had then, but at least with this probability, and counts for one over its probability; 1: every unit takes part',
      ),
  }),
  z.strictObject({
    kind: z.literal('poisson').describe('Each unit independently, with probability numerator / denominator'),
    numerator: z.int().nonnegative().describe('Of that probability'),
    denominator: z.int().positive().describe('Of that probability'),
  }),
]);
export type Sample = z.infer<typeof Sample>;

/** Parameters that a round starts from, by the hash of their bytes: fetched in parts of at most 1 MiB. */
export const StateRef = z.strictObject({
  key: z.string().min(1).describe('Name under which they are fetched'),
  hash: Sha256Hex.describe('SHA-256 of their bytes, hexadecimal'),
  bytes: z.int().nonnegative().describe('Their length'),
  parts: z.int().nonnegative().describe('How many parts they are fetched in'),
});
export type StateRef = z.infer<typeof StateRef>;

const common = {
  id: ROUND,
  collection: CollectionName.describe('Name of the collection'),
  sample: Sample.describe('Which units of its shard a participant works on'),
  dimension: z.int().positive().describe('Coordinates of the vector that travels'),
  clipNorm: z
    .number()
    .positive()
    .describe('c: the L2 norm that one unit may add to the vector, all coordinates together'),
  startedAt: z
    .int()
    .nonnegative()
    .describe(
      'When the round began, milliseconds since 1970. Only records that existed by then and are within the retention time of then take part, and the ledgers charge for this moment',
    ),
  from: z
    .int()
    .describe(
      'Only records that arrived after this moment take part, milliseconds since 1970: those pay for the round, and no others. The same for all rounds of a run',
    ),
  serial: z
    .int()
    .nonnegative()
    .describe('Names the round in the ledgers: numbers grow and are never used again in a collection'),
  gridStep: z
    .number()
    .positive()
    .describe('γ, width of the fixed-point grid: a coordinate travels as an integer multiple of it'),
  bits: RingBits,
  noiseMultiplier: z
    .number()
    .nonnegative()
    .describe('z: the noise charged, as a multiple of the sensitivity; 0 where noise is off'),
  cohort: z
    .strictObject({
      members: z.int().positive().describe('n: members of the roster; 1 where the sum is plain'),
      threshold: z
        .int()
        .positive()
        .describe('t: the least participants that a sum is released for; 1 where it is plain'),
      colluders: z
        .int()
        .nonnegative()
        .describe('m: how many may collude with the coordinator; 0 where the sum is plain'),
    })
    .describe('Whom the noise is split among; where the sum is plain, everyone adds all of it'),
  aggregation: z
    .enum(['plain', 'secure'])
    .describe('`secure`: the coordinator learns the sum only; `plain`: it sees every vector'),
  lineage: z
    .string()
    .min(1)
    .max(64)
    .describe(
      'Names the coordinator’s row table: another one after a restore, in which numbers mean other rows',
    ),
  rowsAt: z.int().nonnegative().describe('Rows of that table up to this change are what the round is about'),
};

const ADAPTER = AdapterSettings.describe('Shape of the adapter');

/** How many units ask for each document, or for each of some passages: decides which rows are active. */
export const CountRound = z.strictObject({
  ...common,
  kind: z.literal('count').describe('How many units ask for each document, or for each of some passages'),
  manifest: StateRef.nullable().describe(
    'The documents that stand: their keys as a JSON array, in the order of the coordinates; null: all units are counted together, whatever they ask for (a census)',
  ),
  passages: StateRef.nullable().describe(
    'Rows of the documents that were asked for, u32 little-endian, in the order of the coordinates; null: counted by document',
  ),
});

export const TrainRound = z.strictObject({
  ...common,
  kind: z.literal('train').describe('A step or a local epoch of training'),
  train: z
    .enum(['adapter', 'adapter-and-head', 'head'])
    .describe(
      'What learns. `adapter`: where there are more rows than `batch`, which then stay where they are. `head`: cached query embeddings are used, and the encoder does not run again',
    ),
  batch: z
    .int()
    .positive()
    .nullable()
    .describe(
      'Units that the round should see over all participants; null: every one, as often as it trains',
    ),
  adapter: ADAPTER,
  state: StateRef.describe('The adapter, fp32, little-endian: the same for all rounds in which it stays'),
  rows: StateRef.describe(
    'Active rows: their numbers, u32, then their vectors, fp32, little-endian; the same for all rounds in which they stay',
  ),
  activeRows: z.int().nonnegative().describe('How many rows are active'),
  fixed: StateRef.describe('Rows that do not learn but compete, fp32: the same for all rounds of a run'),
  margin: z.number().describe('Added to the cosine of those'),
  directions: StateRef.nullable().describe(
    'Orthonormal directions [k, width], fp32, along which the head moves; null: along all',
  ),
  temperature: z.number().positive().describe('τ: logits are τ times the cosine'),
  tokenDropout: z
    .number()
    .min(0)
    .max(0.5)
    .default(0)
    .describe('Share of a query’s tokens that are left out where the encoder runs'),
  gradientNorm: z.number().positive().describe('c_g: the L2 norm to which a unit’s gradient is clipped'),
  local: LocalSteps.nullable().describe('Several local steps; null: one sum of gradients'),
  statScale: z
    .number()
    .positive()
    .describe('Factor on every unit’s figures, so that their sums fit the ring'),
  adaptiveClip: z
    .boolean()
    .describe(
      'Units also say whether their gradient needed no clipping: c_g follows a quantile of their norms',
    ),
});

/** Settings that one gate tries at most. */
export const MOST_TRIED = 64;

/** A version with other parameters than it has. */
export const TriedSetting = z.strictObject({
  of: z.enum(['candidate', 'serving']).describe('The version that is asked with them'),
  unasked: z
    .boolean()
    .describe(
      'Whether the document that a question is about stands as if nobody had asked about it: its row as it began, and nothing of it in memory. Compared with plain search; else with the version as it is',
    ),
  everyone: z
    .boolean()
    .describe(
      'Whether units that train say so, too, some 4,096 over all participants: only without noise, and only of a version that learned from none of them',
    ),
  untrained: z
    .boolean()
    .describe(
      'Whether those alone say so that train and are about documents of which the candidate learned nothing: how often they are found, compared with plain search. Only without noise',
    ),
  parameters: ServingParameters.describe('The parameters'),
});
export type TriedSetting = z.infer<typeof TriedSetting>;

/** Held-out units judge the candidate against the serving version and plain search, and each with other parameters. */
export const GateRound = z.strictObject({
  ...common,
  kind: z.literal('gate').describe('Held-out units judge the candidate'),
  adapter: ADAPTER,
  candidate: StateRef.describe('Snapshot of the candidate'),
  serving: StateRef.describe('Snapshot of the version that serves'),
  baseline: StateRef.describe('Snapshot of version 0: plain search'),
  words: StateRef.nullable().describe(
    'Words of all passages, as postings (shared/index/postings.ts) in the order of the candidate’s rows; null: words count nowhere in this round',
  ),
  parameters: z
    .strictObject({
      candidate: ServingParameters.describe('Of the candidate'),
      serving: ServingParameters.describe('Of the version that serves'),
      baseline: ServingParameters.describe('Of plain search'),
    })
    .describe('What each is asked with'),
  tried: z
    .array(TriedSetting)
    .max(MOST_TRIED)
    .describe('Settings that are tried beside: a coordinate each, behind the figures'),
});

export const RoundSpec = z.discriminatedUnion('kind', [CountRound, TrainRound, GateRound]);
export type CountRound = z.infer<typeof CountRound>;
export type TrainRound = z.infer<typeof TrainRound>;
export type GateRound = z.infer<typeof GateRound>;
export type RoundSpec = z.infer<typeof RoundSpec>;

/** What a participant should do now. */
export const Instruction = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('wait').describe('Nothing'),
    ms: z.int().nonnegative().describe('Milliseconds until it should ask again; 0: until woken'),
    round: ROUND.nullable().describe(
      'The round that still runs, whose work must be kept; null where none does',
    ),
  }),
  z.strictObject({
    do: z.literal('work').describe('Work on a round, and upload its vector'),
    spec: RoundSpec.describe('The round'),
  }),
  z.strictObject({
    do: z.literal('answer').describe('The next step of secure aggregation'),
    round: ROUND,
    message: ServerMessage.describe('What the coordinator says in it'),
  }),
  z.strictObject({
    do: z.literal('certify').describe('Sign what its own log holds of a run that is over'),
    run: RunId,
    versions: MadeVersions,
  }),
]);
export type Instruction = z.infer<typeof Instruction>;

/** Titles that one participant asks as questions at most. */
export const PROBE_TITLES = 200;
const TITLES = z.int().min(0).max(PROBE_TITLES);

/** Documents' own titles as queries: costs no privacy, so it travels in clear. */
export const ProbeCounts = z
  .strictObject({
    titles: TITLES.describe('Titles that were asked as questions'),
    found: TITLES.describe('Of them, those that find their document'),
    mips: TITLES.describe('Of them, those that find it by plain embedding search'),
  })
  .refine(
    ({ titles, found, mips }) => found <= titles && mips <= titles,
    'found, mips: above the titles asked',
  );
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

const from = { participant: z.string().describe('Who speaks: the signer of the request'), round: ROUND };

export const ParticipantMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('poll').describe('Asks what to do'), participant: from.participant }),
  z.strictObject({
    type: z
      .literal('working')
      .describe('At work on the round: sent by the clock, and says nothing of how much there is to do'),
    ...from,
  }),
  z.strictObject({
    type: z
      .literal('ready')
      .describe('The vector is uploaded; under secure aggregation, it is stored and waits for the protocol'),
    ...from,
    probe: ProbeCounts.nullable().describe('What a gate round counted in clear; null in other rounds'),
    extraNoise: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe(
        'Variance of the noise that the participant adds beyond its part, as a multiple of what is charged: follows from its settings and the roster alone. Absent: none',
      ),
  }),
  z.strictObject({
    type: z.literal('failed').describe('The participant stays out of the round'),
    ...from,
    code: FailureCode.describe('Why: a constant, which says nothing of the records behind it'),
  }),
  z.strictObject({
    type: z.literal('secagg').describe('A step of secure aggregation'),
    ...from,
    message: ClientMessage.describe('What the participant says in it'),
  }),
  z.strictObject({
    type: z.literal('statement').describe('What the participant signs of a run that is over'),
    participant: from.participant,
    signed: SignedStatement.describe('What it says, and its signature'),
    rounds: z
      .array(RoundRecord)
      .max(MOST_ROUNDS)
      .describe('Its records of the run’s rounds, which the statement names by their hashes'),
  }),
]);
export type ParticipantMessage = z.infer<typeof ParticipantMessage>;

/** One piece of a participant's vector: packed to the round's bits. */
export const VectorChunk = z.strictObject({
  participant: z.string(),
  round: RoundId,
  chunk: z.int().nonnegative(),
  chunks: z.int().positive(),
});
export type VectorChunk = z.infer<typeof VectorChunk>;

/** A row of the coordinator's table: a passage and where it stands. `removed` rows are never given out again. */
export const RowEntry = z.strictObject({
  row: z.int().nonnegative().describe('Number of the row'),
  item: z.string().describe('Key of the document'),
  ordinal: z.int().nonnegative().describe('Place of the passage in the document, from 0 on'),
  region: z.string().describe('Region that holds the document'),
  removed: z.boolean().describe('Whether the passage is gone; its number is never given out again'),
  changedAt: z.int().positive().describe('Counts changes of the table'),
});
export type RowEntry = z.infer<typeof RowEntry>;
