import { expect, it } from 'vitest';
import { dateTime } from '../../../../workers/dashboard/client/format.ts';
import { afterBudget } from '../../../../workers/dashboard/client/next-run.ts';

const NEXT = Date.UTC(2027, 2, 1, 9);
const spent = { reason: 'privacy_budget' as const, detail: 'a run costs more than all of it' };

it('a budget without room is never shown without the date of the next run', () => {
  expect(afterBudget({ next_at: NEXT, waiting: spent })).toBe(
    `The next one is planned for ${dateTime(NEXT)}.`,
  );
});

it('or why there is none', () => {
  expect(afterBudget({ next_at: null, waiting: spent })).toBe(
    'None is planned: a run costs more than all of it.',
  );
  expect(afterBudget({ next_at: null, waiting: null })).toBe('The schedule starts none.');
});
