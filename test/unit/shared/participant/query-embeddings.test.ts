import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../../models/engine.ts';
import { bareKey, queryEmbeddings } from '../../../../shared/participant/query-embeddings.ts';
import type { ShardStore } from '../../../../shared/participant/shard-store.ts';

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

const records = (...texts: number[][]) => texts.map((ids, id) => ({ id, ids: Int32Array.from(ids) }));

describe('query embeddings', () => {
  it('are made once for records with the same tokens, and stand where the records stand', async () => {
    const { embedded, ...parts } = shard();
    const queries = records([1, 2], [3], [1, 2], [4, 4, 4]);
    expect([...(await queryEmbeddings(parts, queries, { kind: 'none' }, 'k'))]).toEqual([
      3, 2, 3, 1, 3, 2, 12, 3,
    ]);
    expect(embedded).toEqual(['1,2', '3', '4,4,4']);
  });

  it('are taken from the store, under the name of their adapter only', async () => {
    const { embedded, ...parts } = shard();
    await queryEmbeddings(parts, records([1], [2]), { kind: 'none' }, 'k');
    const again = await queryEmbeddings(parts, records([1], [2], [3]), { kind: 'none' }, 'k');
    expect([...again]).toEqual([1, 1, 2, 1, 3, 1]);
    expect(embedded).toEqual(['1', '2', '3']);
    await queryEmbeddings(parts, records([1]), { kind: 'none' }, bareKey('f'.repeat(64)));
    expect(embedded).toHaveLength(4);
  });
});
