/** Uploads on their way to regions. */
import { expect, it } from 'vitest';
import { ItemInput } from '../../../shared/protocol/api/item.ts';
import type { CoordinatorApi, RegionApi } from '../../../shared/protocol/objects.ts';
import { placeItems } from '../../../workers/placement.ts';
import { memoryServices } from '../../helpers/memory-services.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';

/** Uploads to a collection that has the document `old`. */
function services() {
  const base = memoryServices({
    snapshot: snapshotOf([{ item: 'old', region: 'weur', vector: [1, 0] }]),
    regions: { weur: 'answers' },
    embed: () => Float32Array.of(1, 0),
  });
  const coordinator: Partial<CoordinatorApi> = {
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

it('refuses documents with nothing to search for, one by one', async () => {
  const script = '<script>let x;</script>';
  const placed = await services()(
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
