/** What answers say of the schedule: beside the runs, and beside the budget that may hold them back. */
import { z } from '@hono/zod-openapi';
import type { ScheduleInfo } from '../shared/protocol/objects.ts';

export const Schedule = z
  .strictObject({
    /** When the next run starts; null: never, by the settings or by the budget. */
    next_at: z.number().nullable(),
    /** Why a run that is due does not start. */
    waiting: z
      .strictObject({
        reason: z.enum(['quiet_hours', 'privacy_budget', 'no_documents', 'no_roster']),
        detail: z.string(),
      })
      .nullable(),
  })
  .openapi('Schedule');

export function shownSchedule({ nextAt, waiting }: ScheduleInfo): z.infer<typeof Schedule> {
  return { next_at: nextAt, waiting };
}
