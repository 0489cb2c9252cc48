/** Documents of a collection that are no longer where they came from. */
import type { Items } from '../shared/protocol/api/item.ts';
import { ApiError, type Client } from './client.ts';
import { concurrent } from './concurrent.ts';
import { Failure } from './fedcar/failure.ts';
import type { Progress } from './progress.ts';

const PAGE = 100;
const AT_ONCE = 8;

/**
 * Keys of the collection's documents that are not among `kept`, in order.
 * @param region only this region's
 * @throws Failure where nothing is kept, or where a region does not answer: what it holds is not known
 */
export async function vanished(
  client: Client,
  kept: ReadonlySet<string>,
  region: string | null,
): Promise<string[]> {
  if (kept.size === 0) throw new Failure('--sync: there is no document at all, so nothing is deleted');
  const gone: string[] = [];
  let after: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (after !== null) query.set('after', after);
    if (region !== null) query.set('region', region);
    const page: Items = await client.get<Items>(`/items?${query}`);
    const [missing] = page.errors;
    if (missing) throw new Failure(`--sync: region ${missing.region} does not answer, so nothing is deleted`);
    for (const { key } of page.items) if (!kept.has(key)) gone.push(key);
    after = page.next;
  } while (after !== null);
  return gone;
}

export async function deleteVanished(
  client: Client,
  keys: readonly string[],
  progress: Progress,
): Promise<void> {
  let done = 0;
  await concurrent(keys, AT_ONCE, async (key) => {
    try {
      await client.delete(`/items/${encodeURIComponent(key)}`);
    } catch (error) {
      // Somebody else was faster.
      if (!(error instanceof ApiError) || error.code !== 'unknown_item') throw error;
    }
    progress.update(++done);
  });
}
