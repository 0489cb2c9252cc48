/**
 * Embeddings of a shard's queries, made once: as long as the adapter that they were made under has the same name, the
 * store has them. People ask the same thing over and over, so what has the same tokens is embedded once.
 */
import type { Adapter, Engine } from '../../models/engine.ts';
import type { AdapterSettings } from '../protocol/training-settings.ts';
import type { ShardStore } from './shard-store.ts';

/** Names the encoder without an adapter. @param encoder SHA-256 of its manifest */
export function bareKey(encoder: string): string {
  return `${encoder.slice(0, 16)}.none`;
}

/** Whether a key names an encoder without an adapter. */
export function isBareKey(key: string): boolean {
  return key.endsWith('.none');
}

/** Whether an adapter changes nothing, as when it began: a full one zero, of a low-rank one the second factor. */
export function isUntouched(settings: AdapterSettings, flat: Float32Array, width: number): boolean {
  const from = settings.kind === 'low-rank' ? width * settings.rank : 0;
  return flat.subarray(from).every((value) => value === 0);
}

/**
 * The name that a coordinator gives an adapter must not be that of the encoder alone, under which labels, gates and
 * memory find embeddings, unless the adapter changes nothing.
 * @throws RangeError
 */
export function checkAdapterKey(
  key: string,
  {
    encoder,
    settings,
    flat,
    width,
  }: { encoder: string; settings: AdapterSettings; flat: Float32Array; width: number },
): void {
  if (key === bareKey(encoder) && !isUntouched(settings, flat, width))
    throw new RangeError(`adapterKey: ${key} names the encoder without an adapter, and this one has moved`);
}

/**
 * Embeddings [records, width] under `adapter`, whose name is `key`: from the store where they are kept, and kept there
 * from now on.
 */
export async function queryEmbeddings(
  { store, engine }: { store: ShardStore; engine: Engine },
  records: readonly { id: number; ids: Int32Array }[],
  adapter: Adapter,
  key: string,
): Promise<Float32Array> {
  const { width } = engine.info;
  const kept = store.cachedEmbeddings(
    Uint32Array.from(records, ({ id }) => id),
    key,
  );
  const missing = new Map<string, { ids: Int32Array; records: number[]; at: number[] }>();
  records.forEach(({ id, ids }, index) => {
    if (kept[index] !== null) return;
    const text = ids.join();
    const same = missing.get(text) ?? { ids, records: [], at: [] };
    same.records.push(id);
    same.at.push(index);
    missing.set(text, same);
  });
  const queries = new Float32Array(records.length * width);
  kept.forEach((embedding, index) => {
    if (embedding !== null) queries.set(embedding, width * index);
  });
  const distinct = [...missing.values()];
  if (distinct.length === 0) return queries;
  const made = await engine.embed(
    distinct.map(({ ids }) => ids),
    adapter,
    { priority: 'background' },
  );
  store.cacheEmbeddings(
    Uint32Array.from(distinct, (each) => each.records[0]!),
    key,
    made,
    width,
  );
  distinct.forEach(({ at }, index) => {
    const embedding = made.subarray(width * index, width * (index + 1));
    for (const place of at) queries.set(embedding, width * place);
  });
  return queries;
}
