/** What is missing of an answer that is put together from regions, because one of them failed or was late. */
import { z } from 'zod';

export const RegionError = z
  .strictObject({
    region: z.string().describe('The region whose part is missing'),
    code: z
      .enum(['region_timeout', 'region_failed', 'storage_full'])
      .describe('Whether it was waited for in vain, failed, or has no room left'),
    detail: z.string().describe('What happened and what is missing, for people'),
  })
  .meta({ id: 'RegionError', description: 'A region whose part is missing' });
export type RegionError = z.infer<typeof RegionError>;
