/** The service as a client sees it, with real objects and the shipped encoder. */
import { abortAllDurableObjects, SELF } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { feedback, ITEMS } from '../helpers/help-desk.ts';

type Json = Record<string, unknown>;

async function call(method: string, path: string, body?: unknown) {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  const response = await SELF.fetch(`https://fedcar.test${path}`, init);
  const text = await response.text();
  return { status: response.status, json: (text === '' ? null : JSON.parse(text)) as Json };
}

const base = '/v1/collections/http';
const search = async (query: string, more: Json = {}, path = base) => {
  const { status, json } = await call('POST', `${path}/search`, { query, ...more });
  expect(status, JSON.stringify(json)).toBe(200);
  const chunks = json.chunks as {
    id: string;
    score: number;
    text: string;
    item: { key: string; region: string };
  }[];
  return { ...json, chunks, keys: chunks.map((chunk) => chunk.item.key) };
};

beforeAll(async () => {
  const settings = { regions: ['weur', 'apac'], schedule: { everyHours: 0 } };
  const { status } = await call('POST', '/v1/collections', { name: 'http', settings });
  expect(status).toBe(201);
  const items = ITEMS.map(({ key, title, text }) => ({ key, title, text }));
  const { json } = await call('POST', `${base}/items`, { items });
  expect((json.items as Json[]).map((receipt) => receipt.key)).toEqual(items.map((item) => item.key));
});

describe('documents', () => {
  it('come as files, too, if this deployment can read them', async () => {
    const put = async (query: string, type: string, body: BodyInit) => {
      const init = { method: 'PUT', headers: { 'content-type': type }, body };
      const response = await SELF.fetch(`https://fedcar.test${base}/items/file%2Fhippo/file${query}`, init);
      return { status: response.status, json: (await response.json()) as Json };
    };
    const text = '---\ntitle: Hippos\n---\nWhat the hippos in the river eat: {{ x }}reeds.';
    const stored = await put('', 'text/markdown; charset=utf-8', text);
    expect(stored).toMatchObject({
      status: 200,
      json: { key: 'file/hippo', change: 'created', passages: 1 },
    });
    expect((await call('GET', `${base}/items/file%2Fhippo`)).json).toMatchObject({
      title: 'Hippos',
      format: 'markdown',
    });
    const { json } = await put('?title=Named', 'text/html', '<main><p>Hippos eat reeds.');
    expect(json).toMatchObject({ change: 'updated' });
    expect((await call('GET', `${base}/items/file%2Fhippo`)).json).toMatchObject({
      title: 'Named',
      format: 'html',
    });
    expect(await put('', 'application/pdf', '%PDF-1.7 '.repeat(9))).toMatchObject({
      status: 501,
      json: { code: 'no_converter' },
    });
    expect(await put('', 'image/png', 'x')).toMatchObject({ status: 415 });
    expect(await put('', 'text/plain', 'x'.repeat(2_000_001))).toMatchObject({
      status: 400,
      json: { code: 'invalid_request' },
    });
    expect(await put('?titel=x', 'text/plain', 'x')).toMatchObject({ status: 400 });
    expect(await call('DELETE', `${base}/items/file%2Fhippo`)).toMatchObject({ status: 204 });
  });

  it('are found as soon as the upload returns, before any training', async () => {
    const item = { key: 'paths/with a/slash', title: 'Giraffes', text: 'What the giraffes in our zoo eat.' };
    const { json } = await call('POST', `${base}/items`, { ...item, region: 'apac' });
    const receipt = { passages: 1, indexed: 1, status: 'created', change: 'created' };
    expect(json).toEqual({ key: item.key, region: 'apac', ...receipt });
    const found = await search('food for giraffes');
    expect(found.keys[0]).toBe(item.key);
    expect(found.chunks[0]?.item.region).toBe('apac');
    expect(found).toMatchObject({ model_version: 0, errors: [] });
  });

  it('with nothing to search for are refused, and leave what stands under their key', async () => {
    const [item] = ITEMS;
    const refused = {
      status: 400,
      code: 'invalid_request',
      detail: expect.stringContaining('text: nothing'),
    };
    for (const blank of [{ text: ' ' }, { text: '<script>x</script>', format: 'html' }]) {
      const added = await call('POST', `${base}/items`, { key: 'blank', ...blank });
      expect(added.json).toMatchObject(refused);
      const replaced = await call('PUT', `${base}/items/${item?.key}`, blank);
      expect(replaced.json).toMatchObject(refused);
    }
    expect((await call('GET', `${base}/items/blank`)).status).toBe(404);
    expect((await call('GET', `${base}/items/${item?.key}`)).json).toMatchObject({ text: item?.text });
    const items = [
      { key: 'blank', text: ' ' },
      { key: item?.key, title: item?.title, text: item?.text },
    ];
    const { status, json } = await call('POST', `${base}/items`, { items });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      items: [{ key: item?.key, status: 'unchanged' }],
      errors: [{ code: 'invalid_request', keys: ['blank'] }],
    });
  });

  it('may be a title alone', async () => {
    const answer = await call('POST', `${base}/items`, {
      key: 'title',
      title: 'Where zebras sleep',
      text: null,
    });
    expect(answer.json).toMatchObject({ status: 'created', passages: 1, indexed: 1 });
    expect((await search('the place where zebras sleep')).keys[0]).toBe('title');
    expect((await call('GET', `${base}/items/title`)).json).toMatchObject({
      title: 'Where zebras sleep',
      text: '',
    });
    expect((await call('DELETE', `${base}/items/title`)).status).toBe(204);
  });

  it('are read, replaced and deleted under their key, whatever characters it has', async () => {
    const path = `${base}/items/${encodeURIComponent('paths/with a/slash')}`;
    expect((await call('GET', path)).json).toMatchObject({ title: 'Giraffes', region: 'apac', passages: 1 });
    const passages = (await call('GET', `${path}/passages`)).json.passages as Json[];
    expect(passages[0]).toMatchObject({ id: 'paths/with a/slash#0', ordinal: 0 });
    const replaced = await call('PUT', path, { title: 'Okapis', text: 'What the okapis in our zoo eat.' });
    expect(replaced.json).toMatchObject({ status: 'updated', region: 'apac' });
    expect((await search('food for okapis')).chunks[0]?.text).toContain('okapis');
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await search('food for okapis')).keys).not.toContain('paths/with a/slash');
    expect((await call('GET', path)).json).toMatchObject({ status: 404, code: 'unknown_item' });
    expect((await call('DELETE', path)).status).toBe(404);
  });

  it('have keys that a snapshot can hold', async () => {
    const { json } = await call('POST', `${base}/items`, {
      key: 'a\0b',
      text: 'Nothing is found behind it.',
    });
    expect(json).toMatchObject({ status: 400, code: 'invalid_request', errors: [{ pointer: '#/key' }] });
  });

  it('fit a row of the store by their bytes, whatever the language, with title and metadata', async () => {
    const metadata = { note: '注'.repeat(1000) };
    const most = 2_000_000 - 3 * 1024 - new TextEncoder().encode(JSON.stringify(metadata)).length;
    const title = '题'.repeat(1024);
    const path = `${base}/items/long`;
    const tooLong = { title, metadata, text: '文'.repeat(Math.floor(most / 3) + 1) };
    const refused = {
      status: 400,
      code: 'invalid_request',
      errors: [
        { pointer: '#/text', detail: expect.stringMatching(/^at most 2000000 bytes .*, got 200000\d$/) },
      ],
    };
    expect((await call('PUT', path, tooLong)).json).toMatchObject(refused);
    expect((await call('POST', `${base}/items`, { key: 'long', ...tooLong })).json).toMatchObject(refused);
    const many = await call('POST', `${base}/items`, { items: [{ key: 'long', ...tooLong }] });
    expect(many.json).toMatchObject({ errors: [{ pointer: '#/items/0/text' }] });
    expect((await call('GET', path)).status).toBe(404);
  });

  it('are listed over all regions in pages, each once and in order', async () => {
    const keys: string[] = [];
    let after: string | null = null;
    do {
      const from: string = after === null ? '' : `&after=${encodeURIComponent(after)}`;
      const { json } = await call('GET', `${base}/items?limit=5${from}`);
      keys.push(...(json.items as { key: string }[]).map((item) => item.key));
      after = json.next as string | null;
    } while (after !== null);
    expect(keys).toEqual(ITEMS.map((item) => item.key).sort());
  });

  it('stay in the region that holds them', async () => {
    const { json } = await call('GET', `${base}/items?limit=1&region=weur`);
    const [item] = json.items as { key: string }[];
    const { text } = ITEMS.find(({ key }) => key === item?.key) as { text: string };
    const again = await call('POST', `${base}/items`, { key: item?.key, text, region: 'apac' });
    expect(again.json.region).toBe('weur');
  });
});

describe('search', () => {
  it('keeps to a region and to a number of results', async () => {
    const all = await search(ITEMS[0]?.title as string);
    expect(all.keys[0]).toBe(ITEMS[0]?.key);
    const few = await search(ITEMS[0]?.title as string, {
      ai_search_options: { retrieval: { max_num_results: 2 } },
    });
    expect(few.keys).toEqual(all.keys.slice(0, 2));
    const there = await search('help', { fedcar: { region: 'apac' } });
    expect(new Set(there.chunks.map((chunk) => chunk.item.region))).toEqual(new Set(['apac']));
  });

  it('explains what plain embedding search would say', async () => {
    const [chunk] = (await search(ITEMS[0]?.title as string, { fedcar: { explain: true } })).chunks;
    const { base_score, head_score } = (chunk as unknown as { scoring_details: Record<string, number> })
      .scoring_details;
    // Before any training both are the same.
    expect(base_score).toBeCloseTo(head_score as number, 2);
  });

  it('evaluates filters where the documents are, and finds what is far down', async () => {
    const items = ITEMS.map(({ key, title, text }, i) => ({ key, title, text, metadata: { number: i } }));
    await call('POST', `${base}/items`, { items });
    const query = ITEMS[0]?.title as string;
    const all = await search(query, { ai_search_options: { retrieval: { max_num_results: 50 } } });
    const last = ITEMS.findIndex(({ key }) => key === all.keys.at(-1));
    const found = async (filters: Json) => {
      const options = { ai_search_options: { retrieval: { max_num_results: 1, filters } } };
      return (await search(query, options)).keys;
    };
    expect(await found({ number: last })).toEqual([all.keys.at(-1)]);
    expect(await found({ number: { $gt: 0 } })).toEqual([all.keys[1]]);
    expect(await found({ number: { $in: ['0'] } })).toEqual([]);
    const listed = await call('GET', `${base}/items?filters=${encodeURIComponent('{"number":{"$lt":2}}')}`);
    expect((listed.json.items as Json[]).map(({ key }) => key)).toEqual(
      ITEMS.slice(0, 2)
        .map(({ key }) => key)
        .sort(),
    );
    const wrong = await call('GET', `${base}/items?filters=${encodeURIComponent('{"a":{"$regex":"x"}}')}`);
    expect(wrong.json).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it('looks for what the last turn of a conversation refers to', async () => {
    const turns = (last: string) => ({
      messages: [
        { role: 'user', content: ITEMS[2]?.title },
        { role: 'assistant', content: ITEMS[5]?.title },
        { role: 'user', content: last },
      ],
    });
    const { status, json } = await call('POST', `${base}/search`, turns('how do I do that?'));
    expect(status).toBe(200);
    expect(json.search_query).toBe(`how do I do that?\n${ITEMS[2]?.title}`);
    expect((json.chunks as { item: { key: string } }[])[0]?.item.key).toBe(ITEMS[2]?.key);
  });

  it('gives answers that do not depend on an eviction', async () => {
    const before = await search('help');
    await abortAllDurableObjects();
    expect((await search('help')).keys).toEqual(before.keys);
  });
});

describe('collections', () => {
  it('do not see each other', async () => {
    await call('POST', '/v1/collections', { name: 'other', settings: { regions: ['weur'] } });
    expect((await search('help', {}, '/v1/collections/other')).keys).toEqual([]);
    const names = (await call('GET', '/v1/collections')).json.collections as { name: string }[];
    expect(names.map(({ name }) => name)).toEqual(expect.arrayContaining(['http', 'other']));
    expect((await call('DELETE', '/v1/collections/other')).status).toBe(204);
    expect((await call('POST', '/v1/collections/other/search', { query: 'help' })).status).toBe(404);
  });

  it('are created once, and never with settings that do not exist', async () => {
    const again = await call('POST', '/v1/collections', { name: 'http', settings: { regions: ['me'] } });
    expect(again.json).toMatchObject({ status: 409, code: 'collection_exists' });
    const wrong = await call('POST', '/v1/collections', { name: 'x', settings: { heldOutShare: 0.9 } });
    expect(wrong.json.errors).toEqual([
      { pointer: '#/settings/heldOutShare', detail: 'at most 0.5, got 0.9' },
    ]);
  });
});

it('a collection is not made for an encoder that is not there', async () => {
  const body = { name: 'no-encoder', settings: { regions: ['weur'], encoder: 'nothing' } };
  const { json } = await call('POST', '/v1/collections', body);
  expect(json).toMatchObject({ status: 404, code: 'unknown_encoder' });
  const gone = await call('GET', '/v1/collections/no-encoder');
  expect(gone.json).toMatchObject({ status: 404, code: 'unknown_collection' });
});

describe('feedback and training', () => {
  it('takes records once, in the region given', async () => {
    const records = feedback(1).slice(0, 6);
    const first = await call('POST', `${base}/feedback`, { records, region: 'weur' });
    expect(first.json).toEqual({
      accepted: 6,
      duplicates: 0,
      refused: 0,
      idle: 0,
      region: 'weur',
      unknown: [],
    });
    const second = await call('POST', `${base}/feedback`, { records, region: 'weur' });
    expect(second.json).toMatchObject({ accepted: 0, duplicates: 6 });
  });

  it('keeps records near to the caller where no region is given', async () => {
    const regionsFrom = (cf: { continent: string; longitude: string }) => {
      const body = JSON.stringify({ query: 'from afar', item: 'late' });
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body, cf } as RequestInit;
      return SELF.fetch(`https://fedcar.test${base}/feedback`, init);
    };
    for (const [continent, region] of [
      ['AS', 'apac'],
      ['EU', 'weur'],
    ] as const) {
      expect(await (await regionsFrom({ continent, longitude: '100' })).json()).toMatchObject({ region });
    }
  });

  it('starts a run, shows it, and cancels it', async () => {
    const started = await call('POST', `${base}/rounds`);
    expect(started.status).toBe(202);
    const { run } = started.json as { run: string };
    expect((await call('POST', `${base}/rounds`)).json).toMatchObject({
      status: 409,
      code: 'run_in_progress',
    });
    const cancelled = await call('POST', `${base}/rounds/${run}/cancel`);
    expect(cancelled.json).toMatchObject({ run, state: 'cancelled' });
    const { runs } = (await call('GET', `${base}/rounds`)).json as { runs: Json[] };
    expect(runs[0]).toMatchObject({ run, state: 'cancelled' });
    expect((await call('GET', `${base}/rounds/no-such-run`)).json).toMatchObject({ code: 'unknown_run' });
  });

  it('has version 0 from the start', async () => {
    const { versions } = (await call('GET', `${base}/models`)).json as { versions: Json[] };
    expect(versions).toHaveLength(1);
    expect(versions[0]).toMatchObject({ version: 0, state: 'serving', active_rows: 0 });
    expect((await call('POST', `${base}/models/0/activate`)).json).toMatchObject({ version: 0 });
    expect((await call('POST', `${base}/models/7/activate`)).json).toMatchObject({ code: 'unknown_version' });
    expect((await call('GET', `${base}/models/0/certificate`)).json).toMatchObject({
      code: 'no_certificate',
      detail: expect.stringContaining('it is plain search, which learned nothing'),
    });
    expect((await call('GET', `${base}/models/7/certificate`)).json).toMatchObject({
      code: 'unknown_version',
    });
  });

  it('shows documents by region and nothing about queries', async () => {
    const { regions } = (await call('GET', `${base}/regions`)).json as { regions: Json[] };
    expect(regions.map(({ region }) => region).sort()).toEqual(['apac', 'weur']);
    expect(Object.keys(regions[0] ?? {}).sort()).toEqual([
      'asked_for',
      'items',
      'join',
      'last_contribution_at',
      'passages',
      'region',
      'waiting',
    ]);
  });
});

it('says what is promised and what was spent', async () => {
  const { json } = await call('GET', `${base}/privacy`);
  expect(json).toMatchObject({ aggregation: 'secure', noise: 'on', unit: 'record', charges: [] });
  expect(json.epsilon).toBe(0);
  expect(json.left).toBe(json.budget);
});

it('is ready', async () => {
  expect((await call('GET', '/readyz')).json).toEqual({ status: 'ok' });
});
