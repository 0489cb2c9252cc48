import { afterEach, describe, expect, it, vi } from 'vitest';
import { EngineError } from '../../../models/session/engine-error.ts';
import { createApp } from '../../../workers/app.ts';
import type { Env } from '../../../workers/env.ts';
import { MAX_BODY_BYTES } from '../../../workers/middleware/body.ts';
import { memoryServices } from '../../helpers/memory-services.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';

const snapshot = snapshotOf([
  { item: 'a', region: 'weur', vector: [1, 0] },
  { item: 'b', region: 'apac', vector: [0, 1] },
]);
const development = { FEDCAR_ENVIRONMENT: 'development' } as Env;
const context = { waitUntil: () => {}, passThroughOnException: () => {} } as unknown as ExecutionContext;

function app() {
  const services = memoryServices({
    snapshot,
    regions: { weur: 'answers', apac: 'answers' },
    embed: () => Float32Array.of(1, 0),
  });
  const made = createApp(() => services);
  return async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const init: RequestInit = { method, headers: { 'content-type': 'application/json', ...headers } };
    if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await made.request(path, init, development, context);
    return { response, json: (await response.json().catch(() => null)) as Record<string, unknown> };
  };
}

describe('search over HTTP', () => {
  it('answers in the shape that is documented', async () => {
    const { response, json } = await app()('POST', '/v1/search', {
      query: 'hello',
      fedcar: { explain: true },
    });
    expect(response.status).toBe(200);
    expect(json).toEqual({
      search_query: 'hello',
      model_version: 1,
      errors: [],
      chunks: [
        {
          id: 'a#0',
          type: 'text',
          score: expect.any(Number),
          text: 'a#0',
          item: { key: 'a', title: 'a', region: 'weur', timestamp: 0, metadata: {} },
          scoring_details: {
            ...{ base_score: null, head_score: expect.closeTo(1, 5), vector_score: expect.any(Number) },
            ...{ vector_rank: 1, keyword_score: 0, fusion_method: 'sum' },
          },
        },
        expect.objectContaining({ id: 'b#0' }),
      ],
    });
    expect(response.headers.get('server-timing')).toMatch(/embed.*score.*passages.*total/);
    expect(response.headers.get('x-request-id')).toBeTruthy();
  });

  it('by vectors alone answers as it did before there were words', async () => {
    const retrieval = { retrieval_type: 'vector' };
    const { json } = await app()('POST', '/v1/search', { query: 'x', ai_search_options: { retrieval } });
    const [first] = (json as { chunks: { scoring_details: object }[] }).chunks;
    expect(first!.scoring_details).toEqual({ base_score: null, head_score: expect.any(Number) });
  });

  it('gives the same under the collection’s own path', async () => {
    const ask = app();
    const bare = await ask('POST', '/v1/search', { query: 'x' });
    const named = await ask('POST', '/v1/collections/default/search', { query: 'x' });
    expect(named.json).toEqual(bare.json);
  });

  it.each([
    [{}, '#/query', 'is required'],
    [{ query: 7 }, '#/query', 'has to be string, not 7'],
    [{ query: '  ' }, '#/query', 'at least 1 characters'],
    [{ query: 'x'.repeat(4097) }, '#/query', 'at most 4096 characters, got 4097'],
    [{ query: 'x', qeury: 1 }, '#/qeury', 'is not a known field'],
    [
      { query: 'x', ai_search_options: { retrieval: { fusion_method: 'rrf' } } },
      '#/ai_search_options/retrieval/fusion_method',
      'sum',
    ],
    [
      { query: 'x', ai_search_options: { retrieval: { context_expansion: 4 } } },
      '#/ai_search_options/retrieval/context_expansion',
      'at most 3, got 4',
    ],
    [
      { query: 'x', ai_search_options: { retrieval: { max_num_results: 51 } } },
      '#/ai_search_options/retrieval/max_num_results',
      'at most 50, got 51',
    ],
    [
      { query: 'x', ai_search_options: { retrieval: { match_threshold: -0.5 } } },
      '#/ai_search_options/retrieval/match_threshold',
      'at least 0, got -0.5',
    ],
    [
      { query: 'x', ai_search_options: { retrieval: { ranking: 'no' } } },
      '#/ai_search_options/retrieval/ranking',
      'is not a known field',
    ],
  ])('refuses a body, naming the field, the limit and the value (%#)', async (body, pointer, detail) => {
    const { response, json } = await app()('POST', '/v1/search', body);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(json).toMatchObject({ code: 'invalid_request', status: 400, instance: '/v1/search' });
    expect(json.errors).toContainEqual({ pointer, detail: expect.stringContaining(detail) });
    expect(json.request_id).toBe(response.headers.get('x-request-id'));
  });

  it('refuses a region that the collection does not have', async () => {
    const { json } = await app()('POST', '/v1/search', { query: 'x', fedcar: { region: 'mars' } });
    expect(json).toMatchObject({ status: 404, code: 'unknown_region' });
    expect(json.detail).toContain('weur, apac');
  });

  it('refuses a version that does not exist', async () => {
    const { json } = await app()('POST', '/v1/search', { query: 'x', fedcar: { model_version: 9 } });
    expect(json).toMatchObject({ status: 404, code: 'unknown_version' });
  });
});

describe('what fits no route', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each([
    ['POST', '/v1/search', '{"query":', 400, 'malformed_json'],
    ['GET', '/v1/nothing', undefined, 404, 'unknown_route'],
    ['DELETE', '/v1/search', undefined, 405, 'method_not_allowed'],
    ['POST', '/v1/collections/other/search', { query: 'x' }, 404, 'unknown_collection'],
    ['POST', '/v1/collections/Not%20a%20name/search', { query: 'x' }, 400, 'invalid_request'],
    ['GET', '/v1/items?limti=3', undefined, 400, 'invalid_request'],
    ['GET', '/v1/items?limit=101', undefined, 400, 'invalid_request'],
    [
      'POST',
      '/v1/items',
      {
        items: [
          { key: 'a', text: 'x' },
          { key: 'a', text: 'y' },
        ],
      },
      400,
      'invalid_request',
    ],
    ['POST', '/v1/collections', { name: 'x', settings: { training: { epocs: 1 } } }, 400, 'invalid_request'],
  ])('%s %s with %j: %d %s', async (method, path, body, status, code) => {
    const { response, json } = await app()(method, path, body);
    expect(response.status).toBe(status);
    expect(json).toMatchObject({ status, code, type: `urn:fedcar:problem:${code}` });
  });

  it('names the methods that a route has', async () => {
    const { response } = await app()('PATCH', '/v1/items');
    expect(response.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
  });

  it('wants JSON', async () => {
    const { json } = await app()('POST', '/v1/search', 'query=x', { 'content-type': 'text/plain' });
    expect(json).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  it('points into the alternative that was meant', async () => {
    const ask = app();
    const many = await ask('POST', '/v1/items', { items: [{ key: 'a', text: 'x' }, { key: 'b' }] });
    expect(many.json.errors).toEqual([
      { pointer: '#/items/1/text', detail: 'is required where there is no title' },
    ]);
    const one = await ask('POST', '/v1/items', { key: 'b' });
    expect(one.json.errors).toEqual([{ pointer: '#/text', detail: 'is required where there is no title' }]);
    const content = [{ type: 'image_url', image_url: { url: 'https://elsewhere.example/a.png' } }];
    const picture = await ask('POST', '/v1/search', { messages: [{ role: 'user', content }] });
    expect(picture.json.errors).toContainEqual({
      pointer: '#/messages/0/content/0/type',
      detail: 'only text is read, got "image_url"',
    });
  });

  it('says what is wrong with the name of a field', async () => {
    const ask = (filters: object) =>
      app()('POST', '/v1/search', { query: 'x', ai_search_options: { retrieval: { filters } } });
    const pointer = '#/ai_search_options/retrieval/filters';
    expect((await ask({ $or: [] })).json.errors).toEqual([
      { pointer: `${pointer}/$or`, detail: 'only implicit AND is available: a field name expected' },
    ]);
    expect((await ask({ ['x'.repeat(65)]: 1 })).json.errors).toEqual([
      { pointer: `${pointer}/${'x'.repeat(65)}`, detail: 'at most 64 characters, got 65' },
    ]);
  });

  it.each([
    [
      'POST',
      '/v1/search',
      '{"query": "x", "ai_search_options": {"retrieval": {"filters": {"__proto__": "x"}}}}',
      '#/ai_search_options/retrieval/filters/__proto__',
    ],
    ['POST', '/v1/items', '{"key": "a", "text": "x", "metadata": {"__proto__" : 1}}', '#/metadata/__proto__'],
    ['PUT', '/v1/items/a', '{"text": "x", "metadata": {"__proto__" : 1}}', '#/metadata/__proto__'],
    [
      'POST',
      '/v1/items',
      '{"items": [{"key": "a", "text": "x"}, {"key": "b", "text": "x", "metadata": {"__proto__": 1}}]}',
      '#/items/1/metadata/__proto__',
    ],
    ['POST', '/v1/search', '{"query": "x", "__proto__": {}}', '#/__proto__'],
    [
      'POST',
      '/v1/items',
      String.raw`{"key": "\"", "text": "x", "metadata": {"\u005f_proto__" : 1}}`,
      '#/metadata/__proto__',
    ],
    [
      'GET',
      `/v1/items?filters=${encodeURIComponent('{"__proto__": 1}')}`,
      undefined,
      '/query/filters/__proto__',
    ],
  ])('passes over no field, whatever its name: %s %s %s', async (method, path, body, pointer) => {
    const { json } = await app()(method, path, body);
    expect(json).toMatchObject({ status: 400, code: 'invalid_request' });
    const detail = expect.stringContaining('__proto__ cannot be the name of a field');
    expect(json.errors).toEqual([{ pointer, detail }]);
    expect(json.detail).toEqual(detail);
  });

  it('lets people ask about anything', async () => {
    const { response } = await app()('POST', '/v1/search', { query: 'what is "__proto__": in JavaScript?' });
    expect(response.status).toBe(200);
  });

  it.each(['.', '..', '', 'x'.repeat(513), 'half a \ud800 pair', 'a\0b'])(
    'refuses the key %j',
    async (key) => {
      const ask = app();
      const one = await ask('POST', '/v1/items', { key, text: 'x' });
      expect(one.json).toMatchObject({ status: 400, code: 'invalid_request' });
      expect(one.json.errors).toEqual([{ pointer: '#/key', detail: expect.any(String) }]);
      const given = await ask('POST', '/v1/feedback', { query: 'x', item: key });
      expect(given.json.errors).toEqual([{ pointer: '#/item', detail: expect.any(String) }]);
    },
  );

  it('limits bodies, with and without a length', async () => {
    const long = JSON.stringify({ query: 'x'.repeat(MAX_BODY_BYTES) });
    for (const headers of [{ 'content-length': String(long.length) }, {}] as Record<string, string>[]) {
      const { json } = await app()('POST', '/v1/search', long, headers);
      expect(json).toMatchObject({ status: 413, code: 'payload_too_large' });
      expect(json.detail).toContain(String(MAX_BODY_BYTES));
    }
  });

  it('shows nothing of an internal failure but the request id', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const made = createApp(() => {
      throw new Error('secret path');
    });
    const response = await made.request('/v1/regions', {}, development, context);
    const json = (await response.json()) as Record<string, unknown>;
    expect(json).toMatchObject({ status: 500, code: 'internal_error' });
    expect(JSON.stringify(json)).not.toContain('secret');
    expect(log.mock.calls[0]?.[0]).toContain(json.request_id);
  });
});

describe('a failure of the encoder', () => {
  afterEach(() => void vi.restoreAllMocks());

  const failing = (error: Error) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const services = memoryServices({
      snapshot,
      regions: { weur: 'answers', apac: 'answers' },
      embed: () => Float32Array.of(1, 0),
    });
    const encoder = async () => {
      throw error;
    };
    return createApp(() => ({ ...services, encoder }));
  };
  const search = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"x"}' };

  it.each([
    ['artifact-hash', null],
    ['artifact-missing', null],
    ['artifact-invalid', null],
    ['out-of-memory', '1'],
    ['runtime', '1'],
  ] as const)('%s is told in its own words, with retry-after %s', async (code, retryAfter) => {
    const app = failing(new EngineError(code, 'what is wrong'));
    for (const [path, init] of [['/v1/search', search] as const, ['/readyz', {}] as const]) {
      const response = await app.request(path, init, development, context);
      expect(await response.json()).toMatchObject({
        status: 503,
        code: 'encoder_failed',
        detail: 'The encoder: what is wrong',
      });
      expect(response.headers.get('retry-after')).toBe(retryAfter);
    }
  });

  it('that is a bug stays unsaid', async () => {
    const app = failing(new Error('secret path'));
    const answers = [
      await app.request('/v1/search', search, development, context),
      await app.request('/readyz', {}, development, context),
    ];
    expect(answers.map(({ status }) => status)).toEqual([500, 503]);
    for (const answer of answers) expect(await answer.text()).not.toContain('secret');
  });
});

describe('the OpenAPI document', () => {
  it('has every route twice where it belongs to a collection, and describes every path parameter', async () => {
    const { json } = await app()('GET', '/openapi.json');
    const paths = json.paths as Record<string, Record<string, { parameters?: { name: string }[] }>>;
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        '/v1/search',
        '/v1/collections/{collection}/search',
        '/v1/items/{key}',
        '/healthz',
      ]),
    );
    for (const [path, item] of Object.entries(paths)) {
      for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
        const shared = (item.parameters ?? []) as unknown as { name: string }[];
        for (const [method, operation] of Object.entries(item)) {
          if (method === 'parameters') continue;
          const declared = [...shared, ...(operation.parameters ?? [])].map((parameter) => parameter.name);
          expect(declared, `${method} ${path}`).toContain(name);
        }
      }
    }
  });
});
