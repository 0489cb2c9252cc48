/**
 * Censuses that were taken, among the Coordinator's values: noised totals of the questions that arrived in stretches of
 * time which follow each other, so that each question is read by one. They outlive a collection, as its ledger does.
 */
import type { Census } from '../../shared/round/planner.ts';
import type { Values } from '../values.ts';

export const CENSUSES = 'censuses';

export function censusesOf(values: Values): Census[] {
  return values.get<Census[]>(CENSUSES) ?? [];
}

/** The next census reads what arrived after this moment. @param oldest what is older is not kept */
export function uncountedSince(values: Values, oldest: number): number {
  return Math.max(oldest, censusesOf(values).at(-1)?.at ?? oldest);
}

/** @param oldest what ended before is forgotten */
export function addCensus(values: Values, census: Census, oldest: number): Census[] {
  const all = [...censusesOf(values), census].filter(({ at }) => at >= oldest);
  values.set(CENSUSES, all);
  return all;
}
