/**
 * What the operator of a collection decides. Everything has a default chosen by measurement (docs/decisions); unknown
 * fields are errors. docs/settings.md is made from these descriptions.
 */
import { z } from 'zod';
import { RegionName } from './names.ts';
import { PrivacySettings } from './privacy-settings.ts';
import { AdapterSettings, TrainingPhase, TrainingSettings } from './training-settings.ts';

export const GateSettings = z.strictObject({
  margin: z
    .number()
    .min(-1)
    .max(1)
    .default(0)
    .describe(
      'Publish only if held-out wins minus losses against the serving version reach this share of the held-out units; below 0: if they lose no more than that',
    ),
  confidence: z
    .number()
    .min(0)
    .max(10)
    .default(1)
    .describe('Standard deviations of the noise by which it must clear that margin'),
  probeTolerance: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe(
      'How far the titles of untrained documents may fall behind plain embedding search in finding their document',
    ),
  evaluationTolerance: z
    .number()
    .min(0)
    .max(1)
    .default(0.02)
    .describe(
      'How far a version may fall behind the one that serves on the questions that the operator uploaded (`PUT /v1/evaluation`), as a share of them',
    ),
});
export type GateSettings = z.infer<typeof GateSettings>;

/** `HH:MM`, from 00:00 to 23:59. */
const Clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as 08:30');

/** A stretch of every day, which may go over midnight. */
export const QuietHours = z
  .strictObject({
    from: Clock.describe('Time of day at which they begin, such as 08:30'),
    to: Clock.describe('Time of day at which they end'),
    timeZone: z
      .string()
      .min(1)
      .max(64)
      .refine(isTimeZone, 'a time zone such as UTC or Europe/Berlin')
      .default('UTC')
      .describe('An IANA name such as Europe/Berlin'),
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
  everyHours: z
    .number()
    .min(0)
    .max(8760)
    .default(24)
    .describe('Hours between runs that the cron trigger starts; 0 turns them off'),
  quietHours: QuietHours.nullable()
    .default(null)
    .describe('Within these no run is started by the cron trigger; one that is on goes on. Null: none'),
  phaseDeadlineMs: z
    .int()
    .min(1000)
    .max(86_400_000)
    .default(600_000)
    .describe('How long a round waits for those of whose progress nothing is heard, in milliseconds'),
  secureDeadlineMs: z
    .int()
    .min(1000)
    .max(3_600_000)
    .default(60_000)
    .describe('How long a step of secure aggregation waits, in milliseconds'),
  minParticipants: z
    .int()
    .min(1)
    .max(1000)
    .default(1)
    .describe('Rounds go on with at least this many participants'),
});
export type ScheduleSettings = z.infer<typeof ScheduleSettings>;

/**
 * How many records a region takes and keeps: of one contributor (those without one are not counted), of one token, and in
 * all. A record takes at most some 16 KB of the object's 10 GB.
 */
export const FeedbackSettings = z.strictObject({
  recordsPerContributor: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .describe(
      'Kept of one contributor; a further one is refused, or, where the unit is the contributor, takes the place of the oldest',
    ),
  recordsPerDay: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(200)
    .describe('Taken of one contributor in 24 hours; further ones are refused'),
  recordsPerToken: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .describe(
      'Taken with one bearer token in 24 hours; further ones are refused. The deployment’s own secret is not counted',
    ),
  recordsPerRegion: z
    .int()
    .min(1)
    .max(500_000)
    .default(200_000)
    .describe(
      'Kept in a region; when it is full further ones are refused, and nothing makes room but time and erasure',
    ),
  clicks: z
    .enum(['off', 'on'])
    .default('off')
    .describe(
      'Whether opening a result counts as feedback of its own kind, weaker than what people say: docs/feedback.md',
    ),
  clickWeight: z
    .number()
    .min(0)
    .max(1)
    .default(0.25)
    .describe('What a click weighs at most, beside the 1 of what somebody says'),
  shuffledShare: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.05)
    .describe(
      'Share of the answers beside which the results that they do not cite stand in a random order while `clicks` is on: they show how much of a click is due to its place',
    ),
});
export type FeedbackSettings = z.infer<typeof FeedbackSettings>;

export const IndexSettings = z.strictObject({
  words: z
    .enum(['edge', 'region'])
    .default('edge')
    .describe(
      '`edge`: the regions’ segments (embeddings of passages, and the bag of words of each) go to the places where people ask, as long as all fit there, so that a search asks only the regions that hold what it shows. `region`: they stay in their regions, which search for themselves; so they do wherever `jurisdiction` is set. See docs/privacy.md',
    ),
});
export type IndexSettings = z.infer<typeof IndexSettings>;

/** Which events count at once: none, those that another one agrees with, or all. */
export const MemoryUse = z.enum(['off', 'shared', 'all']);
export type MemoryUse = z.infer<typeof MemoryUse>;

export const CollectionSettings = z
  .strictObject({
    regions: z
      .array(RegionName)
      .min(1)
      .max(64)
      .default(['wnam', 'weur', 'apac', 'sam'])
      .describe(
        'Names of its regions. A name that is a location hint, or begins with one, says where it should lie',
      ),
    regionsTrain: z
      .boolean()
      .default(true)
      .describe('False: the regions hold documents only, and participants from outside train'),
    jurisdiction: z
      .enum(['eu', 'fedramp'])
      .nullable()
      .default(null)
      .describe(
        'Guarantees a place; a location hint, the region’s own name where it is one, is best effort. Null: none',
      ),
    encoder: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case letters, digits, dots, dashes and underscores')
      .nullable()
      .default(null)
      .describe(
        'Folder of the encoder’s artifact among the deployment’s assets; null: the deployment’s own. Another one comes by a re-index',
      ),
    generation: z
      .int()
      .nonnegative()
      .default(0)
      .describe(
        'How often the encoder was changed: the collection’s objects bear it in their names. Kept by the service',
      ),
    adapter: AdapterSettings.default({ kind: 'full' }).describe('Shape of the adapter'),
    training: TrainingSettings.prefault({}).describe('How a run trains when noise is off, and what serves'),
    gate: GateSettings.prefault({}).describe('What a trained version has to reach to serve'),
    schedule: ScheduleSettings.prefault({}).describe('When runs start, and how long a round waits'),
    privacy: PrivacySettings.prefault({}).describe('What is promised, and how'),
    feedback: FeedbackSettings.prefault({}).describe(
      'How many records each region takes and keeps; those without a contributor count for the token and the region only',
    ),
    memory: MemoryUse.default('shared').describe(
      'Whether a region’s own log answers those who ask from there, at once: `shared` where at least two feedback events (contributors, where they are the units) agree on a document, `all` also where one says so. Not covered by ε: see docs/privacy.md',
    ),
    askersNameRegion: z
      .boolean()
      .default(false)
      .describe(
        'Whether `fedcar.asker_region` may say from which region a question comes, for services that ask for others; else the nearest one is taken. Who may name it can ask every region’s memory',
      ),
    freshnessSeconds: z
      .number()
      .min(0)
      .max(300)
      .default(10)
      .describe(
        'How many seconds searches of a place that did not take the request may miss an upload, or another version that serves; 0: they ask each time. `fedcar: { "fresh": true }` asks at once',
      ),
    index: IndexSettings.prefault({}).describe('Where questions are looked up'),
    heldOutShare: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.1)
      .describe('Share of the units that never train and judge the result instead'),
    retentionDays: z
      .int()
      .min(1)
      .max(3650)
      .default(365)
      .describe(
        'Query records older than this many days are deleted. It is the window of the privacy budget, too',
      ),
  })
  .meta({ id: 'CollectionSettings', description: 'What the operator of a collection decides' });
export type CollectionSettings = z.infer<typeof CollectionSettings>;

/** Whether segments may leave their regions for the places where people ask. */
export function isSearchedAtEdge({
  index,
  jurisdiction,
}: Pick<CollectionSettings, 'index' | 'jurisdiction'>): boolean {
  return index.words === 'edge' && jurisdiction === null;
}

/** The phases of a run: with noise one, of as many rounds as there are steps. */
export function phasesOf({
  privacy,
  training,
}: Pick<CollectionSettings, 'privacy' | 'training'>): TrainingPhase[] {
  if (privacy.noise === 'off') return training.phases;
  const { train, steps, optimiser } = privacy.training;
  return [TrainingPhase.parse({ train, rounds: 'step', passes: steps, batch: 1_000_000, optimiser })];
}
