/** Uploads on their way to regions. */
import { describe, expect, it } from 'vitest';
import { ItemInput } from '../../../shared/protocol/api/item.ts';
import type { CoordinatorApi, RegionApi } from '../../../shared/protocol/objects.ts';
import { FULL_BYTES, placeItems } from '../../../workers/placement.ts';
import { memoryServices } from '../../helpers/memory-services.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';

/** Services of a collection whose retriever has so many bytes, and that has the document `old`. */
function services(bytes: number) {
  const base = memoryServices({
    snapshot: snapshotOf([{ item: 'old', region: 'weur', vector: [1, 0] }]),
    regions: { weur: 'answers' },
    embed: () => Float32Array.of(1, 0),
  });
  const coordinator: Partial<CoordinatorApi> = {
    // What serves may be smaller than what all passages need.
    pointer: async () => ({
      version: 1,
      revision: 0,
      hash: '',
      bytes: 1,
      parts: 1,
      bytesDue: bytes,
      watermarks: {},
    }),
    place: async (keys, _, assign) =>
      new Map(keys.filter((key) => assign || key === 'old').map((key) => [key, 'weur'])),
  };
  const region: Partial<RegionApi> = {
    putItems: async (items) => ({
      ok: true,
      value: items.map(({ key }) => ({
        key,
        region: 'weur',
        ...{ passages: 1, indexed: 1 },
        status: 'created',
        change: 'created',
      })),
    }),
  };
  const all = {
    ...base,
    coordinator: () => coordinator as CoordinatorApi,
    region: () => region as RegionApi,
  };
  return (...given: (string | { key: string; title?: string; text: string; format?: string })[]) => {
    const items = given.map((item) =>
      ItemInput.parse(typeof item === 'string' ? { key: item, text: 'x' } : item),
    );
    const signal = new AbortController().signal;
    return placeItems(all, base.collection, items, { region: null, wait: null, signal });
  };
}

describe('a collection', () => {
  it('takes documents until no isolate could load more', async () => {
    const placed = await services(FULL_BYTES)('old', 'new');
    expect(placed.items.map(({ key }) => key)).toEqual(['old', 'new']);
    const refused = services(FULL_BYTES + 1)('old', 'new');
    await expect(refused).rejects.toMatchObject({ status: 409, code: 'collection_full' });
    await expect(refused).rejects.toThrow('"new"');
  });

  it('that is full still takes changes of what it has', async () => {
    expect((await services(FULL_BYTES + 1)('old')).items).toHaveLength(1);
  });
});

it('refuses documents with nothing to search for, one by one', async () => {
  const script = '<script>let x;</script>';
  const placed = await services(0)(
    { key: 'blank', text: ' \n' },
    { key: 'script', text: script, format: 'html' },
    { key: 'titled', text: script, format: 'html', title: 'A title' },
    'seen',
  );
  expect(placed.items.map(({ key }) => key)).toEqual(['titled', 'seen']);
  expect(placed.errors).toEqual(
    ['blank', 'script'].map((key) => ({
      region: 'weur',
      code: 'invalid_request',
      detail: expect.stringMatching(/^text: nothing to search for in it/),
      keys: [key],
    })),
  );
});
