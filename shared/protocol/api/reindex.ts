/** A change of a collection's encoder: everything is made anew beside what serves, which then takes its place. */
import { z } from 'zod';
import { CollectionSettings } from '../settings.ts';

export const ReindexRequest = z
  .strictObject({
    encoder: CollectionSettings.shape.encoder
      .unwrap()
      .describe('Folder of the artifact among the deployment’s assets; null: the deployment’s own encoder'),
  })
  .meta({ id: 'ReindexRequest', description: 'Which encoder the collection should have' });
export type ReindexRequest = z.infer<typeof ReindexRequest>;

export const Reindex = z.strictObject({
  state: z
    .enum(['building', 'cancelling', 'cancelled', 'done'])
    .describe('`building`: the old encoder serves; `done`: the new one does'),
  encoder: z.string().nullable().describe('Folder of the new encoder; null: the deployment’s own'),
  model: z
    .strictObject({
      name: z.string().describe('Name of the encoder'),
      sha256: z
        .string()
        .describe('SHA-256 of its manifest, hexadecimal; the manifest names its files by their hashes'),
    })
    .describe('The new encoder'),
  started_at: z.number().describe('When the change began, milliseconds since 1970'),
  switched_at: z.number().nullable().describe('When the new encoder began to serve; null before'),
  regions: z
    .array(
      z.strictObject({
        region: z.string().describe('Name of the region'),
        items_left: z.int().nullable().describe('Documents still to be taken over; null while unknown'),
        records_left: z.int().nullable().describe('Query records still to be taken over; null while unknown'),
        caught_up: z.boolean().describe('Whether the region has everything, but for what comes in now'),
      }),
    )
    .describe('What is left to do in each region'),
  problem: z.string().nullable().describe('Why it does not switch although everything is there'),
});
export type Reindex = z.infer<typeof Reindex>;

export const ReindexAnswer = z
  .strictObject({ reindex: Reindex.nullable().describe('The last change of encoder; null: there was none') })
  .meta({ id: 'ReindexAnswer', description: 'How far a change of encoder is' });
export type ReindexAnswer = z.infer<typeof ReindexAnswer>;
