import { afterEach, describe, expect, it, vi } from 'vitest';
import { REGION_DEADLINE_MS } from '../../../workers/partial.ts';
import { type SearchOptions, search } from '../../../workers/search.ts';
import { hitOf, type MemoryOptions, memoryServices } from '../../helpers/memory-services.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';

const snapshot = snapshotOf([
  { item: 'a', region: 'weur', vector: [1, 0, 0] },
  { item: 'b', region: 'apac', vector: [1, 1, 0] },
  { item: 'c', region: 'apac', vector: [0, 1, 0] },
]);

async function ask(more: Partial<MemoryOptions>, options: Partial<SearchOptions> = {}) {
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
      measure: (_name, work) => work(),
    },
    { query: 'q', maxResults: 10, threshold: 0, region: null, filters: null, explain: false, ...options },
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

  it('leaves out what scores below the threshold', async () => {
    const all = await ask({});
    const scores = all.hits.map((hit) => hit.calibrated);
    expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
    expect(keys(await ask({}, { threshold: scores[1] as number }))).toEqual(['a', 'b']);
    expect(keys(await ask({}, { threshold: 1 }))).toEqual([]);
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
