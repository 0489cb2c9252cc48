/** Which run the page shows: one that failed does not hide the last good one. Pure. */
import type { Run } from '../../../shared/protocol/api/run.ts';
import type { Version } from '../../../shared/protocol/api/version.ts';

export interface KnownRuns {
  /** Newest first. */
  runs: readonly Pick<Run, 'run' | 'state'>[];
  versions: readonly Pick<Version, 'state' | 'run'>[];
  /** What the reader chose; null: nothing. */
  chosen: string | null;
}

/** Its name; null where there is none. */
export function shownRun({ runs, versions, chosen }: KnownRuns): string | null {
  const newest = runs[0];
  if (chosen !== null || newest === undefined) return chosen;
  if (newest.state === 'running') return newest.run;
  const published = runs.find(({ state }) => state === 'published')?.run;
  // Further back than the list goes.
  const serving = versions.find(({ state }) => state === 'serving')?.run;
  return published ?? serving ?? newest.run;
}
