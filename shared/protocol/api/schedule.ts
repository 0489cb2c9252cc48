/** What the cron trigger will do: shown beside the runs, and beside the budget that may hold them back. */
import { z } from 'zod';

export const Schedule = z
  .strictObject({
    next_at: z
      .number()
      .nullable()
      .describe(
        'When the next run starts, milliseconds since 1970; null: never, by the settings or by the budget, or while public facts forbid one',
      ),
    reads_from: z
      .number()
      .nullable()
      .describe(
        'It reads the questions that arrived after this moment, milliseconds since 1970: older ones have paid for as many runs as their budget has room for; null where none can pay',
      ),
    uses: z.int().nullable().describe('So many runs may read a question; null where noise is off'),
    census: z
      .strictObject({
        at: z.number().describe('When the last one was taken, milliseconds since 1970'),
        questions: z.int().describe('About so many questions the next run would read, by noised totals'),
        deviation: z.int().describe('Standard deviation of the noise in that'),
        needed: z.int().describe('From about so many on a run helps'),
      })
      .nullable()
      .describe('What censuses say of the questions; null before the first, and where none are taken'),
    waiting: z
      .strictObject({
        reason: z
          .enum(['quiet_hours', 'privacy_budget', 'no_documents', 'no_roster'])
          .describe('What keeps it from starting, for programs'),
        detail: z.string().describe('The same for people'),
      })
      .nullable()
      .describe('Why a run does not start when the clock says, or would not; null where nothing keeps it'),
  })
  .meta({
    id: 'Schedule',
    description: 'When the next scheduled run starts, and why it does not although it is due',
  });
export type Schedule = z.infer<typeof Schedule>;
