/** What the cron trigger will do: shown beside the runs, and beside the budget that may hold them back. */
import { z } from 'zod';

export const Schedule = z
  .strictObject({
    next_at: z
      .number()
      .nullable()
      .describe(
        'When the next run starts, milliseconds since 1970; null: never, by the settings or by the budget',
      ),
    waiting: z
      .strictObject({
        reason: z
          .enum(['quiet_hours', 'privacy_budget', 'no_documents', 'no_roster'])
          .describe('What keeps it from starting, for programs'),
        detail: z.string().describe('The same for people'),
      })
      .nullable()
      .describe('Why a run that is due does not start; null where none is due'),
  })
  .meta({
    id: 'Schedule',
    description: 'When the next scheduled run starts, and why it does not although it is due',
  });
export type Schedule = z.infer<typeof Schedule>;
