import type { OpenAPIHono, z } from '@hono/zod-openapi';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../../../workers/app.ts';
import { EXAMPLES } from '../../../../workers/docs/examples.ts';
import { anchorOf, limitsOf, METHODS, type OpenApi, typeOf } from '../../../../workers/docs/reference.ts';
import type { Env } from '../../../../workers/env.ts';
import { memoryServices } from '../../../helpers/memory-services.ts';
import { snapshotOf } from '../../../helpers/snapshots.ts';

const services = memoryServices({
  snapshot: snapshotOf([{ item: 'a', region: 'weur', vector: [1, 0] }]),
  regions: { weur: 'answers' },
  embed: () => Float32Array.of(1, 0),
});
const app = createApp(() => services);
const context = { waitUntil: () => {}, passThroughOnException: () => {} } as unknown as ExecutionContext;
const get = (path: string) => app.request(path, {}, {} as Env, context);

let page = '';
let document: OpenApi;

beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  page = await (await get('/docs')).text();
  document = (await (await get('/openapi.json')).json()) as OpenApi;
});

const idsOf = (text: string) => [...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id as string);

describe('the page', () => {
  it('has a place for every route that the document describes', () => {
    const routes = Object.entries(document.paths ?? {})
      .filter(([path]) => !path.includes('/{collection}/'))
      .flatMap(([path, item]) =>
        METHODS.filter((method) => item[method] !== undefined).map((method) => anchorOf(method, path)),
      );
    expect(routes.length).toBeGreaterThan(20);
    expect(idsOf(page)).toEqual(expect.arrayContaining(routes));
  });

  it('has every place once, and leads nowhere else', () => {
    const ids = idsOf(page);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, target]) => target as string);
    expect(links.filter((target) => !ids.includes(target))).toEqual([]);
    for (const name of Object.keys(document.components?.schemas ?? {}))
      expect(ids).toContain(`schema-${name}`);
  });
});

describe('examples', () => {
  type Media = Record<string, { schema?: z.ZodType } | undefined> | undefined;
  const routeOf = (name: string) => {
    for (const definition of (app as OpenAPIHono).openAPIRegistry.definitions) {
      if (definition.type !== 'route') continue;
      if (`${definition.route.method} ${definition.route.path}` === name) return definition.route;
    }
    throw new Error(`there is no route ${name}`);
  };

  it.each(Object.keys(EXAMPLES))('%s takes its example and may answer as shown', (name) => {
    const { request, response } = EXAMPLES[name] ?? {};
    const route = routeOf(name);
    const asked = (route.request?.body?.content as Media)?.['application/json']?.schema;
    expect(asked?.safeParse(request)).toMatchObject({ success: true });
    if (response === undefined) return;
    const answered = (route.responses['200'] as { content?: Media } | undefined)?.content;
    expect(answered?.['application/json']?.schema?.safeParse(response)).toMatchObject({ success: true });
  });

  it('stand in the OpenAPI document', () => {
    const operation = document.paths?.['/v1/search']?.post;
    if (operation === undefined || Array.isArray(operation))
      throw new Error('POST /v1/search is not described');
    const { request } = EXAMPLES['post /v1/search'] ?? {};
    expect(operation.requestBody?.content?.['application/json']?.example).toEqual(request);
  });
});

describe('schemas in words', () => {
  it.each([
    [{ $ref: '#/components/schemas/Chunk' }, 'Chunk'],
    [{ type: 'array', items: { type: 'string' } }, 'array of string'],
    [{ type: ['integer', 'null'] }, 'integer or null'],
    [{ enum: ['a', 'b'] }, '"a" or "b"'],
    [{ anyOf: [{ const: 'latest' }, { type: 'integer' }] }, '"latest" or integer'],
    [{}, 'any'],
  ])('%j is %s', (schema, words) => {
    expect(typeOf(schema)).toBe(words);
  });

  it('name limits and defaults, and not those that say nothing', () => {
    expect(limitsOf({ type: 'integer', minimum: 1, maximum: 50, default: 10 })).toEqual([
      '1 to 50',
      'default 10',
    ]);
    expect(limitsOf({ type: 'string', maxLength: 4096 })).toEqual(['at most 4096 characters']);
    const safe = { minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
    expect(limitsOf({ type: 'integer', ...safe })).toEqual([]);
  });

  it('give anchors that people can read', () => {
    expect(anchorOf('post', '/v1/models/{version}/activate')).toBe('post-models-version-activate');
    expect(anchorOf('get', '/healthz')).toBe('get-healthz');
  });
});
