/**
 * The index at the edge: which regions a search asks once an isolate has the regions' segments, and that it finds what the
 * regions find that search for themselves. Real objects, the shipped encoder; calls are counted.
 */
import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { Library } from '../../durable-objects/region/library.ts';
import type { Region } from '../../durable-objects/region/region.ts';
import { decodeSnapshot } from '../../shared/protocol/snapshot.ts';
import { named } from '../helpers/snapshots.ts';
import { isolate } from './isolates.ts';
import { hubOf, regionOf } from './objects.ts';

const base = '/v1/collections/edge';
const FRESHNESS_MS = 10_000;
/** Each region has documents of a kind of its own. */
const KINDS = {
  wnam: ['ferry', 'The ferry to the island leaves at'],
  weur: ['invoice', 'Invoices of the department are paid on'],
  apac: ['telescope', 'The telescope on the roof shows at'],
  afr: ['giraffe', 'The giraffe in the zoo is fed at'],
} as const;
const REGIONS = Object.keys(KINDS) as (keyof typeof KINDS)[];
const QUESTIONS = [
  'when does the ferry go',
  'giraffe feeding',
  'paying invoice 7',
  'E-1003',
  'stars seen from the roof',
];

const edge = isolate(base);
const plain = { memory: false };
/** The index comes behind an answer. */
const warm = async (each = edge) => {
  await each.search('warm up', plain);
  each.state.asked.length = 0;
};
const askedBy = async (query: string, fedcar: object = plain, retrieval: object = { max_num_results: 5 }) => {
  edge.state.asked.length = 0;
  const found = await edge.search(query, fedcar, retrieval);
  return { ...found, asked: [...edge.state.asked] };
};
const settle = async () => {
  await hubOf('edge').refresh();
  edge.state.ms += FRESHNESS_MS;
  await warm();
};

beforeAll(async () => {
  const settings = {
    regions: REGIONS,
    adapter: { kind: 'none' },
    schedule: { everyHours: 0 },
    freshnessSeconds: FRESHNESS_MS / 1000,
  };
  // Another isolate's: what an isolate has changed itself it asks for.
  const writer = isolate(base);
  expect((await writer.call('POST', '/v1/collections', { name: 'edge', settings })).status).toBe(201);
  for (const [at, region] of REGIONS.entries()) {
    const [kind, text] = KINDS[region];
    const items = Array.from({ length: 8 }, (_, i) => ({
      key: `${kind}/${i}`,
      text: `${text} ${i} o'clock. Reference E-${1000 + 8 * at + i}.`,
      metadata: { number: i },
    }));
    expect((await writer.call('POST', `${base}/items`, { items, region })).status).toBe(200);
  }
  await settle();
});

describe('a search', () => {
  it('asks the regions that hold what it shows, and no other', async () => {
    for (const query of QUESTIONS) {
      const { chunks, asked } = await askedBy(query);
      expect(chunks).toHaveLength(5);
      const holders = [...new Set(chunks.map(({ item }) => item.region))];
      expect(asked.map(([region]) => region).sort()).toEqual(holders.sort());
    }
    const { asked } = await askedBy('when is the giraffe fed in the zoo');
    expect(asked).toEqual([['afr', 'passages']]);
    expect((await askedBy('E-1003', plain, { max_num_results: 1 })).asked).toEqual([['wnam', 'passages']]);
  });

  it('asks the region from which the question comes, too, where memory is on', async () => {
    const { asked } = await askedBy('when is the giraffe fed in the zoo', {});
    const recalled = asked.filter(([, method]) => method === 'recall');
    expect(recalled).toHaveLength(1);
    expect(asked).toHaveLength(2);
  });

  it('asks all regions for what filters let pass, and with `fresh`', async () => {
    const filters = { number: { $lt: 2 } };
    const { chunks, asked } = await askedBy('giraffe', plain, { filters });
    expect(asked.map(([region]) => region).sort()).toEqual([...REGIONS].sort());
    for (const { item } of chunks) expect(item.metadata.number).toBeLessThan(2);
    const fresh = await askedBy('giraffe', { ...plain, fresh: true });
    expect(fresh.asked.map(([region]) => region).sort()).toEqual([...REGIONS].sort());
  });

  it('in search by words or vectors alone finds what it finds in the regions', async () => {
    for (const retrieval_type of ['keyword', 'vector', 'hybrid']) {
      for (const query of QUESTIONS) {
        const here = await askedBy(query, plain, { retrieval_type, max_num_results: 5 });
        // An isolate that has not loaded anything yet.
        const there = await isolate(base).search(query, plain, { retrieval_type, max_num_results: 5 });
        const said = ({ chunks }: typeof there) =>
          chunks.map(
            ({ item, score, scoring_details }) =>
              [item.key, score, scoring_details.keyword_score ?? 0] as const,
          );
        const [ours, theirs] = [said(here), said(there)];
        expect(ours.length).toBe(theirs.length);
        for (const [key, score, words] of ours) {
          const same = theirs.find(([other]) => other === key);
          // Cosines with int8 rows and with the embeddings themselves differ in the third digit.
          if (same === undefined) expect(Math.abs(score - theirs.at(-1)![1])).toBeLessThan(0.02);
          else {
            expect(Math.abs(score - same[1])).toBeLessThan(0.02);
            expect(words).toBeCloseTo(same[2], 5);
          }
        }
      }
    }
  });
});

describe('what changes', () => {
  it('is asked of its region until the index has it, and of no other then', async () => {
    await warm();
    await regionOf('edge', 'apac').putItems([
      { key: 'okapi', title: '', text: 'Okapis hide in the rain forest.', format: 'text', metadata: {} },
    ]);
    await regionOf('edge', 'apac').flush();
    edge.state.ms += FRESHNESS_MS;
    const first = await askedBy('where do okapis hide', plain, { max_num_results: 1 });
    expect(first.keys).toEqual(['okapi']);
    const then = await askedBy('where do okapis hide', plain, { max_num_results: 1 });
    expect(then).toMatchObject({ keys: ['okapi'], asked: [['apac', 'passages']] });
    expect((await askedBy('giraffe', plain, { max_num_results: 3 })).asked).toEqual([['afr', 'passages']]);
  });

  it('is never shown once it is deleted, and the next best is found in its place', async () => {
    await regionOf('edge', 'apac').removeItem('okapi');
    const { chunks, keys } = await askedBy('where do okapis hide');
    expect(keys).not.toContain('okapi');
    expect(chunks).toHaveLength(5);
    await settle();
    expect((await askedBy('where do okapis hide')).keys).not.toContain('okapi');
  });

  it('goes on while segments are merged away', async () => {
    await warm();
    const ferry = regionOf('edge', 'wnam') as DurableObjectStub<Region>;
    const before = (await hubOf('edge').manifest()).regions.find(({ region }) => region === 'wnam')!;
    for (let i = 0; i < 8; i++)
      await ferry.putItems([
        { key: `pier/${i}`, title: '', text: `Pier ${i} is closed.`, format: 'text', metadata: {} },
      ]);
    await runInDurableObject(ferry, (_, { storage }) => {
      const library = new Library(storage);
      while (library.segments.step());
      expect(library.segments.list().length).toBeLessThan(before.segments.length + 8);
    });
    const cold = isolate(base);
    const found = async (each: typeof edge) => {
      const { keys } = await each.search('which pier is closed', plain, { max_num_results: 8 });
      return keys.filter((key) => key.startsWith('pier/')).length;
    };
    expect(await found(cold)).toBe(8);
    await settle();
    expect(await found(edge)).toBe(8);
    await warm(cold);
    cold.state.ms += FRESHNESS_MS;
    await warm(cold);
    expect(await found(cold)).toBe(8);
    expect(cold.state.asked.map(([region]) => region)).toEqual(['wnam']);
  });
});

describe('a version', () => {
  it('overlays the index with what its rows learned, here and in the regions', async () => {
    await settle();
    const snapshot = decodeSnapshot((await edge.call('GET', `${base}/models/0/snapshot`)).bytes);
    // The row of one document learned to be that of another: whoever asks for the other finds it, too.
    const [from, to] = ['telescope/3', 'giraffe/3'].map((key) => snapshot.items.indexOf(key)) as [
      number,
      number,
    ];
    snapshot.active[from] = 1;
    snapshot.scales[from] = snapshot.scales[to]!;
    const { width } = snapshot.header;
    snapshot.rows.copyWithin(from * width, to * width, (to + 1) * width);
    snapshot.header.version = 1;
    const { bytes, hash } = named(snapshot);
    expect((await edge.call('PUT', `${base}/models/imports/${hash}/0`, bytes)).status).toBe(204);
    expect((await edge.call('POST', `${base}/models/imports/${hash}`)).status).toBe(201);
    const question = 'the giraffe in the zoo is fed at 3';
    const retrieval = { retrieval_type: 'vector', max_num_results: 3 };
    const before = await askedBy(question, plain, retrieval);
    expect(before.keys).not.toContain('telescope/3');
    expect((await edge.call('POST', `${base}/models/1/activate`)).status).toBe(200);
    const { keys, chunks } = await askedBy(question, plain, retrieval);
    expect(keys).toContain('telescope/3');
    const cold = await isolate(base).search(question, plain, retrieval);
    expect(cold.keys).toContain('telescope/3');
    const scoreIn = (of: typeof chunks) => of.find(({ item }) => item.key === 'telescope/3')!.score;
    expect(scoreIn(cold.chunks)).toBeCloseTo(scoreIn(chunks), 4);
    // A new text has learned nothing.
    await regionOf('edge', 'apac').putItems([
      { key: 'telescope/3', title: '', text: 'Closed for repairs.', format: 'text', metadata: {} },
    ]);
    await settle();
    expect((await askedBy(question, plain, retrieval)).keys).not.toContain('telescope/3');
    expect((await edge.call('POST', `${base}/models/0/activate`)).status).toBe(200);
  });
});

describe('an index that stays in its regions', () => {
  it('is given to nobody, and found all the same', async () => {
    const { segments } = (await hubOf('edge').manifest()).regions[0]!;
    const hashes = segments.map((each) => each.hash);
    const region = (await hubOf('edge').manifest()).regions[0]!.region;
    expect((await regionOf('edge', region).segments(hashes)).every((parts) => parts !== null)).toBe(true);
    const patch = { settings: { index: { words: 'region' } } };
    expect((await edge.call('PATCH', base, patch)).status).toBe(200);
    expect((await regionOf('edge', region).segments(hashes)).every((parts) => parts === null)).toBe(true);
    await hubOf('edge').refresh();
    expect((await hubOf('edge').manifest()).regions).toEqual([]);
    const cold = isolate(base);
    await cold.search('warm up', plain);
    cold.state.asked.length = 0;
    const found = await cold.search('when is the giraffe fed in the zoo', plain, { max_num_results: 5 });
    expect(found.keys.every((key) => key.startsWith('giraffe/'))).toBe(true);
    expect(cold.state.asked.map(([each]) => each).sort()).toEqual([...REGIONS].sort());
  });
});
