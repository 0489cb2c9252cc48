/** What is said where the budget has no room for a run now: never without the date of the next one, or why there is none. */
import type { Schedule } from '../../../shared/protocol/api/schedule.ts';
import { dateTime } from './format.ts';

export function afterBudget({ next_at, waiting }: Pick<Schedule, 'next_at' | 'waiting'>): string {
  if (next_at !== null) return `The next one is planned for ${dateTime(next_at)}.`;
  return waiting === null ? 'The schedule starts none.' : `None is planned: ${waiting.detail}.`;
}
