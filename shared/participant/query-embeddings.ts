/**
 * Embeddings of a shard's queries, made once: the store has them under the name of their adapter, which is what the
 * adapter is, so that rounds and gates share them and nobody's word is taken for it. People ask the same thing over and
 * over, so what has the same tokens is embedded once.
 */
import type { Adapter, Engine } from '../../models/engine.ts';
import { bytesOf, toHex } from '../crypto/bytes.ts';
import { digest } from '../crypto/hash.ts';
import type { AdapterSettings } from '../protocol/training-settings.ts';
import type { ShardStore } from './shard-store.ts';

/** Name of the encoder without an adapter. @param encoder SHA-256 of its manifest */
export function bareKey(encoder: string): string {
  return `${encoder.slice(0, 16)}.none`;
}

/** Whether a key names an encoder without an adapter. */
export function isBareKey(key: string): boolean {
  return key.endsWith('.none');
}

/** Whether an adapter changes nothing, as when it began: a full one zero, of a low-rank one the second factor. */
function isUntouched(settings: AdapterSettings, flat: Float32Array, width: number): boolean {
  const from = settings.kind === 'low-rank' ? width * settings.rank : 0;
  return flat.subarray(from).every((value) => value === 0);
}

/** An adapter, and the name of the encoder with it. */
export interface NamedAdapter {
  adapter: Adapter;
  key: string;
}

/** The encoder without an adapter. @param encoder SHA-256 of its manifest */
export function bareEncoder(encoder: string): NamedAdapter {
  return { adapter: { kind: 'none' }, key: bareKey(encoder) };
}

/**
 * The encoder under an adapter by name: one that changes nothing is the encoder alone, for which labels, gates and memory
 * have embeddings.
 * @param flat parameters, of which the adapter has views
 */
export async function namedAdapter(
  { sha256, width }: Pick<Engine['info'], 'sha256' | 'width'>,
  settings: AdapterSettings,
  flat: Float32Array,
): Promise<NamedAdapter> {
  if (settings.kind === 'none' || isUntouched(settings, flat, width)) return bareEncoder(sha256);
  const adapter = adapterOf(settings, flat, width);
  const content = toHex(await digest(bytesOf(flat))).slice(0, 32);
  return { adapter, key: `${sha256.slice(0, 16)}.${settings.kind}.${content}` };
}

/** Flat adapter parameters as the engine takes them; views, not copies. */
export function adapterOf(settings: AdapterSettings, flat: Float32Array, width: number): Adapter {
  if (settings.kind === 'none') return { kind: 'none' };
  if (settings.kind === 'full') return { kind: 'full', a: flat };
  const { rank } = settings;
  return { kind: 'low-rank', rank, u: flat.subarray(0, width * rank), v: flat.subarray(width * rank) };
}

/**
 * Embeddings [records, width] under an adapter: from the store where they are kept, and kept there from now on.
 */
export async function queryEmbeddings(
  { store, engine }: { store: ShardStore; engine: Engine },
  records: readonly { id: number; ids: Int32Array }[],
  { adapter, key }: NamedAdapter,
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
