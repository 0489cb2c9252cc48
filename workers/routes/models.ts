/** /models: the versions of a collection's retriever. Version 0 is plain embedding search and always there. */
import { createRoute, z } from '@hono/zod-openapi';
import type { VersionInfo } from '../../shared/protocol/objects.ts';
import { Problem, problemOf } from '../problem.ts';
import { json, NoQuery, problems, router } from '../router.ts';
import type { SnapshotCache } from '../snapshot-cache.ts';

const Version = z
  .strictObject({
    version: z.int(),
    /** Counts additions of rows to the same trained version. */
    revision: z.int(),
    hash: z.string(),
    bytes: z.int(),
    rows: z.int(),
    active_rows: z.int(),
    created_at: z.number(),
    parent: z.int().nullable(),
    run: z.string().nullable(),
    state: z.enum(['serving', 'available', 'rejected']),
    held_out: z
      .strictObject({ units: z.number(), accuracy: z.number(), baseline: z.number(), mips: z.number() })
      .nullable(),
    probe: z.strictObject({ titles: z.number(), found: z.number(), mips: z.number() }).nullable(),
    training: z.record(z.string(), z.unknown()),
  })
  .openapi('ModelVersion');
const Versions = z.strictObject({ versions: z.array(Version) }).openapi('ModelVersions');
const params = z.object({ version: z.coerce.number().int().nonnegative() });
const tags = ['models'];

const list = createRoute({
  method: 'get',
  path: '/models',
  summary: 'Versions, newest first',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(Versions, 'Versions'), ...problems },
});

const one = createRoute({
  method: 'get',
  path: '/models/{version}',
  summary: 'A version',
  tags,
  request: { params, query: NoQuery },
  responses: { 200: json(Version, 'The version'), ...problems },
});

const activate = createRoute({
  method: 'post',
  path: '/models/{version}/activate',
  summary: 'Make a version serve: a rollback, or one that the gate had rejected',
  tags,
  request: { params, query: NoQuery },
  responses: { 200: json(Version, 'The version, serving'), ...problems },
});

function shown({ activeRows, createdAt, heldOut, ...rest }: VersionInfo): z.infer<typeof Version> {
  return { ...rest, active_rows: activeRows, created_at: createdAt, held_out: heldOut };
}

export function modelRoutes(snapshots: SnapshotCache) {
  return router()
    .openapi(list, async (c) => {
      const versions = await c.var.services.coordinator(c.var.collection).versions();
      return c.json({ versions: versions.sort((a, b) => b.version - a.version).map(shown) }, 200);
    })
    .openapi(one, async (c) => {
      const { version } = c.req.valid('param');
      const versions = await c.var.services.coordinator(c.var.collection).versions();
      const found = versions.find((entry) => entry.version === version);
      if (!found) throw new Problem('unknown_version', `There is no version ${version}`);
      return c.json(shown(found), 200);
    })
    .openapi(activate, async (c) => {
      const { version } = c.req.valid('param');
      const outcome = await c.var.services.coordinator(c.var.collection).activate(version);
      if (!outcome.ok) throw problemOf(outcome);
      snapshots.forget(c.var.collection.name);
      return c.json(shown(outcome.value), 200);
    });
}
