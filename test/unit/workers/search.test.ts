import { afterEach, describe, expect, it, vi } from 'vitest';
import type { IndexView } from '../../../shared/index/view.ts';
import type { PassageRequest } from '../../../shared/protocol/passages.ts';
import { START_PARAMETERS } from '../../../shared/protocol/serving-parameters.ts';
import { FOUND_AT } from '../../../workers/calibration.ts';
import { REGION_DEADLINE_MS } from '../../../workers/partial.ts';
import { type SearchOptions, search } from '../../../workers/search.ts';
import { hitOf, type MemoryOptions, memoryServices } from '../../helpers/memory-services.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';
import { viewOf } from '../../helpers/views.ts';

const snapshot = snapshotOf([
  { item: 'a', region: 'weur', vector: [1, 0, 0] },
  { item: 'b', region: 'apac', vector: [1, 1, 0] },
  { item: 'c', region: 'apac', vector: [0, 1, 0] },
]);

/** @param view the index that the isolate has; null: regions search for themselves */
async function ask(
  more: Partial<MemoryOptions>,
  options: Partial<SearchOptions> = {},
  view: IndexView | null = viewOf(more.snapshot ?? snapshot),
) {
  const services = memoryServices({
    snapshot,
    regions: { weur: 'answers', apac: 'answers' },
    embed: () => Float32Array.of(1, 0, 0),
    ...more,
  });
  return await search(
    {
      services,
      encoder: await services.encoder(services.collection),
      collection: services.collection,
      snapshot: more.snapshot ?? snapshot,
      view,
      isNewer: (region) => more.newer?.[region] !== undefined,
      measure: (_name, work) => work(),
    },
    {
      ...{
        query: 'q',
        maxResults: 10,
        threshold: 0,
        type: 'hybrid',
        region: null,
        asker: null,
        filters: null,
      },
      ...{ expansion: 0, explain: false },
      ...options,
    },
  );
}

const keys = (result: Awaited<ReturnType<typeof ask>>) => result.hits.map((hit) => hit.item);

describe('a query over regions', () => {
  afterEach(() => void vi.useRealTimers());

  it('ranks the passages of all regions together', async () => {
    expect(keys(await ask({}))).toEqual(['a', 'b', 'c']);
  });

  it('finds what is newer than the snapshot, also in a region without a candidate', async () => {
    const regions = { weur: 'answers', apac: 'answers', afr: 'answers' } as const;
    const result = await ask({ regions, newer: { afr: [hitOf('new', 'afr', 0.9)] } });
    expect(keys(result)).toEqual(['a', 'new', 'b', 'c']);
  });

  it('asks the regions that hold the best, and all where it has no index', async () => {
    const asked: string[] = [];
    const hears: MemoryOptions['asked'] = (region) => void asked.push(region);
    await ask({ asked: hears }, { maxResults: 1, type: 'vector' });
    expect(asked).toEqual(['weur']);
    asked.length = 0;
    await ask({ asked: hears }, { maxResults: 1, type: 'hybrid' });
    expect(asked).toEqual(['weur']);
    asked.length = 0;
    await ask({ asked: hears }, { maxResults: 1, type: 'hybrid' }, null);
    expect(asked.sort()).toEqual(['apac', 'weur']);
    asked.length = 0;
    const regions = { weur: 'answers', apac: 'answers', afr: 'answers' } as const;
    await ask({ asked: hears, regions, newer: { afr: [] } }, { maxResults: 1, type: 'vector' });
    expect(asked.sort()).toEqual(['afr', 'apac', 'weur']);
  });

  it('looks for what is newer in a region that it comes to ask later', async () => {
    const requests: [string, boolean][] = [];
    const hears: MemoryOptions['asked'] = (region, { fresh }) => void requests.push([region, fresh]);
    const found = await ask({ asked: hears, deleted: ['a'] }, { maxResults: 1, type: 'vector' });
    expect(keys(found)).toEqual(['b']);
    expect(requests).toEqual([
      ['weur', true],
      ['apac', true],
    ]);
  });

  it('is answered by words alone where the encoder does not know its words, and without confidence', async () => {
    const asked: PassageRequest[] = [];
    await ask({ knows: () => false, asked: (_region, request) => asked.push(request) }, {}, null);
    expect(asked.length).toBeGreaterThan(0);
    for (const { query, terms } of asked) expect([query, terms]).toEqual([null, ['q']]);
    const { hits } = await ask({ knows: () => false }, { type: 'vector' });
    expect(hits.map(({ item }) => item)).toEqual(['a', 'b', 'c']);
    for (const { calibrated } of hits) expect(calibrated).toBeLessThan(FOUND_AT);
    expect((await ask({}, { type: 'vector' })).hits[0]?.calibrated).toBeGreaterThan(0.9);
  });

  it('shows a document whose words the encoder does not know, without confidence', async () => {
    const [sure] = (await ask({}, { type: 'vector' })).hits;
    const { hits } = await ask({ knows: (text) => text !== sure!.text }, { type: 'vector' });
    expect(hits.map(({ item }) => item)).toEqual(['a', 'b', 'c']);
    expect(hits[0]!.calibrated).toBeLessThan(FOUND_AT);
  });

  it('drops what was deleted since the snapshot', async () => {
    expect(keys(await ask({ deleted: ['a'] }, { maxResults: 2 }))).toEqual(['b', 'c']);
  });

  it('answers with what the other regions have when one fails', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const result = await ask({ regions: { weur: 'fails', apac: 'answers' } });
    expect(keys(result)).toEqual(['b', 'c']);
    expect(result.errors).toEqual([
      { region: 'weur', code: 'region_failed', detail: expect.stringContaining('weur') },
    ]);
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
  });

  it('does not wait for a region beyond its deadline', async () => {
    vi.useFakeTimers();
    const pending = ask({ regions: { weur: 'hangs', apac: 'answers' } });
    await vi.advanceTimersByTimeAsync(REGION_DEADLINE_MS);
    const result = await pending;
    expect(keys(result)).toEqual(['b', 'c']);
    expect(result.errors[0]).toMatchObject({ region: 'weur', code: 'region_timeout' });
  });

  describe('with memory of the region that it comes from', () => {
    const lifts = { apac: [{ item: 'c', near: 1 }] };

    it('lifts what that log knows, and says so where it is asked to explain', async () => {
      const far = { lifts, embed: () => Float32Array.of(0, 0, 1) };
      const { hits } = await ask(far, { asker: 'apac', explain: true });
      expect(hits.map(({ item, remembered }) => [item, remembered])).toEqual([
        ['c', true],
        ['a', false],
        ['b', false],
      ]);
      expect(hits[0]!.rank).toBeCloseTo(0.7);
      expect(hits[0]!.score).toBeCloseTo(0);
    });

    it('asks no other region, and none where there is none', async () => {
      expect(keys(await ask({ lifts }, { asker: 'weur' }))).toEqual(['a', 'b', 'c']);
      expect(keys(await ask({ lifts }))).toEqual(['a', 'b', 'c']);
    });

    it('asks that region once where it holds what was found, too', async () => {
      const calls: string[] = [];
      const called = (region: string, method: string) => void calls.push(`${region} ${method}`);
      await ask({ lifts, called }, { asker: 'apac', maxResults: 3 });
      expect(calls.sort()).toEqual(['apac passages', 'weur passages']);
      calls.length = 0;
      await ask({ lifts: {}, called }, { asker: 'apac', maxResults: 1 });
      expect(calls.sort()).toEqual(['apac recall', 'weur passages']);
      calls.length = 0;
      // Asked for more, a region is not asked again what its log says.
      await ask({ lifts, called, deleted: ['a', 'b'] }, { asker: 'weur', maxResults: 1 });
      expect(calls).toEqual(['weur passages', 'apac passages']);
    });

    it('fetches what it lifts wherever that is, once', async () => {
      const asked: [string, string[]][] = [];
      const more = {
        lifts: {
          apac: [
            { item: 'far', near: 1 },
            { item: 'gone', near: 1 },
          ],
        },
        holds: { weur: ['far'] },
        asked: (name: string, { wanted }: PassageRequest) => void asked.push([name, wanted]),
      };
      expect(keys(await ask(more, { asker: 'apac' }))).toEqual(['a', 'far', 'b', 'c']);
      expect(asked.filter(([, wanted]) => wanted.length > 0)).toEqual([
        ['weur', ['far', 'gone']],
        ['apac', ['far', 'gone']],
      ]);
    });

    it('keeps to the documents of the region that is searched', async () => {
      const found = await ask({ lifts }, { asker: 'apac', region: 'weur' });
      expect(keys(found)).toEqual(['a']);
      expect(found.errors).toEqual([]);
    });

    it('does without when that region is away, and says nothing of it', async () => {
      const regions = { weur: 'answers', apac: 'fails' } as const;
      const found = await ask({ regions, lifts }, { asker: 'apac', region: 'weur' });
      expect(keys(found)).toEqual(['a']);
      expect(found.errors).toEqual([]);
    });
  });

  it('leaves out what scores below the threshold', async () => {
    const all = await ask({});
    const scores = all.hits.map((hit) => hit.calibrated);
    expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
    expect(keys(await ask({}, { threshold: scores[1]! }))).toEqual(['a', 'b']);
    expect(keys(await ask({}, { threshold: 1 }))).toEqual([]);
  });

  describe('by words', () => {
    const query = 'fault E-4712';
    // What each region has of: fault, e, 4712, E-4712 whole and without its hyphen.
    const statistics = { passages: 10, length: 50, frequencies: [8, 3, 0, 0, 0] };
    const having = { ...statistics, frequencies: [8, 3, 1, 1, 1] };
    const hit = (item: string, score: number | null, frequencies: number[]) => ({
      ...hitOf(item, 'apac', 0),
      score,
      words: { length: 5, frequencies },
    });
    const words = {
      weur: { hits: [], statistics },
      apac: { hits: [hit('c', 0.7, [1, 1, 1, 1, 1]), hit('b', 0, [1, 1, 0, 0, 0])], statistics: having },
    };

    it('adds what words say to the cosine of the row that serves', async () => {
      const { hits } = await ask({ words }, { query, explain: true }, null);
      const found = hits.find(({ item }) => item === 'c')!;
      // Its row is orthogonal to the question: what the region computed by the passage's own embedding is not taken.
      expect(found.score).toBeCloseTo(0, 5);
      expect(found.keyword).toBeGreaterThan(0.3);
      expect(found.rank).toBeCloseTo(START_PARAMETERS.words * found.keyword!, 5);
      expect(found.matched.map(({ word }) => word)).toEqual(['4712', 'E-4712', 'E-4712', 'E', 'fault']);
      expect(found.matched.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(found.keyword!, 5);
      expect([found.vectorRank, found.keywordRank]).toEqual([3, 1]);
    });

    it('takes a passage that is newer than the snapshot as the region scored it', async () => {
      const newer = { ...hit('c', 0.7, [1, 0, 0, 0, 0]), newer: true };
      const { hits } = await ask({ words: { apac: { hits: [newer], statistics: having } } }, { query }, null);
      expect(hits.find(({ item }) => item === 'c')!.score).toBe(0.7);
    });

    it('counts a word by how rare it is in all regions together', async () => {
      const keyword = async (weur: number) => {
        const there = { hits: [], statistics: { ...statistics, frequencies: [weur, 3, 0, 0, 0] } };
        const { hits } = await ask({ words: { ...words, weur: there } }, { query }, null);
        return hits.find(({ item }) => item === 'b')!.keyword!;
      };
      expect(await keyword(0)).toBeGreaterThan(await keyword(10));
    });

    it('by words alone neither embeds nor scores', async () => {
      const embed = () => {
        throw new Error('is not needed');
      };
      const found = { ...words, apac: { ...words.apac, hits: [hit('c', null, [1, 1, 1, 1, 1])] } };
      const { hits } = await ask({ words: found, embed }, { query, type: 'keyword' }, null);
      expect(hits.map(({ item, score }) => [item, score])).toEqual([['c', null]]);
      expect(hits[0]!.calibrated).toBeCloseTo(hits[0]!.keyword!, 5);
    });

    it('of the index ranks by both, without any region', async () => {
      const view = viewOf(snapshot, { b: 'the fault', c: 'Fault E-4712 in the pump' });
      const asked: PassageRequest[] = [];
      const hears: MemoryOptions['asked'] = (_region, request) => void asked.push(request);
      const { hits } = await ask({ asked: hears }, { query, explain: true }, view);
      const found = hits.find(({ item }) => item === 'c')!;
      expect(found.keyword).toBeGreaterThan(0.25);
      expect(found.rank).toBeCloseTo(found.score! + START_PARAMETERS.words * found.keyword!, 5);
      expect(found.matched.map(({ word }) => word)).toContain('E-4712');
      expect(asked.every(({ terms, isIndexed }) => terms.length === 0 && isIndexed)).toBe(true);
      const alone = await ask({}, { query, type: 'keyword' }, view);
      expect(alone.hits.map(({ item, score }) => [item, score])).toEqual([
        ['c', null],
        ['b', null],
      ]);
      const there = await ask({}, { query, type: 'keyword', region: 'weur' }, view);
      expect(there.hits).toEqual([]);
    });

    it('by vectors alone sends no words, and ranks as ever', async () => {
      const terms: string[][] = [];
      const asked: MemoryOptions['asked'] = (_region, request) => terms.push(request.terms);
      const { hits } = await ask({ asked }, { query, type: 'vector' });
      expect(terms).toEqual([[], []]);
      expect(hits.map(({ item, keyword, rank, score }) => [item, keyword, rank === score])).toEqual([
        ['a', null, true],
        ['b', null, true],
        ['c', null, true],
      ]);
    });
  });

  describe('with more documents than are asked for at once', () => {
    // Scores fall with the number; every hundredth is green.
    const many = snapshotOf(
      Array.from({ length: 1000 }, (_, i) => ({
        item: `d${i}`,
        region: i % 2 ? 'weur' : 'apac',
        vector: [1, i / 500, 0],
      })),
    );
    const green = Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [`d${100 * i + 99}`, { colour: 'green' }]),
    );
    const filters = { colour: 'green' };

    it('looks further until the filter has let enough pass', async () => {
      const found = await ask({ snapshot: many, metadata: green }, { filters, maxResults: 3 });
      expect(keys(found)).toEqual(['d99', 'd199', 'd299']);
    });

    it('finds all there are, and ends when there are no more', async () => {
      const found = await ask({ snapshot: many, metadata: green }, { filters, maxResults: 50 });
      expect(keys(found)).toHaveLength(10);
      expect(keys(await ask({ snapshot: many }, { filters }))).toEqual([]);
    });

    it('does not let newer passages of a low score stand for better ones further down', async () => {
      const newer = { weur: [1, 2, 3].map((i) => hitOf(`new${i}`, 'weur', 0.01 * i)) };
      const metadata = { ...green, new1: filters, new2: filters, new3: filters };
      const found = await ask({ snapshot: many, metadata, newer }, { filters, maxResults: 3 });
      expect(keys(found)).toEqual(['d99', 'd199', 'd299']);
    });

    it('asks once without filters, once for what is newer, and never again below the threshold', async () => {
      const requests: { fresh: boolean; candidates: number }[] = [];
      const asked: MemoryOptions['asked'] = (_region, { fresh, candidates }) =>
        requests.push({ fresh, candidates: candidates.length });
      await ask({ snapshot: many, asked }, { maxResults: 10 });
      expect(requests).toHaveLength(2);
      requests.length = 0;
      await ask({ snapshot: many, asked, metadata: green }, { filters, maxResults: 10 });
      expect(requests.length).toBeGreaterThan(4);
      expect(requests.filter(({ fresh }) => fresh)).toHaveLength(2);
      expect(requests.reduce((sum, { candidates }) => sum + candidates, 0)).toBe(1000);
      requests.length = 0;
      await ask({ snapshot: many, asked, metadata: green }, { filters, threshold: 1 });
      expect(requests).toHaveLength(2);
    });

    it('goes on without a region that failed', async () => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => {});
      const result = await ask({ snapshot: many, regions: { weur: 'answers', apac: 'fails' } });
      expect(keys(result)).toHaveLength(10);
      expect(result.errors).toHaveLength(1);
      expect(log).toHaveBeenCalledOnce();
      log.mockRestore();
    });
  });
});
