/** Which region holds an item, and uploads that are shared out among the regions. */
import { addTo } from '../shared/multimap.ts';
import type { Collection } from '../shared/protocol/api/collection.ts';
import type { ItemInput, ItemReceipt, ItemReceipts, UploadError } from '../shared/protocol/api/item.ts';
import type { RegionApi } from '../shared/protocol/objects.ts';
import { isBlank } from '../shared/retrieval/chunking.ts';
import { readDocument } from '../shared/retrieval/document.ts';
import { ObjectFailure } from './object-failure.ts';
import { missing } from './partial.ts';
import { Problem } from './problem.ts';
import type { Services } from './services.ts';

/** @throws Problem unless the collection has the region. */
export function requireRegion(collection: Collection, name: string, field = 'region'): void {
  if (collection.settings.regions.includes(name)) return;
  const known = collection.settings.regions.join(', ');
  throw new Problem('unknown_region', `${field}: ${name} is none of ${known}`);
}

/** The region that holds `key`; null when the collection has no such item. */
export async function regionOfItem(
  services: Services,
  collection: Collection,
  key: string,
): Promise<RegionApi | null> {
  const places = await services.coordinator(collection).place([key], null, false);
  const name = places.get(key);
  return name === undefined ? null : services.region(collection, name);
}

/** Those of `keys` that are documents of the collection now. */
export async function standing(
  services: Services,
  collection: Collection,
  keys: readonly string[],
): Promise<Set<string>> {
  const places = await services.coordinator(collection).place([...new Set(keys)], null, false);
  // A place outlives its document: regions say what stands.
  const byRegion = new Map<string, string[]>();
  for (const [key, name] of places) addTo(byRegion, name, key);
  const held = await Promise.all(
    [...byRegion].map(([name, there]) => services.region(collection, name).holds(there)),
  );
  return new Set(held.flat());
}

/** Where items lie or shall lie: known ones where they are, deleted ones and new ones in `region` if it is given. */
async function placesOf(
  services: Services,
  collection: Collection,
  keys: string[],
  region: string | null,
): Promise<{ places: Map<string, string>; errors: UploadError[] }> {
  const coordinator = services.coordinator(collection);
  const places = await coordinator.place(keys, region, true);
  const errors: UploadError[] = [];
  if (region === null) return { places, errors };
  const elsewhere = new Map<string, string[]>();
  for (const key of keys) {
    const name = places.get(key)!;
    if (name !== region) addTo(elsewhere, name, key);
  }
  await Promise.all(
    [...elsewhere].map(async ([name, there]) => {
      const failed = await unlessRegionFails(name, there, async () => {
        const held = new Set(await services.region(collection, name).holds(there));
        const gone = there.filter((key) => !held.has(key));
        const moved = gone.length === 0 ? [] : await coordinator.place(gone, region, true, name);
        for (const [key, place] of moved) places.set(key, place);
      });
      if (failed !== null) errors.push(failed);
    }),
  );
  return { places, errors };
}

/** Null when the work was done; what to tell of the documents when their region failed. @throws whatever else it throws */
async function unlessRegionFails(
  region: string,
  keys: string[],
  work: () => Promise<void>,
): Promise<UploadError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (!(error instanceof ObjectFailure) || error.of.object !== 'region') throw error;
    return { ...missing(region, error, 'its documents were not taken'), keys };
  }
}

/** It would be listed and never found. */
const NOTHING_IN_IT = {
  code: 'invalid_request',
  detail: 'text: nothing to search for in it, and there is no title',
};

/** A document by the title that it gives itself, where it was uploaded without one. */
function titled(item: ItemInput): ItemInput {
  return item.title.trim() === '' ? { ...item, title: readDocument(item).title } : item;
}

/** How long an upload that wants to wait waits for its documents to be indexed. */
export const WAIT_MS = 120_000;

export interface UploadOptions {
  /** Null: the collection chooses. */
  region: string | null;
  /** Until everything is indexed (true), not at all (false), or as long as it is little work (null). */
  wait: boolean | null;
  /** The client has left: nobody waits any more, and alarms go on. */
  signal: AbortSignal;
}

/** Has a region embed call by call what waits of these documents, as long as somebody waits for it. */
async function untilIndexed(
  services: Services,
  region: RegionApi,
  receipts: ItemReceipt[],
  signal: AbortSignal,
) {
  const waiting = receipts.filter(({ status }) => status === 'indexing').map(({ key }) => key);
  const until = services.now() + WAIT_MS;
  for (let more = waiting.length > 0; more && !signal.aborted && services.now() < until; ) {
    const outcome = await region.indexItems(waiting);
    if (!outcome.ok) return receipts;
    more = outcome.value;
  }
  return await Promise.all(
    receipts.map(async (receipt): Promise<ItemReceipt> => {
      if (receipt.status !== 'indexing') return receipt;
      const item = await region.item(receipt.key);
      const { indexed = 0, passages = 0, status = 'indexed' } = item ?? {};
      return { ...receipt, passages, indexed, status: status === 'indexing' ? status : receipt.change };
    }),
  );
}

/**
 * Uploads items, each to its region: where it lies already, else `region`, else by the coordinator's choice.
 * Receipts come in the order of `given`.
 */
export async function placeItems(
  services: Services,
  collection: Collection,
  given: readonly ItemInput[],
  { region, wait, signal }: UploadOptions,
): Promise<ItemReceipts> {
  if (region !== null) requireRegion(collection, region);
  const keys = given.map((item) => item.key);
  const repeated = keys.find((key, index) => keys.indexOf(key) !== index);
  if (repeated !== undefined) {
    throw new Problem('invalid_request', `items: the key ${JSON.stringify(repeated)} occurs twice`);
  }
  const { places, errors } = await placesOf(services, collection, keys, region);
  const left = new Set(errors.flatMap((error) => error.keys));
  const shares = new Map<string, ItemInput[]>();
  for (const item of given.filter(({ key }) => !left.has(key)).map(titled)) {
    const name = places.get(item.key)!;
    if (isBlank(item)) errors.push({ region: name, ...NOTHING_IN_IT, keys: [item.key] });
    else addTo(shares, name, item);
  }
  const receipts = new Map<string, ItemReceipt>();
  await Promise.all(
    [...shares].map(async ([name, share]) => {
      const there = share.map((item) => item.key);
      const failed = await unlessRegionFails(name, there, async () => {
        const home = services.region(collection, name);
        const outcome = await home.putItems(share, wait === false);
        if (!outcome.ok) {
          errors.push({ region: name, code: outcome.code, detail: outcome.detail, keys: there });
          return;
        }
        const made =
          wait === true ? await untilIndexed(services, home, outcome.value, signal) : outcome.value;
        for (const receipt of made) receipts.set(receipt.key, receipt);
      });
      if (failed !== null) errors.push(failed);
    }),
  );
  return { items: keys.flatMap((key) => receipts.get(key) ?? []), errors };
}
