/**
 * /models: the versions of a collection's retriever, of which 0 is plain search and always there, and the
 * models that answer, as clients of OpenAI's API list them.
 */
import { createRoute, z } from '@hono/zod-openapi';
import { whyUncertified } from '../../shared/certificate/uncertified.ts';
import { Model, Version, Versions } from '../../shared/protocol/api/version.ts';
import { Certificate } from '../../shared/protocol/certificate.ts';
import { Sha256Hex } from '../../shared/protocol/names.ts';
import { PART_BYTES } from '../../shared/protocol/parameters.ts';
import { MAX_SNAPSHOT_BYTES } from '../../shared/protocol/snapshot.ts';
import { answeringModels, DEFAULT_MODEL } from '../answer/configured.ts';
import { EXTRACTIVE } from '../answer/extractive.ts';
import type { Env } from '../env.ts';
import { Problem, problemOf } from '../problem.ts';
import { json, NoQuery, problems, router } from '../router.ts';
import type { SnapshotCache } from '../snapshot-cache.ts';

const nameParams = z.object({
  version: z.string().min(1).max(256).describe('A version by its number, or a model of `data` by its `id`'),
});
const params = z.object({
  version: z.coerce.number().int().nonnegative().describe('Number of a version'),
});
const sha256 = Sha256Hex.describe('SHA-256 of the whole file, hexadecimal');
const importParams = z.object({ sha256 });
const partParams = z.object({
  sha256,
  part: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_SNAPSHOT_BYTES / PART_BYTES - 1)
    .describe('Place of the part in the file, from 0 on'),
});
const bytes = { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } };
const ImportOptions = z
  .strictObject({
    certificate: Certificate.optional().describe('What `…/certificate` gave where the version was made'),
  })
  .meta({ id: 'ImportOptions', description: 'What comes with an imported version' });
const tags = ['models'];

const list = createRoute({
  method: 'get',
  path: '/models',
  summary: 'Versions, newest first, and the models that answer',
  description: 'Clients of OpenAI’s API list the models that answer from `data`.',
  tags,
  request: { query: NoQuery },
  responses: { 200: json(Versions, 'Versions'), ...problems },
});

const one = createRoute({
  method: 'get',
  path: '/models/{version}',
  summary: 'A version, or a model that answers',
  tags,
  request: { params: nameParams, query: NoQuery },
  responses: { 200: json(z.union([Version, Model]), 'The version, or the model'), ...problems },
});

const activate = createRoute({
  method: 'post',
  path: '/models/{version}/activate',
  summary: 'Make a version serve: a rollback, or one that the gate had rejected',
  tags,
  request: { params, query: NoQuery },
  responses: { 200: json(Version, 'The version, serving'), ...problems },
});

const snapshot = createRoute({
  method: 'get',
  path: '/models/{version}/snapshot',
  summary: 'A version as a file: its rows, its adapter, the keys of its documents; no text and no question',
  tags,
  request: { params, query: NoQuery },
  responses: { 200: { description: 'The bytes; their SHA-256 is the etag', content: bytes }, ...problems },
});

const certificate = createRoute({
  method: 'get',
  path: '/models/{version}/certificate',
  summary: 'What the participants of its run signed of a version: `fedcar privacy verify` checks it',
  tags,
  request: { params, query: NoQuery },
  responses: { 200: json(Certificate, 'The certificate, as far as it was signed'), ...problems },
});

const importPart = createRoute({
  method: 'put',
  path: '/models/imports/{sha256}/{part}',
  summary: 'A part of an exported version: 1 MiB, the last one shorter',
  description: 'One file at a time: a part of another file takes the place of what was uploaded before.',
  tags,
  request: { params: partParams, query: NoQuery, body: { required: true, content: bytes } },
  responses: { 204: { description: 'Kept' }, ...problems },
});

const importVersion = createRoute({
  method: 'post',
  path: '/models/imports/{sha256}',
  summary: 'Make a version of the parts; it serves once it is activated',
  description: 'A certificate that does not hold, or is of another version than the file, is refused.',
  tags,
  request: {
    params: importParams,
    query: NoQuery,
    body: { required: false, content: { 'application/json': { schema: ImportOptions } } },
  },
  responses: { 201: json(Version, 'The version, available'), ...problems },
});

function modelsOf(env: Env, versions: readonly Version[]): Model[] {
  const created = Math.floor((versions.find(({ state }) => state === 'serving')?.created_at ?? 0) / 1000);
  return answeringModels(env).map((id) => {
    const ours = id === DEFAULT_MODEL || id === EXTRACTIVE;
    return { id, object: 'model', created, owned_by: ours ? 'fedcar' : 'operator' };
  });
}

export function modelRoutes(snapshots: SnapshotCache) {
  return router()
    .openapi(list, async (c) => {
      const versions = await c.var.services.coordinator(c.var.collection).versions();
      versions.sort((a, b) => b.version - a.version);
      const data = modelsOf(c.env, versions);
      return c.json({ versions, object: 'list' as const, data }, 200);
    })
    .openapi(one, async (c) => {
      const { version } = c.req.valid('param');
      const versions = await c.var.services.coordinator(c.var.collection).versions();
      const found = versions.find((entry) => String(entry.version) === version);
      if (found) return c.json(found, 200);
      const model = modelsOf(c.env, versions).find(({ id }) => id === version);
      if (model) return c.json(model, 200);
      throw new Problem('unknown_version', 'There is no version and no model of this name');
    })
    .openapi(activate, async (c) => {
      const { version } = c.req.valid('param');
      const outcome = await c.var.services.coordinator(c.var.collection).activate(version);
      if (!outcome.ok) throw problemOf(outcome);
      snapshots.outdate(c.var.collection.name);
      return c.json(outcome.value, 200);
    })
    .openapi(snapshot, async (c) => {
      const { version } = c.req.valid('param');
      const coordinator = c.var.services.coordinator(c.var.collection);
      const pointer = await coordinator.complete(version);
      if (pointer === null) throw new Problem('unknown_version', `There is no version ${version}`);
      const part = (index: number) => coordinator.snapshotPart(pointer.hash, index);
      const headers = {
        etag: `"${pointer.hash}"`,
        'content-type': 'application/octet-stream',
        'content-length': String(pointer.bytes),
      };
      if (c.req.header('if-none-match') === headers.etag) return c.body(null, 304, { etag: headers.etag });
      return c.body(partsOf(pointer.parts, part), 200, headers);
    })
    .openapi(certificate, async (c) => {
      const { version } = c.req.valid('param');
      const coordinator = c.var.services.coordinator(c.var.collection);
      const found = await coordinator.certificate(version);
      if (found !== null) return c.json(found, 200);
      const all = await coordinator.versions();
      const uncertified = all.find((entry) => entry.version === version);
      if (uncertified === undefined) throw new Problem('unknown_version', `There is no version ${version}`);
      throw new Problem('no_certificate', whyUncertified(uncertified, all));
    })
    .openapi(importPart, async (c) => {
      const { sha256, part } = c.req.valid('param');
      const given = new Uint8Array(await c.req.arrayBuffer());
      if (given.length === 0 || given.length > PART_BYTES) {
        throw new Problem('invalid_request', `body: 1 to ${PART_BYTES} bytes, got ${given.length}`);
      }
      await c.var.services.coordinator(c.var.collection).importPart(sha256, part, given);
      return c.body(null, 204);
    })
    .openapi(importVersion, async (c) => {
      const { sha256 } = c.req.valid('param');
      const { certificate = null } = c.req.valid('json');
      const outcome = await c.var.services.coordinator(c.var.collection).importVersion(sha256, certificate);
      if (!outcome.ok) throw problemOf(outcome);
      return c.json(outcome.value, 201);
    });
}

/** Parts one after another, as the reader takes them: a snapshot never lies in memory whole. */
function partsOf(
  count: number,
  part: (index: number) => Promise<Uint8Array | null>,
): ReadableStream<Uint8Array> {
  let index = 0;
  return new ReadableStream({
    async pull(controller) {
      if (index === count) return controller.close();
      const piece = await part(index);
      if (piece === null) return controller.error(new Error(`part ${index} of ${count} is gone`));
      index += 1;
      controller.enqueue(piece);
    },
  });
}
