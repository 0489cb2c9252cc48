/** /reindex: another encoder for a collection. Everything is made anew beside what serves, which then takes its place. */
import { createRoute, z } from '@hono/zod-openapi';
import type { ReindexInfo } from '../../shared/protocol/objects.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { problemOf } from '../problem.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';

const Begin = z
  .strictObject({
    /** Folder of the artifact among the deployment's assets; null: the deployment's own encoder. */
    encoder: CollectionSettings.shape.encoder.unwrap(),
  })
  .openapi('ReindexRequest');
const Reindex = z
  .strictObject({
    state: z.enum(['building', 'cancelling', 'cancelled', 'done']),
    encoder: z.string().nullable(),
    /** `sha256` is of the artifact's manifest, which names its files by their hashes. */
    model: z.strictObject({ name: z.string(), sha256: z.string() }),
    started_at: z.number(),
    /** When the new encoder began to serve. */
    switched_at: z.number().nullable(),
    /** What is left to do; null where that is not known yet. */
    regions: z.array(
      z.strictObject({
        region: z.string(),
        items_left: z.int().nullable(),
        records_left: z.int().nullable(),
        caught_up: z.boolean(),
      }),
    ),
  })
  .openapi('Reindex');
const Answer = z.strictObject({ reindex: Reindex.nullable() }).openapi('ReindexAnswer');
const tags = ['collections'];

const begin = createRoute({
  method: 'post',
  path: '/reindex',
  summary: 'Change the encoder of a collection',
  description:
    'In the background, while the old one serves; at the end all of the collection switches at once. No training runs meanwhile. May be repeated.',
  tags,
  request: { query: NoQuery, body: body(Begin) },
  responses: { 202: json(Answer, 'It is under way'), ...problems },
});

const show = createRoute({
  method: 'get',
  path: '/reindex',
  summary: 'How far a change of encoder is',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(Answer, 'The last one; null when there was none'), ...problems },
});

const cancel = createRoute({
  method: 'delete',
  path: '/reindex',
  summary: 'Cancel a change of encoder before its switch',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(Answer, 'It is being undone'), ...problems },
});

function shown(info: ReindexInfo | null): z.infer<typeof Answer> {
  if (info === null) return { reindex: null };
  const { startedAt, switchedAt, regions, ...rest } = info;
  return {
    reindex: {
      ...rest,
      started_at: startedAt,
      switched_at: switchedAt,
      regions: regions.map(({ region, items, records, caughtUp }) => ({
        region,
        items_left: items,
        records_left: records,
        caught_up: caughtUp,
      })),
    },
  };
}

export function reindexRoutes() {
  return router()
    .openapi(begin, async (c) => {
      const { services, collection } = c.var;
      const { encoder } = c.req.valid('json');
      const outcome = await services.directory().reindex(collection.name, encoder);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json(shown(outcome.value), 202);
    })
    .openapi(show, async (c) => {
      const outcome = await c.var.services.directory().reindexing(c.var.collection.name);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json(shown(outcome.value), 200);
    })
    .openapi(cancel, async (c) => {
      const outcome = await c.var.services.directory().cancelReindex(c.var.collection.name);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json(shown(outcome.value), 200);
    });
}
