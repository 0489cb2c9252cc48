import { afterEach, describe, expect, it, vi } from 'vitest';
import { REGION_DEADLINE_MS, search } from '../../../workers/search.ts';
import { hitOf, type MemoryOptions, memoryServices } from '../../helpers/memory-services.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';

const snapshot = snapshotOf([
  { item: 'a', region: 'weur', vector: [1, 0, 0] },
  { item: 'b', region: 'apac', vector: [1, 1, 0] },
  { item: 'c', region: 'apac', vector: [0, 1, 0] },
]);

async function ask(more: Partial<MemoryOptions>, options: { threshold?: number; maxResults?: number } = {}) {
  const services = memoryServices({
    snapshot,
    regions: { weur: 'answers', apac: 'answers' },
    embed: () => Float32Array.of(1, 0, 0),
    ...more,
  });
  return await search(
    services,
    await services.encoder(services.collection),
    services.collection,
    snapshot,
    { query: 'q', maxResults: 10, threshold: 0, region: null, explain: false, ...options },
    (_name, work) => work(),
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
});
