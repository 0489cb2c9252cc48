import type { Cohort } from '../../shared/privacy/noise-share.ts';

/** t = ⌊2n/3⌋ + 1 and, as soon as that leaves someone honest, m = 1. */
export function defaultCohort(members: number): Cohort {
  const threshold = Math.floor((2 * members) / 3) + 1;
  return { members, threshold: Math.min(threshold, members), colluders: members > 1 ? 1 : 0 };
}
