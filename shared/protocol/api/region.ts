/** Where a collection's documents lie, and how often they are asked for as far as rounds released it. */
import { z } from 'zod';

/** How many units asked for the documents of a region, as the last counting round released it. */
export const Demand = z.strictObject({
  units: z.number().describe('Units that asked for its documents, with the noise in their number'),
  deviation: z.number().describe('Standard deviation of that noise; 0 where noise is off'),
  at: z.number().describe('When the counting round was, milliseconds since 1970'),
});
export type Demand = z.infer<typeof Demand>;

/** Where a region takes part in another operator's rounds. */
export const JoinedHub = z.strictObject({
  hub: z.string().describe('Address of that deployment'),
  problem: z.string().nullable().describe('Why it does not take part; null where it does'),
});

export const Region = z
  .strictObject({
    region: z.string().describe('Name of the region'),
    items: z.int().describe('Documents that it holds'),
    passages: z.int().describe('Pieces of them that are searched'),
    waiting: z.int().describe('Of them, those that are not found yet: they wait for their embedding'),
    last_contribution_at: z
      .number()
      .nullable()
      .describe('When it last contributed to a round, milliseconds since 1970; null before the first'),
    asked_for: Demand.nullable().describe(
      'How often its documents are asked for, wherever that is; null before the first counting round',
    ),
    join: JoinedHub.nullable().describe(
      'The deployment of another operator whose rounds it takes part in; null where these are its own collection’s',
    ),
  })
  .meta({ id: 'Region', description: 'A region of the collection' });
export type Region = z.infer<typeof Region>;

export const Regions = z
  .strictObject({
    regions: z.array(Region).describe('Regions that answered'),
    away: z
      .array(z.string())
      .describe('Regions of the collection that did not answer; nothing is known of them now'),
  })
  .meta({ id: 'Regions', description: 'Regions with their documents and last contribution to training' });
export type Regions = z.infer<typeof Regions>;
