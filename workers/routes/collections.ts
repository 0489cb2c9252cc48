/** /collections: separate tenants, each with its own coordinator, regions and versions. */
import { createRoute, z } from '@hono/zod-openapi';
import {
  Collection,
  CollectionChange,
  CollectionCreation,
  CollectionList,
} from '../../shared/protocol/api/collection.ts';
import { CollectionName } from '../../shared/protocol/names.ts';
import type { Collections } from '../collections.ts';
import { problemOf } from '../problem.ts';
import { body, json, NoQuery, problems, router } from '../router.ts';

const params = z.object({ name: CollectionName.describe('Name of a collection') });
const tags = ['collections'];

const list = createRoute({
  method: 'get',
  path: '/collections',
  summary: 'All collections',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(CollectionList, 'Collections'), ...problems },
});

const create = createRoute({
  method: 'post',
  path: '/collections',
  summary: 'Create a collection with its settings',
  tags,
  request: { query: NoQuery, body: body(CollectionCreation) },
  responses: { 201: json(Collection, 'The collection'), ...problems },
});

const one = createRoute({
  method: 'get',
  path: '/collections/{name}',
  summary: 'A collection and its settings',
  tags,
  request: { params, query: NoQuery },
  responses: { 200: json(Collection, 'The collection'), ...problems },
});

const update = createRoute({
  method: 'patch',
  path: '/collections/{name}',
  summary: 'Change settings of a collection',
  description:
    'What is left out stays. Some settings are fixed for the life of a collection, the privacy budget only shrinks, and nothing changes while a run is on.',
  tags,
  request: { params, query: NoQuery, body: body(CollectionChange) },
  responses: { 200: json(Collection, 'The collection as it is now'), ...problems },
});

const remove = createRoute({
  method: 'delete',
  path: '/collections/{name}',
  summary: 'Delete a collection with everything in it',
  tags,
  request: { params, query: NoQuery },
  responses: { 204: { description: 'Deleted' }, ...problems },
});

/** @param caches what the isolate keeps of collections */
export function collectionRoutes(
  collections: Collections,
  caches: readonly { forget(collection: string): void }[],
) {
  return router()
    .openapi(list, async (c) => {
      const all = await c.var.services.directory().collections();
      return c.json({ collections: all }, 200);
    })
    .openapi(create, async (c) => {
      const { name, settings } = c.req.valid('json');
      const outcome = await c.var.services.directory().create(name, settings);
      if (!outcome.ok) throw problemOf(outcome);
      collections.forget(name);
      return c.json(outcome.value, 201);
    })
    .openapi(one, async (c) => {
      const outcome = await c.var.services.directory().collection(c.req.valid('param').name);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json(outcome.value, 200);
    })
    .openapi(update, async (c) => {
      const { name } = c.req.valid('param');
      const outcome = await c.var.services.directory().update(name, c.req.valid('json').settings);
      if (!outcome.ok) throw problemOf(outcome);
      collections.forget(name);
      return c.json(outcome.value, 200);
    })
    .openapi(remove, async (c) => {
      const { name } = c.req.valid('param');
      const outcome = await c.var.services.directory().remove(name);
      if (!outcome.ok) throw problemOf(outcome);
      collections.forget(name);
      for (const cache of caches) cache.forget(name);
      return c.body(null, 204);
    });
}
