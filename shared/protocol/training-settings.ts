/**
 * How a collection's retriever is trained: the adapter's shape, the phases of a run without noise, the optimiser. Every
 * default was chosen by measurement (docs/decisions).
 */
import { z } from 'zod';

export const AdapterSettings = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('full').describe('A matrix of the encoder’s width') }),
  z.strictObject({
    kind: z.literal('low-rank').describe('The product of two narrow matrices'),
    rank: z.int().min(1).max(128).describe('`low-rank`: the inner width of its two matrices'),
  }),
  z.strictObject({ kind: z.literal('none').describe('The head alone learns') }),
]);
export type AdapterSettings = z.infer<typeof AdapterSettings>;

/** Server optimiser (Reddi et al. 2021): the aggregate is a pseudo-gradient. */
export const OptimiserSettings = z.strictObject({
  kind: z.enum(['momentum', 'adam']).default('adam').describe('Rule by which the server follows a sum'),
  momentum: z.number().min(0).max(0.999).default(0.9).describe('Share of the last step that is kept'),
  beta2: z
    .number()
    .min(0)
    .max(0.99999)
    .default(0.99)
    .describe('Adam: share of the second moment that is kept'),
  epsilon: z.number().positive().default(1e-8).describe('Adam: keeps its division away from zero'),
  adapterRate: z.number().min(0).max(100).default(5e-4).describe('Learning rate of the adapter'),
  headRate: z.number().min(0).max(100).default(5e-3).describe('Learning rate of the head'),
  scaleByRows: z
    .boolean()
    .default(false)
    .describe(
      'Multiplies the head’s rate by the number of active rows: each row sees about one unit in so many',
    ),
  rowNoise: z
    .number()
    .min(0)
    .max(1000)
    .default(0)
    .describe(
      'With noise, the head’s rate is at most such that the noise of all steps adds up to this length in a row where its questions can move it as far, and to less where they can move it less far, or farther; 0: no such limit',
    ),
  decay: z
    .enum(['constant', 'linear', 'cosine'])
    .default('cosine')
    .describe('How learning rates fall from their value to nothing over a run'),
  warmup: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.05)
    .describe('Share of the run’s first steps in which the rates rise from nothing'),
});
export type OptimiserSettings = z.infer<typeof OptimiserSettings>;

/** Several local steps per round (McMahan et al. 2017). */
export const LocalSteps = z.strictObject({
  rate: z.number().positive().default(0.1).describe('Learning rate of a local step'),
  momentum: z.number().min(0).max(0.999).default(0.9).describe('Share of the last local step that is kept'),
  batch: z.int().min(1).max(4096).default(64).describe('Units of a local step'),
});
export type LocalSteps = z.infer<typeof LocalSteps>;

/** A stretch of a run with one kind of round and one optimiser, which starts afresh. */
export const TrainingPhase = z.strictObject({
  train: z
    .enum(['head', 'adapter-and-head'])
    .describe('`head`: only the head learns, from query embeddings that are made once'),
  rounds: z
    .enum(['step', 'local'])
    .default('step')
    .describe(
      '`step`: a round is one step of the server optimiser on the sum of gradients. `local`: a round is a local epoch',
    ),
  passes: z
    .number()
    .min(0)
    .max(1000)
    .nullable()
    .default(null)
    .describe(
      'Passes over the data; null: twelve local epochs, or five passes in rounds of one step, and three where there are more rows than units in a round, so that the adapter learns alone',
    ),
  batch: z
    .int()
    .min(1)
    .max(1_000_000)
    .nullable()
    .default(null)
    .describe(
      'Units that a round of one step should see over all regions together; null: 256, or 128 for each participant where that is more, up to 2,048, at rates that grow with the square root',
    ),
  optimiser: OptimiserSettings.prefault({}).describe('How the server follows the sums'),
  local: LocalSteps.prefault({}).describe('Steps within a local epoch'),
});
export type TrainingPhase = z.infer<typeof TrainingPhase>;

/** Of units whose answer is certain: what one counts for is one over it, and must not drown the others. */
export const LEAST_CHANCE = 0.05;

/** Chosen by measurement: docs/decisions. */
const DEFAULT_PHASES: z.input<typeof TrainingPhase>[] = [
  {
    train: 'adapter-and-head',
    rounds: 'step',
    optimiser: { adapterRate: 1e-3, headRate: 3e-3, decay: 'linear', warmup: 0 },
  },
  {
    train: 'head',
    rounds: 'local',
    optimiser: { kind: 'momentum', momentum: 0.6, adapterRate: 1, headRate: 1, decay: 'constant', warmup: 0 },
  },
];

export const TrainingSettings = z.strictObject({
  phases: z
    .array(TrainingPhase)
    .min(1)
    .max(8)
    .prefault(DEFAULT_PHASES)
    .describe('Phases of a run without noise, one after the other; with noise, `privacy.training` says how'),
  temperature: z.number().positive().max(1000).default(20).describe('τ: logits are τ times the cosine'),
  clipNorm: z
    .number()
    .positive()
    .max(1e6)
    .default(20)
    .describe('c_g: the L2 norm to which the gradient of a unit is clipped'),
  tokenDropout: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.1)
    .describe('Share of a query’s tokens that are left out at random wherever the adapter learns from it'),
  leastChance: z
    .number()
    .min(LEAST_CHANCE)
    .max(1)
    .default(0.2)
    .describe(
      'Where the adapter learns without noise, a query that an earlier pass of the run answered with certainty takes part in a pass with this probability, at a weight of one over it; 1: every query takes part in every pass',
    ),
  activeThreshold: z
    .number()
    .min(1)
    .max(1e6)
    .default(1)
    .describe('A row learns from this many training queries on'),
  inactiveThreshold: z
    .number()
    .min(0)
    .max(1e6)
    .default(0)
    .describe(
      'A row that was active reverts to its passage’s embedding at this count, which is below `activeThreshold`',
    ),
  rowPrior: z
    .number()
    .min(0)
    .max(1e6)
    .default(0.5)
    .describe('Queries that a passage’s own embedding counts for in its row as it is served'),
  margin: z
    .number()
    .min(-2)
    .max(2)
    .default(-0.1)
    .describe('Added in training to the cosine of rows that do not learn: they compete at their fixed place'),
  fixedRows: z
    .int()
    .min(0)
    .max(100_000)
    .default(2048)
    .describe('So many rows that do not learn compete at most, chosen at random: they travel with every run'),
  inactiveOffset: z
    .number()
    .min(-1)
    .max(1)
    .default(0.1)
    .describe(
      'Added in serving to the cosine of rows that never learned, so that trained rows do not shout them down; where they are not half of the rows, adjusted by the logarithm of the odds. Where an eighth of the documents with questions is four or more, a run without noise finds it, and begins its search here; 0: it is not looked for',
    ),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .nullable()
    .default(null)
    .describe('Makes shuffles and starting points repeatable; null: random'),
});
export type TrainingSettings = z.infer<typeof TrainingSettings>;
