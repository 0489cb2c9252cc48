/** Memory as those who ask see it: from a failing question to the right answer, for one region's askers alone. */
import { SELF } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { ITEMS } from '../helpers/help-desk.ts';

type Json = Record<string, unknown>;
const QUESTION = 'the purple thing makes a noise again';
const PARAPHRASE = 'that purple thing is making noises again';
const EAST = { region: 'east' };

async function call(method: string, path: string, body?: unknown) {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  const response = await SELF.fetch(`https://fedcar.test/v1/collections${path}`, init);
  return { status: response.status, json: (await response.json()) as Json };
}

async function opened(name: string, more: Json = {}) {
  const settings = {
    regions: ['west', 'east'],
    schedule: { everyHours: 0 },
    askersNameRegion: true,
    ...more,
  };
  const made = await call('POST', '', { name, settings });
  expect(made.status, JSON.stringify(made.json)).toBe(201);
  const items = ITEMS.map(({ key, title, text }) => ({ key, title, text }));
  await call('POST', `/${name}/items`, { items, region: 'west' });
}

async function asked(name: string, query: string, fedcar: Json = { asker_region: 'east' }) {
  const { status, json } = await call('POST', `/${name}/search`, { query, fedcar });
  expect(status, JSON.stringify(json)).toBe(200);
  return json.chunks as { score: number; item: { key: string }; scoring_details: Json }[];
}
const first = async (...args: Parameters<typeof asked>) => (await asked(...args))[0]!.item.key;
const said = (name: string, more: Json = {}) =>
  call('POST', `/${name}/feedback`, { query: QUESTION, item: 'refund', relevant: true, ...EAST, ...more });

describe('a question that fails', () => {
  it('is answered at once when two askers have said what answers it, from their region alone', async () => {
    await opened('fails');
    expect(await first('fails', QUESTION)).not.toBe('refund');
    await said('fails', { contributor: 'ann' });
    expect(await first('fails', QUESTION)).not.toBe('refund');
    await said('fails', { contributor: 'bob' });
    expect(await first('fails', QUESTION)).toBe('refund');
    expect(await first('fails', PARAPHRASE)).toBe('refund');
    expect(await first('fails', QUESTION, { asker_region: 'east', memory: false })).not.toBe('refund');
    expect(await first('fails', QUESTION, { asker_region: 'west' })).not.toBe('refund');
    // Without a name it comes from the first region, as its feedback would.
    expect(await first('fails', QUESTION, {})).not.toBe('refund');
  });

  it('fails again at once when one of them is erased', async () => {
    const erased = await call('DELETE', '/fails/feedback?contributor=bob');
    expect(erased.json).toEqual({ erased: 1 });
    expect(await first('fails', QUESTION)).not.toBe('refund');
    await said('fails', { contributor: 'bob' });
    expect(await first('fails', QUESTION)).toBe('refund');
  });

  it('finds a document that nothing else would find, and one that is newer than the version that serves', async () => {
    const item = { key: 'new', title: 'Quarterly figures', text: 'Revenue of the third quarter by country.' };
    await call('POST', '/fails/items', { ...item, region: 'west' });
    for (const contributor of ['ann', 'bob']) {
      await said('fails', { query: 'zebra zebra zebra', item: 'new', contributor });
    }
    const one = { max_num_results: 1 };
    const { json } = await call('POST', '/fails/search', {
      query: 'zebra zebra zebra',
      ai_search_options: { retrieval: one },
      fedcar: { asker_region: 'east' },
    });
    expect((json.chunks as { item: { key: string } }[]).map((chunk) => chunk.item.key)).toEqual(['new']);
  });

  it('is answered after one word where all count', async () => {
    await opened('single', { memory: 'all' });
    await said('single');
    expect(await first('single', QUESTION)).toBe('refund');
  });
});

describe('who asks near copies of a question', () => {
  it('learns an order: not what was asked, by whom, or how near one asker came', async () => {
    const answers: unknown[] = [];
    // The nearer of two askers is the prober's very question in one log, and a paraphrase in the other.
    for (const [name, query] of [
      ['probed', QUESTION],
      ['probed-too', PARAPHRASE],
    ] as const) {
      await opened(name);
      await said(name, { contributor: 'ann', query });
      await said(name, { contributor: 'bob', query: PARAPHRASE });
      const fedcar = { asker_region: 'east', explain: true };
      const { json } = await call('POST', `/${name}/search`, { query: QUESTION, fedcar });
      const chunks = json.chunks as { id: string; score: number; scoring_details: Json }[];
      expect(chunks[0]).toMatchObject({ id: 'refund#0', scoring_details: { from_memory: true } });
      const text = JSON.stringify({ ...json, search_query: '' });
      for (const secret of ['purple', 'noise', 'ann', 'bob']) expect(text).not.toContain(secret);
      answers.push(chunks.map(({ id, score, scoring_details }) => ({ id, score, scoring_details })));
    }
    expect(answers[0]).toEqual(answers[1]);
  });
});

describe('the region of an asker', () => {
  it('may be named only where the collection allows it, and has to be one of its regions', async () => {
    await opened('strict', { askersNameRegion: false });
    const refused = await call('POST', '/strict/search', { query: 'x', fedcar: { asker_region: 'east' } });
    expect(refused.status).toBe(400);
    expect(refused.json.detail).toContain('fedcar.asker_region');
    const unknown = await call('POST', '/fails/search', { query: 'x', fedcar: { asker_region: 'north' } });
    expect(unknown.json).toMatchObject({ code: 'unknown_region' });
  });
});
