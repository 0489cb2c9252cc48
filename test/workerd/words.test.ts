/** Search by words and vectors as a client sees it: real objects, the shipped encoder, documents in two regions. */
import { SELF } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Chunk } from '../../shared/protocol/api/chunk.ts';
import { EXACT_NAMES } from '../helpers/exact-names.ts';

const base = 'https://fedcar.test/v1/collections/words';

async function call(method: string, path: string, body: unknown) {
  const headers = { 'content-type': 'application/json' };
  const response = await SELF.fetch(`${base}${path}`, { method, headers, body: JSON.stringify(body) });
  const json = (await response.json()) as Record<string, unknown>;
  expect(response.ok, JSON.stringify(json)).toBe(true);
  return json;
}

async function search(query: string, retrieval: object = {}, fedcar: object = {}): Promise<Chunk[]> {
  const json = await call('POST', '/search', { query, ai_search_options: { retrieval }, fedcar });
  expect(json.errors).toEqual([]);
  return json.chunks as Chunk[];
}

async function top1(retrieval: object): Promise<number> {
  let right = 0;
  const wrong: string[] = [];
  for (const { key, question } of EXACT_NAMES) {
    const [first] = await search(question, { max_num_results: 3, ...retrieval });
    if (first?.item.key === key) right += 1;
    else wrong.push(`${question}: ${first?.text.slice(0, 40)}`);
  }
  if (wrong.length > 0) console.info(wrong.join('\n'));
  return right;
}

beforeAll(async () => {
  const settings = { regions: ['weur', 'apac'], schedule: { everyHours: 0 } };
  const created = await SELF.fetch('https://fedcar.test/v1/collections', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'words', settings }),
  });
  expect(created.status).toBe(201);
  for (const region of ['weur', 'apac']) {
    const items = EXACT_NAMES.filter((_, i) => (i % 2 === 0) === (region === 'weur'));
    await call('POST', '/items', {
      region,
      items: items.map(({ key, title, text }, i) => ({ key, title, text, metadata: { number: i } })),
    });
  }
});

describe('codes and names', () => {
  it('are found by what was written', async () => {
    expect(EXACT_NAMES).toHaveLength(100);
    expect(await top1({})).toBeGreaterThanOrEqual(98);
  });

  it('which vectors alone do not', async () => {
    expect(await top1({ retrieval_type: 'vector' })).toBeLessThan(90);
  });
});

describe('an answer', () => {
  const question = 'What should I do when the display shows E-4712?';

  it('says which words a passage has, and what they add', async () => {
    const [first] = await search(question, {}, { explain: true });
    const details = first!.scoring_details;
    expect(first!.text).toContain('E-4712');
    expect(details.words!.slice(0, 3).map(({ word }) => word)).toContain('E-4712');
    const sum = details.words!.reduce((total, { score }) => total + score, 0);
    expect(sum).toBeCloseTo(details.keyword_score!, 4);
    expect(details).toMatchObject({ keyword_rank: 1, fusion_method: 'sum' });
    expect(first!.score).toBeGreaterThan(details.vector_score!);
  });

  it('by words alone has those that have them', async () => {
    const found = await search('E-4712', { retrieval_type: 'keyword' });
    expect(found[0]!.text).toContain('E-4712');
    expect(found[0]!.scoring_details).toMatchObject({ head_score: null, base_score: null, keyword_rank: 1 });
    expect(found[0]!.score).toBe(found[0]!.scoring_details.keyword_score);
    expect(await search('xylophone', { retrieval_type: 'keyword' })).toEqual([]);
  });

  it('by words keeps to filters and regions', async () => {
    const filters = { number: { $lt: 5 } };
    const found = await search(question, { retrieval_type: 'keyword', filters, max_num_results: 50 });
    expect(found.length).toBeGreaterThan(4);
    for (const { item } of found) expect(item.metadata.number).toBeLessThan(5);
    const there = await search('E-4712', { retrieval_type: 'keyword' }, { region: 'apac' });
    expect(there[0]?.text ?? '').not.toContain('E-4712');
    expect(new Set(there.map(({ item }) => item.region))).toEqual(new Set(['apac']));
  });

  it('follows a change and a deletion at once', async () => {
    const put = (text: string) => call('POST', '/items', { key: 'new', text, region: 'apac' });
    await put('The quokka lives on Rottnest.');
    const find = async (words: string) =>
      (await search(words, { retrieval_type: 'keyword' })).map(({ item }) => item.key);
    expect(await find('quokka')).toEqual(['new']);
    await put('The wombat does not.');
    expect(await find('quokka')).toEqual([]);
    expect(await find('wombats')).toEqual(['new']);
    await SELF.fetch(`${base}/items/new`, { method: 'DELETE' });
    expect(await find('wombat')).toEqual([]);
  });

  it('brings neighbouring passages where they are asked for', async () => {
    const sentence = (i: number) =>
      `Chapter ${i} is about the ${'quick brown fox and the lazy dog '.repeat(12)}.`;
    const text = Array.from({ length: 8 }, (_, i) => sentence(i)).join('\n\n');
    await call('POST', '/items', { key: 'long', title: 'A long tale', text, region: 'weur' });
    const find = async (context_expansion: number) =>
      (await search('chapter 4 quick brown fox', { context_expansion })).find(
        ({ item }) => item.key === 'long',
      )!;
    const alone = await find(0);
    const among = await find(1);
    expect(among.id).toBe(alone.id);
    expect(among.text.length).toBeGreaterThan(2 * alone.text.length);
    expect(among.text).toContain(alone.text.slice('A long tale'.length + 2));
    expect(among.text.match(/A long tale/g)).toHaveLength(1);
  });
});
