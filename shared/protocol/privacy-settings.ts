/** What a collection promises of privacy, who is trusted with what, and how a run trains when noise is on. */
import { z } from 'zod';
import { OptimiserSettings } from './training-settings.ts';

/** Adaptive clipping (Andrew et al. 2021). Its count is part of every step's release, so it costs no privacy beside it. */
export const AdaptiveClip = z.strictObject({
  quantile: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.5)
    .describe('Share of the units whose gradient should need no clipping'),
  rate: z
    .number()
    .gt(0)
    .max(2)
    .default(0.2)
    .describe('η: a step changes c_g by a factor between exp(−η) and exp(η)'),
});
export type AdaptiveClip = z.infer<typeof AdaptiveClip>;

const TEMPERATURE = z.number().positive().max(1000);

/** How a run trains when noise is on: steps on Poisson samples (DP-SGD, Abadi et al. 2016). */
export const NoisedTraining = z.strictObject({
  train: z.enum(['head', 'adapter-and-head']).default('head').describe('What learns'),
  steps: z.int().min(1).max(100_000).default(7).describe('Training rounds of a run'),
  temperature: z
    .strictObject({
      first: TEMPERATURE.describe('τ of the first step'),
      last: TEMPERATURE.describe('τ of the last step'),
    })
    .default({ first: 10, last: 30 })
    .describe('τ, linear between: soft at first, when all queries say much; sharp at the end'),
  margin: z
    .number()
    .min(-2)
    .max(2)
    .default(0.03)
    .describe(
      'Added in training to the cosine of rows that do not learn, as `training.margin` without noise',
    ),
  samplingRate: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('q: every unit is in a step’s sample with this probability, independently'),
  clipNorm: z
    .number()
    .positive()
    .max(1e6)
    .default(1)
    .describe('c_g: the L2 norm to which the gradient of a unit is clipped'),
  adaptiveClip: AdaptiveClip.nullable()
    .default(null)
    .describe('From there on c_g follows a quantile of the gradients’ norms; null: it stays'),
  statisticsShare: z
    .number()
    .min(0.0001)
    .max(0.5)
    .default(0.01)
    .describe('Share of c² that goes to loss, hits, units, and to the count that an adaptive c_g follows'),
  countsShare: z
    .number()
    .min(0.001)
    .max(0.5)
    .default(0.08)
    .describe(
      'Least share of a run’s privacy that goes to the counts from which active rows are chosen: it grows, to one half at most, where by the census there are few questions a document for their noise',
    ),
  projection: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe(
      'Head updates move along so many principal directions of the documents’ embeddings; 0: along all',
    ),
  smoothing: z
    .boolean()
    .default(true)
    .describe(
      'Sums are weighted by the likeness of documents and along the directions in which they differ; has no effect where `projection` is set',
    ),
  averageLast: z
    .number()
    .min(0)
    .max(1)
    .default(0.25)
    .describe(
      'The version is the mean of the parameters over this last share of the steps (Polyak averaging)',
    ),
  inactiveOffset: z
    .number()
    .min(-1)
    .max(1)
    .default(0)
    .describe(
      'Added in serving to the cosine of rows that never learned, as `training.inactiveOffset` without noise',
    ),
  optimiser: OptimiserSettings.prefault({
    kind: 'momentum',
    momentum: 0,
    adapterRate: 0,
    headRate: 0.45,
    scaleByRows: true,
    rowNoise: 1.8,
    decay: 'constant',
    warmup: 0,
  }).describe('How the server follows the sums'),
});
export type NoisedTraining = z.infer<typeof NoisedTraining>;

export const PrivacySettings = z.strictObject({
  aggregation: z
    .enum(['secure', 'plain'])
    .default('secure')
    .describe(
      '`secure`: the coordinator learns sums only. `plain`: it sees every vector. One region alone is always plain',
    ),
  threshold: z
    .int()
    .min(1)
    .max(4096)
    .nullable()
    .default(null)
    .describe('t: the least participants for whom a sum is released; null: ⌊2n/3⌋ + 1'),
  colluders: z
    .int()
    .min(0)
    .max(4095)
    .default(1)
    .describe('m: how many participants may collude with the coordinator'),
  completeUpTo: z
    .int()
    .min(2)
    .max(4096)
    .default(100)
    .describe(
      'Up to so many members all share secrets with all; in a larger roster each with k others, which protects from a coordinator that follows the protocol only (semi-honest), and takes work and bytes that hardly grow',
    ),
  noise: z
    .enum(['on', 'off'])
    .default('on')
    .describe(
      '`on`: everything that leaves a region has differential privacy. `off` is for corpora whose queries are public',
    ),
  unit: z
    .enum(['record', 'contributor'])
    .default('record')
    .describe(
      'What is protected: one query record, or everything of one contributor. Fixed for the collection’s life',
    ),
  recordsPerContributor: z
    .int()
    .min(1)
    .max(1000)
    .default(4)
    .describe('Records of a contributor that one round uses at most'),
  epsilon: z
    .number()
    .positive()
    .max(100)
    .default(4)
    .describe(
      'ε: the budget of every window as long as the retention time. Only shrinks once something was charged, and not below what is spent',
    ),
  delta: z
    .number()
    .gt(0)
    .max(0.01)
    .default(1e-5)
    .describe('δ of that budget; stays once something was charged'),
  runEpsilon: z
    .number()
    .positive()
    .max(100)
    .default(2)
    .describe('ε that a run on a fresh budget may spend, its census too, where `uses` does not say it'),
  uses: z
    .int()
    .min(1)
    .max(100)
    .nullable()
    .default(null)
    .describe(
      'A question is read by so many runs, each of which spends the same part of the budget; null: by as many as `runEpsilon` leaves room for',
    ),
  censusEpsilon: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe(
      'ε of a question that may go to finding out, before a run, whether there are enough questions for one; 0: runs start without asking',
    ),
  training: NoisedTraining.prefault({}).describe('How a run trains when noise is on'),
});
export type PrivacySettings = z.infer<typeof PrivacySettings>;
