/** Queries to vectors, with the engine that the Worker and the objects of an isolate share. */
import type { Adapter, Engine } from '../models/engine.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import type { QueryEncoder } from './services.ts';

/** The engine may keep an adapter prepared as long as it is handed the same object. */
const adapters = new WeakMap<Snapshot, Adapter>();

/** The snapshot's adapter as the engine takes it; `none` when it changes nothing, as in version 0. */
export function adapterOf(snapshot: Snapshot): Adapter {
  let adapter = adapters.get(snapshot);
  if (adapter === undefined) {
    adapter = read(snapshot);
    adapters.set(snapshot, adapter);
  }
  return adapter;
}

function read({ header, adapter }: Snapshot): Adapter {
  const { width } = header;
  if (header.adapter.kind === 'none') return { kind: 'none' };
  if (header.adapter.kind === 'full') {
    return adapter.every((x) => x === 0) ? { kind: 'none' } : { kind: 'full', a: adapter };
  }
  const { rank } = header.adapter;
  const v = adapter.subarray(width * rank);
  if (v.every((x) => x === 0)) return { kind: 'none' };
  return { kind: 'low-rank', rank, u: adapter.subarray(0, width * rank), v };
}

/** Embeddings of sentences by text, for each engine; in order of use, the latest last. */
const sentences = new WeakMap<Engine, Map<string, Float32Array>>();
/** 1.5 MB at width 384. */
const MAX_SENTENCES = 1024;

async function embedTexts(engine: Engine, texts: readonly string[]): Promise<Float32Array[]> {
  const known = sentences.get(engine) ?? new Map<string, Float32Array>();
  sentences.set(engine, known);
  const missing = [...new Set(texts)].filter((text) => !known.has(text));
  const fresh = new Map<string, Float32Array>();
  if (missing.length > 0) {
    const { width } = engine.info;
    const ids = missing.map((text) => engine.tokenize(text));
    const rows = await engine.embed(ids, { kind: 'none' }, { priority: 'interactive' });
    missing.forEach((text, i) => void fresh.set(text, rows.slice(i * width, (i + 1) * width)));
  }
  const found = texts.map((text) => (fresh.get(text) ?? known.get(text)) as Float32Array);
  texts.forEach((text, i) => {
    known.delete(text);
    known.set(text, found[i] as Float32Array);
  });
  for (const text of known.keys()) {
    if (known.size <= MAX_SENTENCES) break;
    known.delete(text);
  }
  return found;
}

export function queryEncoder(engine: Engine): QueryEncoder {
  const embed = (query: string, adapter: Adapter) =>
    engine.embed([engine.tokenize(query)], adapter, { priority: 'interactive' });
  return {
    embed: (query, snapshot) => embed(query, adapterOf(snapshot)),
    embedBase: (query) => embed(query, { kind: 'none' }),
    embedTexts: (texts) => embedTexts(engine, texts),
    // [CLS] and [SEP] are nobody's words.
    countTokens: (text) => Math.max(0, engine.tokenize(text).length - 2),
  };
}
