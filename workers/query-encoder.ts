/**
 * Queries to vectors, with the engine that the Worker and the objects of an isolate share. A query is embedded once for
 * every adapter, and remembered by hashes as long as there is room.
 */
import type { Adapter, Engine } from '../models/engine.ts';
import { toHex } from '../shared/crypto/bytes.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import { Problem } from './problem.ts';
import type { QueryEncoder } from './services.ts';
import { SingleFlight } from './single-flight.ts';
import { SizedCache } from './sized-cache.ts';
import { Waiting } from './waiting.ts';

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

/** About 1,100 queries and 800 sentences at width 384. */
const MAX_QUERY_BYTES = 2 << 20;
const MAX_SENTENCE_BYTES = 3 << 19;
/** Another request's embedding is waited for so long; then its client has left, and one more is made. */
const PATIENCE_MS = 1000;
/** Embeddings that may wait in an isolate: one or two seconds of its work. */
const MAX_WAITING = 64;
const STALE_MS = 10_000;

export interface MemoryOptions {
  maxQueryBytes?: number;
  maxSentenceBytes?: number;
  maxWaiting?: number;
  now?: () => number;
  wait?: (ms: number) => Promise<void>;
}

/** What an isolate remembers of one engine's work, for all its requests. */
export class EncoderMemory {
  /** By adapter and text, both as hashes: queries themselves are not kept. */
  readonly queries: SizedCache<Float32Array>;
  /** Of documents, by text. */
  readonly sentences: SizedCache<Float32Array>;
  readonly flights: SingleFlight;
  readonly waiting: Waiting;

  constructor(options: MemoryOptions = {}) {
    const { maxQueryBytes = MAX_QUERY_BYTES, maxSentenceBytes = MAX_SENTENCE_BYTES } = options;
    const { now = () => Date.now(), wait = sleep, maxWaiting = MAX_WAITING } = options;
    this.queries = new SizedCache(maxQueryBytes, bytesOf);
    this.sentences = new SizedCache(maxSentenceBytes, bytesOf);
    this.flights = new SingleFlight({ now, wait, patienceMs: PATIENCE_MS });
    this.waiting = new Waiting({ now, most: maxWaiting, staleMs: STALE_MS });
  }
}

const bytesOf = ({ byteLength }: Float32Array) => byteLength;
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const memories = new WeakMap<Engine, EncoderMemory>();

function memoryOf(engine: Engine): EncoderMemory {
  const memory = memories.get(engine) ?? new EncoderMemory();
  memories.set(engine, memory);
  return memory;
}

/** Names of adapters by content: versions and revisions with the same adapter embed alike. */
const adapterNames = new WeakMap<Adapter, string>();

async function nameOf(adapter: Adapter): Promise<string> {
  if (adapter.kind === 'none') return 'none';
  let name = adapterNames.get(adapter);
  if (name === undefined) {
    const parts = adapter.kind === 'full' ? [adapter.a] : [adapter.u, adapter.v];
    const hashes = await Promise.all(parts.map((part) => sha256(part)));
    name = [adapter.kind, ...hashes].join('-');
    adapterNames.set(adapter, name);
  }
  return name;
}

async function sha256(bytes: ArrayBufferView): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource)));
}

const RETRY_S = 2;

function overloaded(waiting: number): Problem {
  const detail = `${waiting} requests wait for the encoder here, and no more may: try again in ${RETRY_S} s`;
  return new Problem('unavailable', detail, { headers: { 'retry-after': String(RETRY_S) } });
}

async function embedTexts(
  engine: Engine,
  { sentences, waiting }: EncoderMemory,
  texts: readonly string[],
): Promise<Float32Array[]> {
  const found = new Map(texts.map((text) => [text, sentences.get(text)]));
  const missing = [...found.keys()].filter((text) => found.get(text) === undefined);
  if (missing.length > 0) {
    const { width } = engine.info;
    const ids = missing.map((text) => engine.tokenize(text, 'passage'));
    const rows = await waiting.run(
      () => engine.embed(ids, { kind: 'none' }, { priority: 'interactive' }),
      overloaded,
    );
    missing.forEach((text, i) => {
      const row = rows.slice(i * width, (i + 1) * width);
      found.set(text, row);
      sentences.set(text, row);
    });
  }
  return texts.map((text) => found.get(text) as Float32Array);
}

/** One for each request; what it remembers is the isolate's. */
export function queryEncoder(engine: Engine, memory = memoryOf(engine)): QueryEncoder {
  const { queries, flights, waiting } = memory;
  const embed = async (query: string, adapter: Adapter) => {
    const [name, text] = await Promise.all([nameOf(adapter), sha256(new TextEncoder().encode(query))]);
    const key = `${name}/${text}`;
    return await flights.run(
      key,
      () => queries.get(key),
      async () => {
        const embedding = await waiting.run(
          () => engine.embed([engine.tokenize(query, 'query')], adapter, { priority: 'interactive' }),
          overloaded,
        );
        queries.set(key, embedding);
        return embedding;
      },
    );
  };
  return {
    embed: (query, snapshot) => embed(query, adapterOf(snapshot)),
    embedBase: (query) => embed(query, { kind: 'none' }),
    embedTexts: (texts) => embedTexts(engine, memory, texts),
    knows: (text) => engine.knows(text),
    countTokens: (text) => engine.countTokens(text),
  };
}
