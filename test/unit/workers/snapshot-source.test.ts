/** Snapshots in the data centre's cache. */
import { describe, expect, it } from 'vitest';
import { cachedBytes } from '../../../workers/snapshot-source.ts';

/** A cache that keeps the last response, with `length` as its content-length. */
function cacheOf(length?: string | null): Cache {
  let kept: { body: ArrayBuffer; headers: Headers } | undefined;
  return {
    put: async (_url: string, response: Response) => {
      const headers = new Headers(response.headers);
      if (length === null) headers.delete('content-length');
      else if (length !== undefined) headers.set('content-length', length);
      kept = { body: await response.arrayBuffer(), headers };
    },
    match: async () => kept && new Response(kept.body, { headers: kept.headers }),
  } as unknown as Cache;
}

describe('cached bytes', () => {
  const bytes = Uint8Array.from({ length: 2_000 }, (_, i) => i % 251);

  async function roundTrip(cache: Cache): Promise<Uint8Array | null> {
    const works: Promise<unknown>[] = [];
    const shared = cachedBytes(cache, (work) => void works.push(work));
    expect(await shared.get('a')).toBeNull();
    shared.put('a', bytes);
    await Promise.all(works);
    return await shared.get('a');
  }

  it.each([[undefined], [null], ['99999999999'], ['much']])(
    'come back, content-length %s',
    async (length) => {
      expect(await roundTrip(cacheOf(length))).toEqual(bytes);
    },
  );

  it.each([['1999'], ['2001'], ['0']])('are nothing where content-length says %s', async (length) => {
    expect(await roundTrip(cacheOf(length))).toBeNull();
  });
});
