/** Every option of AI Search, as Cloudflare's own types name them: it does what it says, or is refused by name. */
import { describe, expect, it, vi } from 'vitest';
import type { SearchResponse } from '../../../shared/protocol/api/search.ts';
import { createApp } from '../../../workers/app.ts';
import type { Env } from '../../../workers/env.ts';
import { hitOf, type MemoryOptions, memoryServices } from '../../helpers/memory-services.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';

type Options = NonNullable<AiSearchSearchRequest['ai_search_options']>;

/** Without the index signature, which takes whatever is written. */
type Known<T> = { [K in keyof T as string extends K ? never : K]: T[K] };
type Retrieval = Known<NonNullable<Options['retrieval']>>;

const snapshot = snapshotOf([
  { item: 'a', region: 'weur', vector: [1, 0] },
  { item: 'b', region: 'apac', vector: [0, 1] },
]);
const context = { waitUntil: () => {}, passThroughOnException: () => {} } as unknown as ExecutionContext;

async function ask(
  ai_search_options: unknown,
  more: Partial<MemoryOptions> = {},
  body: object = { query: 'x' },
) {
  const services = memoryServices({
    snapshot,
    regions: { weur: 'answers', apac: 'answers' },
    embed: () => Float32Array.of(1, 0),
    metadata: { a: { topic: 'animals' }, b: { topic: 'visit' } },
    words: {
      apac: { hits: [], statistics: { passages: 1, length: 3, frequencies: [1] } },
      weur: {
        hits: [{ ...hitOf('a', 'weur', 0.9), words: { length: 3, frequencies: [1] } }],
        statistics: { passages: 1, length: 3, frequencies: [1] },
      },
    },
    ...more,
  });
  const init = {
    method: 'POST',
    body: JSON.stringify({ ...body, ai_search_options }),
    headers: { 'content-type': 'application/json' },
  };
  const response = await createApp(() => services).request(
    '/v1/search',
    init,
    { FEDCAR_ENVIRONMENT: 'development' } as Env,
    context,
  );
  const json = (await response.json()) as SearchResponse;
  const pointers = (json as unknown as { errors?: { pointer: string }[] }).errors?.map(
    ({ pointer }) => pointer,
  );
  return { status: response.status, json, pointers, keys: json.chunks?.map(({ item }) => item.key) };
}

/** What an answer with the option shows of it. @returns whether it does */
type Shown = (answer: Awaited<ReturnType<typeof ask>>) => boolean;

const shows: Shown = ({ status, keys }) => status === 200 && keys!.length === 2;
const refuses: Shown = ({ status, json }) => status === 400 && json.errors.length > 0;

/** Each of AI Search's fields: a new one is a type error here. */
const RETRIEVAL: { [K in keyof Required<Retrieval>]: [value: Retrieval[K] | 'sum', shown: Shown][] } = {
  retrieval_type: [
    ['vector', ({ json }) => json.chunks.every((chunk) => chunk.scoring_details.keyword_score === undefined)],
    ['keyword', ({ json }) => json.chunks[0]!.scoring_details.head_score === null],
    ['hybrid', ({ json }) => json.chunks[0]!.scoring_details.fusion_method === 'sum'],
  ],
  fusion_method: [
    ['rrf', refuses],
    ['max', refuses],
    ['sum', shows],
  ],
  keyword_match_mode: [
    ['and', refuses],
    ['or', shows],
  ],
  match_threshold: [
    [0, shows],
    [0.9, ({ json, keys }) => keys!.join() === 'a' && json.chunks.every(({ score }) => score >= 0.9)],
    [1.1, refuses],
  ],
  max_num_results: [
    [1, ({ keys }) => keys!.join() === 'a'],
    [50, shows],
    [51, refuses],
    [0, refuses],
  ],
  filters: [
    [{ topic: 'visit' }, ({ keys }) => keys!.join() === 'b'],
    [{ topic: { $eq: 'animals' } }, ({ keys }) => keys!.join() === 'a'],
    [{ topic: { $like: 'a' } } as never, refuses],
  ],
  context_expansion: [
    [3, shows],
    [4, refuses],
  ],
  metadata_only: [
    [
      true,
      ({ json }) =>
        json.chunks.every(({ text }) => text === '') && json.result!.chunks.length === json.chunks.length,
    ],
    [false, ({ json }) => json.chunks.every(({ text }) => text !== '') && json.result === undefined],
  ],
  return_on_failure: [
    [true, shows],
    [false, shows],
  ],
  boost_by: [
    [[], shows],
    [[{ field: 'timestamp', direction: 'desc' }], refuses],
  ],
};

const CASES = Object.entries(RETRIEVAL).flatMap(([name, values]) =>
  values.map(([value, shown]) => [name, value, shown] as [string, unknown, Shown]),
);

describe('ai_search_options.retrieval', () => {
  it.each(CASES)('.%s: %j', async (name, value, shown) => {
    const answer = await ask({ retrieval: { [name]: value } });
    expect(shown(answer), JSON.stringify(answer.json)).toBe(true);
    if (answer.status !== 400) return;
    const at = `#/ai_search_options/retrieval/${name}`;
    expect(answer.pointers!.every((pointer) => pointer.startsWith(at))).toBe(true);
  });

  it('refuses what nobody has heard of, by name', async () => {
    const { status, pointers } = await ask({ retrieval: { top_k: 3 } });
    expect([status, pointers]).toEqual([400, ['#/ai_search_options/retrieval/top_k']]);
  });

  it('.return_on_failure: false wants all or nothing, where a region is away', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const regions = { weur: 'answers', apac: 'fails' } as const;
    const partial = await ask({ retrieval: { return_on_failure: true } }, { regions });
    expect(partial).toMatchObject({ status: 200, keys: ['a'] });
    expect(partial.json.errors).toMatchObject([{ region: 'apac', code: 'region_failed' }]);
    const whole = await ask({ retrieval: { return_on_failure: false } }, { regions });
    expect(whole).toMatchObject({ status: 503, json: { code: 'unavailable' } });
    expect((whole.json as unknown as { detail: string }).detail).toContain('region apac');
    vi.restoreAllMocks();
  });
});

const STEPS: Record<keyof Required<Known<Options>>, [value: object, shown: Shown][]> = {
  retrieval: [[{}, shows]],
  query_rewrite: [
    [{ enabled: true, model: '@cf/meta/llama-3.3-70b-instruct-fp8-fast', rewrite_prompt: 'Shorter.' }, shows],
    [{ enabled: false }, shows],
  ],
  reranking: [
    [{ enabled: true }, refuses],
    [{ enabled: false, model: '@cf/baai/bge-reranker-base', match_threshold: 0.4 }, shows],
  ],
  cache: [
    [{ enabled: true, cache_threshold: 'close_enough' }, refuses],
    [{ enabled: false, cache_threshold: 'close_enough' }, shows],
  ],
};

describe('ai_search_options', () => {
  it.each(
    Object.entries(STEPS).flatMap(([name, values]) =>
      values.map(([value, shown]) => [name, value, shown] as const),
    ),
  )('.%s: %j', async (name, value, shown) => {
    const answer = await ask({ [name]: value });
    expect(shown(answer), JSON.stringify(answer.json)).toBe(true);
  });

  it('.instance_ids: a collection has no instances', async () => {
    const { status, pointers } = await ask({ instance_ids: ['a'] });
    expect([status, pointers]).toEqual([400, ['#/ai_search_options/instance_ids']]);
  });
});

it('scores say what AI Search’s do, each by its own name', async () => {
  const { json } = await ask({ retrieval: { retrieval_type: 'hybrid' } });
  const [first, second] = json.chunks.map(({ scoring_details }) => scoring_details);
  expect(first).toMatchObject({ vector_rank: 1, keyword_rank: 1, fusion_method: 'sum' });
  for (const score of [first!.vector_score!, first!.keyword_score!]) {
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThanOrEqual(1);
  }
  expect(second).toMatchObject({ vector_rank: 2, keyword_score: 0 });
  expect(second).not.toHaveProperty('keyword_rank');
});

it('asks for the neighbours that context_expansion wants', async () => {
  const wanted: number[] = [];
  await ask({ retrieval: { context_expansion: 2 } }, { asked: (_, { expansion }) => wanted.push(expansion) });
  expect(new Set(wanted)).toEqual(new Set([2]));
});
