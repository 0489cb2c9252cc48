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

export function queryEncoder(engine: Engine): QueryEncoder {
  const embed = (query: string, adapter: Adapter) =>
    engine.embed([engine.tokenize(query)], adapter, { priority: 'interactive' });
  return {
    embed: (query, snapshot) => embed(query, adapterOf(snapshot)),
    embedBase: (query) => embed(query, { kind: 'none' }),
  };
}
