/**
 * What the operator of a collection decides. Everything has a default chosen by measurement
 * (docs/decisions); unknown fields are errors.
 */
import { z } from 'zod';
import { RegionName } from './names.ts';

export const AdapterSettings = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('full') }),
  z.strictObject({ kind: z.literal('low-rank'), rank: z.int().min(1).max(128) }),
  z.strictObject({ kind: z.literal('none') }),
]);
export type AdapterSettings = z.infer<typeof AdapterSettings>;

/** Server optimiser (Reddi et al. 2021): the aggregate is a pseudo-gradient. */
export const OptimiserSettings = z.strictObject({
  kind: z.enum(['momentum', 'adam']).default('adam'),
  momentum: z.number().min(0).max(0.999).default(0.9),
  beta2: z.number().min(0).max(0.99999).default(0.99),
  epsilon: z.number().positive().default(1e-8),
  adapterRate: z.number().min(0).max(100).default(5e-4),
  headRate: z.number().min(0).max(100).default(5e-3),
  /** Multiplies the head's rate by the number of active rows: each row sees about one unit in so many. */
  scaleByRows: z.boolean().default(false),
  /**
   * With noise, the head's rate is at most such that the noise of all steps adds up to this length in a row, whatever
   * ε, data and number of rows; 0: no such limit.
   */
  rowNoise: z.number().min(0).max(1000).default(0),
  /** Learning rates fall from their value to nothing over a run. */
  decay: z.enum(['constant', 'linear', 'cosine']).default('cosine'),
  /** Share of the run's first steps in which the rates rise from nothing. */
  warmup: z.number().min(0).max(0.5).default(0.05),
});
export type OptimiserSettings = z.infer<typeof OptimiserSettings>;

/** Several local steps per round (McMahan et al. 2017). */
export const LocalSteps = z.strictObject({
  rate: z.number().positive().default(0.1),
  momentum: z.number().min(0).max(0.999).default(0.9),
  batch: z.int().min(1).max(4096).default(64),
});
export type LocalSteps = z.infer<typeof LocalSteps>;

/** A stretch of a run with one kind of round and one optimiser, which starts afresh. */
export const TrainingPhase = z.strictObject({
  /** `head`: only the head learns, from query embeddings that are made once. */
  train: z.enum(['head', 'adapter-and-head']),
  /** `step`: a round is one step of the server optimiser on the sum of gradients. `local`: a round is a local epoch. */
  rounds: z.enum(['step', 'local']).default('step'),
  /** Passes over the data. */
  passes: z.number().min(0).max(1000),
  /** Units that a round of one step should see over all regions together. */
  batch: z.int().min(1).max(1_000_000).default(256),
  optimiser: OptimiserSettings.prefault({}),
  local: LocalSteps.prefault({}),
});
export type TrainingPhase = z.infer<typeof TrainingPhase>;

/** Chosen by measurement: docs/decisions. */
const DEFAULT_PHASES: z.input<typeof TrainingPhase>[] = [
  {
    train: 'adapter-and-head',
    rounds: 'step',
    passes: 5,
    optimiser: { adapterRate: 1e-3, headRate: 3e-3, decay: 'linear', warmup: 0 },
  },
  {
    train: 'head',
    rounds: 'local',
    passes: 12,
    optimiser: { kind: 'momentum', momentum: 0.6, adapterRate: 1, headRate: 1, decay: 'constant', warmup: 0 },
  },
];

export const TrainingSettings = z.strictObject({
  phases: z.array(TrainingPhase).min(1).max(8).prefault(DEFAULT_PHASES),
  /** τ: logits are τ times the cosine. */
  temperature: z.number().positive().max(1000).default(20),
  /** c_g: the L2 norm to which the gradient of a unit is clipped. */
  clipNorm: z.number().positive().max(1e6).default(20),
  /** Share of a query's tokens that are left out at random wherever the adapter learns from it. */
  tokenDropout: z.number().min(0).max(0.5).default(0.1),
  /** A row learns from this many training queries on. */
  activeThreshold: z.number().min(1).max(1e6).default(1),
  /** A row that was active reverts to its passage's embedding at this count. */
  inactiveThreshold: z.number().min(0).max(1e6).default(0),
  /** Queries that a passage's own embedding counts for in its row as it is served (shared/round/row-prior.ts). */
  rowPrior: z.number().min(0).max(1e6).default(0.5),
  /** Added in training to the cosine of rows that do not learn: they compete at their fixed place. */
  margin: z.number().min(-2).max(2).default(-0.1),
  /** So many rows that do not learn compete at most, chosen at random: they travel with every run. */
  fixedRows: z.int().min(0).max(100_000).default(2048),
  /**
   * Added in serving to the cosine of rows that never learned, so that trained rows do not shout them down; where
   * they are not half of the rows, adjusted by the logarithm of the odds (shared/retrieval/prior-offset.ts).
   */
  inactiveOffset: z.number().min(-1).max(1).default(0.1),
  /** Makes shuffles and starting points repeatable; random when null. */
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .nullable()
    .default(null),
});
export type TrainingSettings = z.infer<typeof TrainingSettings>;

export const GateSettings = z.strictObject({
  /** Publish only if held-out wins minus losses against the serving version reach this share of the held-out units. */
  margin: z.number().min(-1).max(1).default(0),
  /** Standard deviations of the noise by which it must clear that margin. */
  confidence: z.number().min(0).max(10).default(1),
  /** How far the titles of untrained documents may fall behind plain embedding search in finding their document. */
  probeTolerance: z.number().min(0).max(1).default(0.05),
});
export type GateSettings = z.infer<typeof GateSettings>;

/** `HH:MM`, from 00:00 to 23:59. */
const Clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as 08:30');

/** A stretch of every day, which may go over midnight. */
export const QuietHours = z
  .strictObject({
    from: Clock,
    to: Clock,
    /** An IANA name such as Europe/Berlin. */
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .refine(isTimeZone, 'a time zone such as UTC or Europe/Berlin')
      .default('UTC'),
  })
  .refine(({ from, to }) => from !== to, 'from and to are the same time');
export type QuietHours = z.infer<typeof QuietHours>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export const ScheduleSettings = z.strictObject({
  /** Hours between runs that the cron trigger starts; 0 turns them off. */
  everyHours: z.number().min(0).max(8760).default(24),
  /** Within these no run is started by the cron trigger; one that is on goes on. */
  quietHours: QuietHours.nullable().default(null),
  /** How long a round waits for those of whose progress nothing is heard, in milliseconds. */
  phaseDeadlineMs: z.int().min(1000).max(86_400_000).default(600_000),
  /** How long a step of secure aggregation waits, in milliseconds. */
  secureDeadlineMs: z.int().min(1000).max(3_600_000).default(60_000),
  /** Rounds go on with at least this many participants. */
  minParticipants: z.int().min(1).max(1000).default(1),
});
export type ScheduleSettings = z.infer<typeof ScheduleSettings>;

/** Adaptive clipping (Andrew et al. 2021). Its count is part of every step's release, so it costs no privacy beside it. */
export const AdaptiveClip = z.strictObject({
  /** Share of the units whose gradient should need no clipping. */
  quantile: z.number().gt(0).lt(1).default(0.5),
  /** η: a step changes c_g by a factor between exp(−η) and exp(η). */
  rate: z.number().gt(0).max(2).default(0.2),
});
export type AdaptiveClip = z.infer<typeof AdaptiveClip>;

/** How a run trains when noise is on: steps on Poisson samples (DP-SGD, Abadi et al. 2016). */
export const NoisedTraining = z.strictObject({
  train: z.enum(['head', 'adapter-and-head']).default('head'),
  steps: z.int().min(1).max(100_000).default(12),
  /** τ of the first and of the last step, linear between: soft at first, when all queries say much; sharp at the end. */
  temperature: z
    .strictObject({ first: z.number().positive().max(1000), last: z.number().positive().max(1000) })
    .default({ first: 10, last: 30 }),
  /** Added in training to the cosine of rows that do not learn, as `training.margin` without noise. */
  margin: z.number().min(-2).max(2).default(0.03),
  /** q: every unit is in a step's sample with this probability, independently. */
  samplingRate: z.number().gt(0).max(1).default(1),
  /** c_g: the L2 norm to which the gradient of a unit is clipped. */
  clipNorm: z.number().positive().max(1e6).default(1),
  /** From there on c_g follows a quantile of the gradients' norms; null: it stays. */
  adaptiveClip: AdaptiveClip.nullable().default(null),
  /** Share of c² that goes to loss, hits, units, and to the count that an adaptive c_g follows. */
  statisticsShare: z.number().min(0.0001).max(0.5).default(0.01),
  /** Share of a run's privacy that goes to the counts from which active rows are chosen. */
  countsShare: z.number().min(0.001).max(0.5).default(0.08),
  /** Head updates move along so many principal directions of the documents' embeddings; 0: along all. */
  projection: z.int().min(0).max(1024).default(0),
  /**
   * Sums are weighted by the likeness of documents and along the directions in which they differ
   * (shared/privacy/smoothing.ts); not together with `projection`.
   */
  smoothing: z.boolean().default(true),
  /** The version is the mean of the parameters over this last share of the steps (Polyak averaging). */
  averageLast: z.number().min(0).max(1).default(0.25),
  /** Added in serving to the cosine of rows that never learned, as `training.inactiveOffset` without noise. */
  inactiveOffset: z.number().min(-1).max(1).default(0),
  optimiser: OptimiserSettings.prefault({
    kind: 'momentum',
    momentum: 0,
    adapterRate: 0,
    headRate: 1,
    scaleByRows: true,
    rowNoise: 2.7,
    decay: 'constant',
    warmup: 0,
  }),
});
export type NoisedTraining = z.infer<typeof NoisedTraining>;

export const PrivacySettings = z.strictObject({
  /** `secure`: the coordinator learns sums only. `plain`: it sees every vector. One region alone is always plain. */
  aggregation: z.enum(['secure', 'plain']).default('secure'),
  /** t: the least participants for whom a sum is released; ⌊2n/3⌋ + 1 when null. */
  threshold: z.int().min(1).max(4096).nullable().default(null),
  /** m: how many participants may collude with the coordinator. */
  colluders: z.int().min(0).max(4095).default(1),
  /**
   * Up to so many members all share secrets with all; in a larger roster each with k others, which protects from a
   * coordinator that follows the protocol only (semi-honest), and takes work and bytes that hardly grow.
   */
  completeUpTo: z.int().min(2).max(4096).default(100),
  /** `on`: everything that leaves a region has differential privacy. `off` is for corpora whose queries are public. */
  noise: z.enum(['on', 'off']).default('on'),
  /** What is protected: one query record, or everything of one contributor. Fixed for the collection's life. */
  unit: z.enum(['record', 'contributor']).default('record'),
  /** Records of a contributor that one round uses at most. */
  recordsPerContributor: z.int().min(1).max(1000).default(4),
  /** ε and δ: the budget of every window as long as the retention time. */
  epsilon: z.number().positive().max(100).default(4),
  delta: z.number().gt(0).max(0.01).default(1e-5),
  /** ε that a run on a fresh budget may spend. */
  runEpsilon: z.number().positive().max(100).default(2),
  training: NoisedTraining.prefault({}),
});
export type PrivacySettings = z.infer<typeof PrivacySettings>;

/**
 * How many records a region takes and keeps: of one contributor (those without one are not counted), of one token, and in
 * all. A record takes at most some 16 KB of the object's 10 GB.
 */
export const FeedbackSettings = z.strictObject({
  /** Kept; a further one takes the place of the contributor's oldest. */
  recordsPerContributor: z.int().min(1).max(1_000_000).default(1000),
  /** Taken in 24 hours; further ones are refused. */
  recordsPerDay: z.int().min(1).max(1_000_000).default(200),
  /** Taken with one bearer token in 24 hours; further ones are refused. The deployment's own secret is not counted. */
  recordsPerToken: z.int().min(1).max(1_000_000).default(20_000),
  /** Kept in a region; when it is full further ones are refused, and nothing makes room but time and erasure. */
  recordsPerRegion: z.int().min(1).max(500_000).default(200_000),
});
export type FeedbackSettings = z.infer<typeof FeedbackSettings>;

export const CollectionSettings = z.strictObject({
  regions: z.array(RegionName).min(1).max(64).default(['wnam', 'weur', 'apac', 'sam']),
  /** False: the regions hold documents only, and participants from outside train (docs/federation.md). */
  regionsTrain: z.boolean().default(true),
  /** A jurisdiction guarantees a place; a location hint, the region's own name where it is one, is best effort. */
  jurisdiction: z.enum(['eu', 'fedramp']).nullable().default(null),
  /**
   * Folder of the encoder's artifact among the deployment's assets; null: the deployment's own. Another one comes by a
   * re-index.
   */
  encoder: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case letters, digits, dots, dashes and underscores')
    .nullable()
    .default(null),
  /** How often the encoder was changed: the collection's objects bear it in their names. Kept by the service. */
  generation: z.int().nonnegative().default(0),
  adapter: AdapterSettings.default({ kind: 'full' }),
  training: TrainingSettings.prefault({}),
  gate: GateSettings.prefault({}),
  schedule: ScheduleSettings.prefault({}),
  privacy: PrivacySettings.prefault({}),
  feedback: FeedbackSettings.prefault({}),
  /** Share of the units that never train and judge the result instead. */
  heldOutShare: z.number().min(0).max(0.5).default(0.1),
  /** Query records older than this many days are deleted. */
  retentionDays: z.int().min(1).max(3650).default(365),
});
export type CollectionSettings = z.infer<typeof CollectionSettings>;

/** The phases of a run: with noise one, of as many rounds as there are steps. */
export function phasesOf({
  privacy,
  training,
}: Pick<CollectionSettings, 'privacy' | 'training'>): TrainingPhase[] {
  if (privacy.noise === 'off') return training.phases;
  const { train, steps, optimiser } = privacy.training;
  return [TrainingPhase.parse({ train, rounds: 'step', passes: steps, batch: 1_000_000, optimiser })];
}
