/** Documents of a collection that are no longer where they came from. */

import { ApiError, type Client } from '../client/client.ts';
import type { Items } from '../shared/protocol/api/item.ts';
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
  kept: { readonly size: number; has(key: string): boolean },
  region: string | null,
): Promise<string[]> {
  if (kept.size === 0) throw new Failure('--sync: there is no document at all, so nothing is deleted');
  const gone: string[] = [];
  let after: string | null = null;
  do {
    const page: Items = await client.call('GET /items', { query: { limit: PAGE, after, region } });
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
      await client.call('DELETE /items/{key}', { params: { key } });
    } catch (error) {
      // Somebody else was faster.
      if (!(error instanceof ApiError) || error.code !== 'unknown_item') throw error;
    }
    progress.update(++done);
  });
}
