/** The feedback routes: what a request means for which region. What regions do with it is tested in workerd. */
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../../../shared/crypto/random.ts';
import type { ChatCompletion } from '../../../shared/protocol/api/chat.ts';
import type { FeedbackInput, FeedbackPage } from '../../../shared/protocol/api/feedback.ts';
import type { Click, Erased, FeedbackRequest, KeptFeedback } from '../../../shared/protocol/objects.ts';
import { sealAnswer } from '../../../workers/answer/answer-id.ts';
import { createApp } from '../../../workers/app.ts';
import type { Env } from '../../../workers/env.ts';
import { memoryServices } from '../../helpers/memory-services.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';

const SNAPSHOT = snapshotOf([{ item: 'a', region: 'weur', vector: [1, 0] }]);
const context = { waitUntil: () => {}, passThroughOnException: () => {} } as unknown as ExecutionContext;

/** Regions that write down what they are told; `apac` cannot erase while it is away. */
function service(snapshot = SNAPSHOT) {
  const memory = memoryServices({
    snapshot,
    regions: { weur: 'answers', apac: 'answers' },
    embed: () => Float32Array.of(1, 0),
  });
  const taken: { region: string; records: FeedbackInput[]; oneAct: boolean; click: Click | null }[] = [];
  const erased: string[] = [];
  const kept: KeptFeedback[] = [];
  const state = { away: false, full: false };
  const region = (_: unknown, name: string) => ({
    ...memory.region(memory.collection, name),
    // Of what was placed here once, `gone` was deleted.
    holds: async (keys: string[]) => keys.filter((key) => key !== 'gone'),
    async addFeedback(
      records: FeedbackInput[],
      _: string | null = null,
      oneAct = false,
      click: Click | null = null,
    ) {
      if (state.full) {
        const refusal = { code: 'contributor_limit', detail: 'contributor: enough', retryAfter: 60 };
        return { ok: false as const, ...refusal };
      }
      taken.push({ region: name, records, oneAct, click });
      return {
        ok: true as const,
        value: { accepted: records.length, duplicates: 0, refused: 0, idle: 0 },
      };
    },
    async erase(whose: Erased) {
      if (state.away && name === 'apac') throw new Error('away');
      erased.push(`${name} ${'event' in whose ? whose.event : whose.contributor}`);
      return 2;
    },
    async feedback({ at, n, item, limit }: FeedbackRequest) {
      if (state.away && name === 'apac') throw new Error('away');
      const log = kept.filter((entry) => entry.region === name && (item === null || entry.item === item));
      const before = log.filter((entry) => entry.at < at || (entry.at === at && entry.n < n));
      return before.sort((a, b) => b.at - a.at || b.n - a.n).slice(0, limit);
    },
  });
  const place = async (keys: string[]) =>
    new Map(keys.filter((key) => /^(a|b|c|gone)$/.test(key)).map((key) => [key, 'apac']));
  const coordinator = () => ({ ...memory.coordinator(memory.collection), place });
  const app = createApp(() => ({ ...memory, coordinator, region }));
  const call = async (method: string, path: string, body?: unknown, more: Partial<Env> = {}) => {
    const init: RequestInit = { method, headers: { 'content-type': 'application/json' } };
    if (body !== undefined) init.body = JSON.stringify(body);
    const request = new Request(`http://localhost${path}`, init);
    const env = { FEDCAR_ENVIRONMENT: 'development', ...more } as Env;
    const response = await app.fetch(request, env, context);
    return { response, json: (await response.json()) as Record<string, unknown> };
  };
  return { call, taken, erased, kept, state, settings: memory.collection.settings };
}

describe('feedback', () => {
  it('is kept in the region given, else in one of the collection’s', async () => {
    const { call, taken } = service();
    const record = { query: 'q', item: 'a' };
    expect((await call('POST', '/v1/feedback', { ...record, region: 'apac' })).json).toMatchObject({
      accepted: 1,
      region: 'apac',
    });
    await call('POST', '/v1/feedback', record);
    expect(taken.map(({ region }) => region)).toEqual(['apac', 'weur']);
    expect(taken[0]?.records).toEqual([{ ...record, relevant: true }]);
    const elsewhere = await call('POST', '/v1/feedback', { ...record, region: 'mars' });
    expect(elsewhere.json).toMatchObject({ status: 404, code: 'unknown_region' });
  });

  it('on an answer is a record for each item that it rests on', async () => {
    const { call, taken } = service();
    const reference = {
      query: 'where is it',
      retrieved: ['a#0', 'b#3', 'c#1'],
      cited: ['a#0', 'b#3'],
      shuffled: false,
    };
    const id = await sealAnswer(
      reference,
      { secret: undefined, collection: 'default', now: 0 },
      systemRandom,
    );
    await call('POST', '/v1/feedback', { answer: id, accepted: true, contributor: 'ann' });
    await call('POST', '/v1/feedback', { answer: id, accepted: false, chunks: ['c#1'] });
    expect(taken.map(({ records }) => records)).toEqual([
      ['a', 'b'].map((item) => ({ query: 'where is it', item, relevant: true, contributor: 'ann' })),
      [{ query: 'where is it', item: 'c', relevant: false }],
    ]);
    // What one answer is said of is one act; of records each is its own.
    const records = ['a', 'b'].map((item) => ({ query: 'two', item }));
    await call('POST', '/v1/feedback', { records });
    expect(taken.map(({ oneAct }) => oneAct)).toEqual([true, true, false]);
    const other = await call('POST', '/v1/feedback', { answer: 'chatcmpl-x', accepted: true });
    expect(other.json).toMatchObject({ code: 'unknown_answer' });
    expect(other.response.status).toBeLessThan(500);
  });

  it('is taken of a result that was opened, with its place, where the operator lets that count', async () => {
    const { call, taken, settings } = service();
    const scope = { secret: undefined, collection: 'default', now: 0 };
    const reference = {
      query: 'where is it',
      retrieved: ['c#0', 'a#1', 'b#2'],
      cited: ['a#1'],
      shuffled: true,
    };
    const answer = await sealAnswer(reference, scope, systemRandom);
    const open = (opened: string) => call('POST', '/v1/feedback', { answer, opened, contributor: 'ann' });
    expect((await open('a#1')).json).toMatchObject({ status: 409, code: 'clicks_off' });
    expect(taken).toEqual([]);
    settings.feedback.clicks = 'on';
    expect((await open('a#1')).response.status).toBe(200);
    const { id, ...record } = taken[0]!.records[0]!;
    expect(record).toEqual({ query: 'where is it', item: 'a', relevant: true, contributor: 'ann' });
    expect(taken[0]).toMatchObject({ oneAct: true, click: { place: 1, shuffled: false } });
    await open('a#1');
    expect(taken[1]!.records[0]!.id).toBe(id);
    await open('b#2');
    expect(taken[2]!.click).toEqual({ place: 3, shuffled: true });
    expect((await open('b#0')).json).toMatchObject({
      code: 'unknown_passage',
      detail: expect.stringMatching(/^opened:/),
    });
    await call('POST', '/v1/feedback', { answer, accepted: true });
    expect(taken[3]!.click).toBeNull();
  });

  it('finds some answers’ results in a random order while clicks count, and only then', async () => {
    const { call, settings } = service(
      snapshotOf([...'abcdefghi'].map((item) => ({ item, region: 'weur', vector: [1, 0] }))),
    );
    const orders = async () => {
      const seen = new Set<string>();
      for (let time = 0; time < 24; time++) {
        const { json } = await call('POST', '/v1/chat/completions', { query: 'where is it' });
        const { chunks, citations, choices } = json as ChatCompletion;
        seen.add(chunks.map(({ id }) => id).join());
        // What the answer says and cites is as it ever was.
        expect(choices[0]!.message.content).toBe('a#0 [1] b#0 [2] c#0 [3] d#0 [4]');
        expect(chunks.slice(0, 4).map(({ id }) => id)).toEqual(citations);
        expect(chunks).toHaveLength(9);
      }
      return seen.size;
    };
    settings.feedback.shuffledShare = 0.5;
    expect(await orders()).toBe(1);
    settings.feedback.clicks = 'on';
    expect(await orders()).toBeGreaterThan(1);
    settings.feedback.shuffledShare = 0;
    expect(await orders()).toBe(1);
  });

  it('is taken about documents that are there, and names the others', async () => {
    const { call, taken } = service();
    for (const item of ['nowhere', 'gone']) {
      const { json } = await call('POST', '/v1/feedback', { query: 'q', item });
      expect(json).toMatchObject({ status: 404, code: 'unknown_item' });
      expect(json.detail).toContain(`"${item}"`);
    }
    expect(taken).toEqual([]);
    const records = ['a', 'gone', 'b', 'nowhere'].map((item) => ({ query: 'q', item }));
    const { json } = await call('POST', '/v1/feedback', { records });
    expect(json).toMatchObject({ accepted: 2, unknown: ['gone', 'nowhere'] });
    expect(taken[0]?.records.map(({ item }) => item)).toEqual(['a', 'b']);
  });

  it('of a region that joined another deployment names that one’s documents', async () => {
    const { call, taken } = service();
    const joined = { FEDCAR_JOIN_URL: 'https://hub.test', FEDCAR_JOIN_INVITE: 'apac=fci1.x' };
    const record = { query: 'q', item: 'theirs' };
    await call('POST', '/v1/feedback', { ...record, region: 'apac' }, joined);
    expect(taken).toMatchObject([{ region: 'apac', records: [{ item: 'theirs' }] }]);
    const own = await call('POST', '/v1/feedback', { ...record, region: 'weur' }, joined);
    expect(own.json).toMatchObject({ code: 'unknown_item' });
  });

  it('over the limit is 429, with the time to wait', async () => {
    const { call, state } = service();
    state.full = true;
    const { response, json } = await call('POST', '/v1/feedback', { query: 'q', item: 'a' });
    expect([response.status, json.code, response.headers.get('retry-after')]).toEqual([
      429,
      'contributor_limit',
      '60',
    ]);
  });
});

describe('erasure', () => {
  it('reaches all regions, and says when it did not', async () => {
    const { call, erased, state } = service();
    expect((await call('DELETE', '/v1/feedback?contributor=ann%40example.org')).json).toEqual({ erased: 4 });
    expect(erased.sort()).toEqual(['apac ann@example.org', 'weur ann@example.org']);
    state.away = true;
    const { response, json } = await call('DELETE', '/v1/feedback?contributor=bob');
    expect([response.status, json.code]).toEqual([503, 'unavailable']);
    expect(json.detail).toContain('apac');
    expect(JSON.stringify(json)).not.toContain('bob');
    expect((await call('DELETE', '/v1/feedback')).json).toMatchObject({ status: 400 });
  });

  it('is erased act by act, in whichever region it is', async () => {
    const { call, erased } = service();
    expect((await call('DELETE', '/v1/feedback/an%2Fact')).json).toEqual({ erased: 4 });
    expect(erased.sort()).toEqual(['apac an/act', 'weur an/act']);
  });

  it('is listed newest first, page by page, each record once, however many came at one moment', async () => {
    const { call, kept, state } = service();
    const regions = ['weur', 'apac'];
    for (let n = 1; n <= 40; n++) {
      const region = regions[n % 2]!;
      const at = 1000 + Math.floor(n / 15);
      const more = {
        query: `q${n}`,
        item: n % 5 === 0 ? 'b' : 'a',
        relevant: n % 3 > 0,
        contributor: null,
        weight: null,
      };
      kept.push({ n, region, at, event: `e${n}`, ...more });
    }
    const pagesOf = async (query: string) => {
      const pages: FeedbackPage[] = [];
      for (let next: string | null = ''; next !== null; next = pages.at(-1)!.next) {
        const before = next === '' ? '' : `&before=${next}`;
        pages.push((await call('GET', `/v1/feedback?${query}${before}`)).json as unknown as FeedbackPage);
      }
      return pages;
    };
    const pages = await pagesOf('limit=7');
    expect(pages.map(({ entries }) => entries.length)).toEqual([7, 7, 7, 7, 7, 5]);
    const entries = pages.flatMap((page) => page.entries);
    expect(new Set(entries.map(({ event }) => event)).size).toBe(40);
    expect(entries.map(({ at }) => at)).toEqual(kept.map(({ at }) => at).sort((a, b) => b - a));
    expect(entries[0]).not.toHaveProperty('n');
    expect((await pagesOf('limit=200&region=apac')).flatMap((page) => page.entries)).toHaveLength(20);
    expect((await pagesOf('limit=8&item=b')).map((page) => page.entries.length)).toEqual([8]);
    expect((await call('GET', '/v1/feedback?before=nonsense')).json).toMatchObject({ status: 400 });
    expect((await call('GET', '/v1/feedback?region=mars')).json).toMatchObject({ code: 'unknown_region' });
    state.away = true;
    const { json } = await call('GET', '/v1/feedback?limit=200');
    expect(json).toMatchObject({ errors: [{ region: 'apac' }], next: null });
  });
});
