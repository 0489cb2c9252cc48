/** /reindex: another encoder for a collection. Everything is made anew beside what serves, which then takes its place. */
import { createRoute } from '@hono/zod-openapi';
import { ReindexAnswer, ReindexRequest } from '../../shared/protocol/api/reindex.ts';
import { problemOf } from '../problem.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';

const tags = ['collections'];

const begin = createRoute({
  method: 'post',
  path: '/reindex',
  summary: 'Change the encoder of a collection',
  description:
    'In the background, while the old one serves; at the end all of the collection switches at once. No training runs meanwhile. May be repeated.',
  tags,
  request: { query: NoQuery, body: body(ReindexRequest) },
  responses: { 202: json(ReindexAnswer, 'It is under way'), ...problems },
});

const show = createRoute({
  method: 'get',
  path: '/reindex',
  summary: 'How far a change of encoder is',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(ReindexAnswer, 'The last one; null when there was none'), ...problems },
});

const cancel = createRoute({
  method: 'delete',
  path: '/reindex',
  summary: 'Cancel a change of encoder before its switch',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(ReindexAnswer, 'It is being undone'), ...problems },
});

export function reindexRoutes() {
  return router()
    .openapi(begin, async (c) => {
      const { services, collection } = c.var;
      const { encoder } = c.req.valid('json');
      const outcome = await services.directory().reindex(collection.name, encoder);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json({ reindex: outcome.value }, 202);
    })
    .openapi(show, async (c) => {
      const outcome = await c.var.services.directory().reindexing(c.var.collection.name);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json({ reindex: outcome.value }, 200);
    })
    .openapi(cancel, async (c) => {
      const outcome = await c.var.services.directory().cancelReindex(c.var.collection.name);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json({ reindex: outcome.value }, 200);
    });
}
