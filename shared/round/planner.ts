/**
 * When runs come, and whether there are enough questions for one. The clock, the settings and what was charged decide, and
 * of questions only noised totals that were paid for (censuses): how many came in tells nobody anything beyond those.
 * Runs are spaced geometrically at first, when each has half as much again to read as the one before, and evenly in the
 * long run, so that every question is read by as many runs as its budget has room for. docs/decisions has how the rule
 * was found.
 */
import type { CollectionSettings } from '../protocol/settings.ts';
import type { NoisePlan } from './noise-plan.ts';
import { confidenceFor } from './noised-release.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** After a run, the time since the beginning grows by this factor until the next. */
const RUN_PACE = 1.5;
/** After a census that found too few questions, the time since the beginning grows by this factor. */
const CENSUS_PACE = Math.SQRT2;
const LONGEST_PAUSE_MS = 30 * DAY_MS;
/**
 * Questions a row, times μ of a run: below it training with noise leaves rows worse than their passages (CLINC150, through
 * the system: at 6.5 a candidate loses to plain search, at 11.5 it wins); the gate is there for what is between.
 */
const LEAST_SIGNAL = 8;
/** Standard deviations by which a noised total must clear that: no run is begun for the noise of a census. */
const CONFIDENCE = 2.5;
/** Of more documents than this the number that is asked for grows with the root (Heaps' law). */
const ALL_ASKED = 200;
/** A run follows another only if so much of what it would read is new. */
const LEAST_NEWS = 1 / 8;

/** When runs were tried, milliseconds since 1970. */
export interface Attempts {
  /** Since when documents and members allow a run. */
  readonly readyAt: number;
  /** The last one that was begun, whatever came of it; null before the first. */
  readonly lastAt: number | null;
  /** The last one that trained and was judged. */
  readonly trainedAt: number | null;
}

/** When the next run is tried, by the clock alone; null: never. @param plan null where noise is off */
export function nextAttemptAt(
  { schedule, privacy, retentionDays }: Pick<CollectionSettings, 'schedule' | 'privacy' | 'retentionDays'>,
  plan: Pick<NoisePlan, 'uses' | 'census'> | null,
  { readyAt, lastAt, trainedAt }: Attempts,
): number | null {
  if (schedule.everyHours === 0) return null;
  const least = schedule.everyHours * HOUR_MS;
  if (plan === null) return lastAt === null ? readyAt : lastAt + least;
  if (lastAt === null) return readyAt + least;
  const even = (retentionDays * DAY_MS) / plan.uses;
  const elapsed = Math.max(0, lastAt - readyAt);
  const pause =
    lastAt === trainedAt
      ? Math.min((RUN_PACE - 1) * elapsed, even)
      : Math.min((CENSUS_PACE - 1) * elapsed, LONGEST_PAUSE_MS);
  const next = lastAt + Math.max(least, pause);
  // A contributor pays for every run of a window, so that there are no more than those.
  if (privacy.unit === 'contributor' && trainedAt !== null) return Math.max(next, trainedAt + even);
  return next;
}

/** A noised total of the questions that arrived in (from, at]. */
export interface Census {
  readonly from: number;
  readonly at: number;
  readonly total: number;
  /** Of the noise in `total`. */
  readonly variance: number;
}

/** A noised total, and the standard deviation of its noise. */
export interface Counted {
  readonly total: number;
  readonly deviation: number;
}

/** Questions that arrived after `from`, as censuses know it; of one that began earlier its share by time. */
export function countedSince(censuses: readonly Census[], from: number): Counted {
  let total = 0;
  let variance = 0;
  for (const census of censuses) {
    const length = census.at - census.from;
    const share = Math.min(1, Math.max(0, (census.at - Math.max(from, census.from)) / Math.max(1, length)));
    total += share * census.total;
    variance += share ** 2 * census.variance;
  }
  return { total, deviation: Math.sqrt(variance) };
}

/** How many of so many documents are asked for, before anybody has counted. */
function documentsAsked(documents: number): number {
  return documents <= ALL_ASKED ? documents : Math.sqrt(documents * ALL_ASKED);
}

/**
 * The least of `shares` for which the noise of the counts lets a document stand out that has half as many questions as the
 * mean; the largest where none does.
 * @param countsOf noise multiplier of the counts for a share of the run
 * @param total questions that the run reads, by censuses
 */
export function countsShareFor(
  shares: readonly number[],
  countsOf: (share: number) => number,
  { documents, total }: { documents: number; total: number },
): number {
  const few = total / documentsAsked(documents) / 2;
  const stands = shares.find((share) => confidenceFor(documents) * countsOf(share) <= few);
  return stands ?? shares.at(-1)!;
}

export interface QuestionsNeeded {
  /** Questions that a run should have to read. */
  readonly needed: number;
  /** Of them, those that no run has read. */
  readonly news: number;
}

/**
 * How many questions a run with this noise needs for so many documents, to leave rows better than it found them, and for
 * a total with this noise to say so.
 */
export function questionsNeeded(
  { releases }: Pick<NoisePlan, 'releases'>,
  documents: number,
  { total, deviation }: Counted,
): QuestionsNeeded {
  const signal = releases
    .filter(({ kind }) => kind !== 'gate')
    .reduce((sum, { steps, samplingRate, noiseMultiplier }) => {
      return sum + steps * (samplingRate / noiseMultiplier) ** 2;
    }, 0);
  const asked = documentsAsked(documents);
  const needed = (LEAST_SIGNAL / Math.sqrt(signal)) * asked + CONFIDENCE * deviation;
  return { needed: Math.ceil(needed), news: total * LEAST_NEWS };
}

/** Why a run would not help, in words; null where it may. */
export function tooFewQuestions(options: {
  plan: Pick<NoisePlan, 'releases'>;
  documents: number;
  censuses: readonly Census[];
  /** The run would read what arrived after this. */
  from: number;
  /** The last run read what arrived by then; null where there was none. */
  readUntil: number | null;
}): string | null {
  const { plan, documents, censuses, from, readUntil } = options;
  const counted = countedSince(censuses, from);
  const { total, deviation } = counted;
  const { needed, news } = questionsNeeded(plan, documents, counted);
  const about = (questions: number) => Math.max(0, Math.round(questions)).toLocaleString('en-US');
  const within = `(± ${about(deviation)}, by noised totals)`;
  if (total < needed) {
    const more = about(needed - total);
    return `about ${about(total)} questions ${within} for ${documents} documents, where a run helps from about ${about(needed)} on: some ${more} more are needed`;
  }
  if (readUntil === null) return null;
  const fresh = countedSince(censuses, Math.max(from, readUntil)).total;
  if (fresh >= news) return null;
  return `about ${about(fresh)} questions ${within} have come since the last run, of ${about(total)} that another would read: some ${about(news - fresh)} more are needed`;
}
