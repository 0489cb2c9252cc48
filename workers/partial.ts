/** Answers put together from regions: those that fail or are late cost their own part only, and are named. */
import { errorText, logLine } from '../shared/log.ts';
import type { RegionError } from '../shared/protocol/api/region-error.ts';
import { DeadlineError, within } from './deadline.ts';
import { ObjectFailure, regionError } from './object-failure.ts';
import { Problem } from './problem.ts';

/** How long the part of one region is waited for. */
export const REGION_DEADLINE_MS = 5_000;

/** Says in the log what became of a region's part, and to the caller what is missing. */
export function missing(region: string, error: unknown, what: string): RegionError {
  if (!(error instanceof DeadlineError))
    logLine('region_failed', { level: 'error', region, error: errorText(error) });
  return regionError(region, error, what);
}

/**
 * What each region answers, by name, and which of them did not.
 * @param what what an answer without a region lacks: `its documents are missing`
 * @throws the failure of a region when no region answered; Problem when all were late
 */
export async function askRegions<T>(
  regions: readonly string[],
  what: string,
  ask: (region: string) => Promise<T>,
): Promise<{ answers: Map<string, T>; errors: RegionError[] }> {
  const answers = new Map<string, T>();
  const errors: RegionError[] = [];
  const failures: ObjectFailure[] = [];
  await Promise.all(
    regions.map(async (name) => {
      try {
        answers.set(name, await within(REGION_DEADLINE_MS, `region ${name}`, ask(name)));
      } catch (error) {
        if (error instanceof ObjectFailure) failures.push(error);
        else if (!(error instanceof DeadlineError)) throw error;
        errors.push(missing(name, error, what));
      }
    }),
  );
  errors.sort((a, b) => (a.region < b.region ? -1 : 1));
  if (answers.size > 0 || errors.length === 0) return { answers, errors };
  const detail = errors.map((error) => error.detail).join('; ');
  throw failures[0] ?? new Problem('unavailable', detail, { headers: { 'retry-after': '10' } });
}
