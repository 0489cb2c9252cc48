/** What the health routes answer when all is well. */
import { z } from 'zod';

export const Status = z
  .strictObject({ status: z.literal('ok').describe('All is well; anything else is a problem document') })
  .meta({ id: 'Status', description: 'All is well' });
export type Status = z.infer<typeof Status>;
