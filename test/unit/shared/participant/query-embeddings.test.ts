import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../../models/engine.ts';
import {
  bareEncoder,
  namedAdapter,
  queryEmbeddings,
} from '../../../../shared/participant/query-embeddings.ts';
import type { ShardStore } from '../../../../shared/participant/shard-store.ts';
import type { AdapterSettings } from '../../../../shared/protocol/training-settings.ts';

/** A store in memory, and an engine whose embedding of a text is its tokens' sum and their number. */
function shard() {
  const kept = new Map<string, Float32Array>();
  const embedded: string[] = [];
  const store = {
    cachedEmbeddings: (ids: Uint32Array, key: string) =>
      Array.from(ids, (id) => kept.get(`${key} ${id}`) ?? null),
    cacheEmbeddings(ids: Uint32Array, key: string, embeddings: Float32Array, width: number) {
      for (const [i, id] of ids.entries())
        kept.set(`${key} ${id}`, embeddings.slice(i * width, (i + 1) * width));
    },
  } as unknown as ShardStore;
  const engine = {
    info: { width: 2 },
    async embed(texts: Int32Array[]) {
      embedded.push(...texts.map((ids) => ids.join()));
      return Float32Array.from(texts.flatMap((ids) => [ids.reduce((a, b) => a + b, 0), ids.length]));
    },
  } as unknown as Engine;
  return { store, engine, embedded };
}

const named = (key: string) => ({ adapter: { kind: 'none' }, key }) as const;
const records = (...texts: number[][]) => texts.map((ids, id) => ({ id, ids: Int32Array.from(ids) }));

describe('query embeddings', () => {
  it('are made once for records with the same tokens, and stand where the records stand', async () => {
    const { embedded, ...parts } = shard();
    const queries = records([1, 2], [3], [1, 2], [4, 4, 4]);
    expect([...(await queryEmbeddings(parts, queries, named('k')))]).toEqual([3, 2, 3, 1, 3, 2, 12, 3]);
    expect(embedded).toEqual(['1,2', '3', '4,4,4']);
  });

  it('are taken from the store, under the name of their adapter only', async () => {
    const { embedded, ...parts } = shard();
    await queryEmbeddings(parts, records([1], [2]), named('k'));
    const again = await queryEmbeddings(parts, records([1], [2], [3]), named('k'));
    expect([...again]).toEqual([1, 1, 2, 1, 3, 1]);
    expect(embedded).toEqual(['1', '2', '3']);
    await queryEmbeddings(parts, records([1]), bareEncoder('f'.repeat(64)));
    expect(embedded).toHaveLength(4);
  });
});

describe('the name of an adapter', () => {
  const info = { sha256: 'f'.repeat(64), width: 2 };
  const low = { kind: 'low-rank', rank: 1 } as const;
  const nameOf = async (settings: AdapterSettings, ...flat: number[]) =>
    (await namedAdapter(info, settings, Float32Array.from(flat))).key;

  it('is that of the encoder alone where it changes nothing', async () => {
    const bare = bareEncoder(info.sha256);
    expect(await namedAdapter(info, { kind: 'full' }, new Float32Array(4))).toEqual(bare);
    expect(await nameOf(low, 1, 2, 0, 0)).toBe(bare.key);
    expect(await nameOf({ kind: 'none' })).toBe(bare.key);
  });

  it('is another for each that changes something, and the same for the same', async () => {
    const names = [
      await nameOf({ kind: 'full' }, 0, 0, 0, 1),
      await nameOf({ kind: 'full' }, 0, 0, 1, 0),
      await nameOf(low, 0, 0, 0, 1),
      bareEncoder(info.sha256).key,
    ];
    expect(new Set(names).size).toBe(4);
    expect(await nameOf(low, 0, 0, 0, 1)).toBe(names[2]);
  });

  it('is another for another encoder', async () => {
    const other = await namedAdapter(
      { ...info, sha256: 'e'.repeat(64) },
      { kind: 'full' },
      Float32Array.of(0, 0, 0, 1),
    );
    expect(other.key).not.toBe(await nameOf({ kind: 'full' }, 0, 0, 0, 1));
  });
});
