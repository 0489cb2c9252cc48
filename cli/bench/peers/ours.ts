/** The subject beside its peers: an isolate's own search in this process, and the whole service through HTTP. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simdProducts } from '../../../models/scoring/row-products.ts';
import { Postings } from '../../../shared/index/postings.ts';
import { buildSegment, readRows, SEGMENT_PARTS, SegmentIds } from '../../../shared/index/segment.ts';
import { IndexView, type ViewSegment } from '../../../shared/index/view.ts';
import { wordSegment } from '../../../shared/index/word-search.ts';
import { countWords } from '../../../shared/index/words.ts';
import { QuestionWords } from '../../../workers/question-words.ts';
import { RankMemory } from '../../../workers/rank-memory.ts';
import { ViewRanks } from '../../../workers/view-ranks.ts';
import type { Deployment } from '../../deployment.ts';
import { createCollection } from '../../experiment.ts';
import { settingsFrom } from '../../settings-flags.ts';
import { PROJECT } from '../../worker-bundle.ts';
import { peakWorkerdMemoryMb } from '../../workerd-processes.ts';
import { BenchService, PLANTED_WIDTH } from '../bench-service.ts';
import { madeUpSnapshot } from '../made-up-snapshot.ts';
import { type Load, measureLoad } from '../serve-load.ts';
import type { Plant } from '../subjects/serve-worker.ts';
import type { Material } from './material.ts';

/** Of one search in its process. */
export interface Searched {
  p50_ms: number;
  processor_ms: number;
  /** Numbers of the passages found, by question. */
  found: number[][];
  build_s: number;
  memory_mb: number;
}

const WANTED = 10;
/** As a region merges them. */
const SEGMENT_PASSAGES = 8192;
const PLANTED_PER_CALL = 1000;

/** What an isolate does with a question whose embedding it has, by vectors and by both. Memory: bytes of its segments. */
export async function searchPurely({ vectors, texts, questions, queries }: Material) {
  const wasm = await readFile(join(PROJECT, 'models/scoring/row-products.wasm'));
  // The Workers types leave the constructor out, because Workers cannot compile.
  const { Module } = WebAssembly as unknown as { Module: new (bytes: Uint8Array) => WebAssembly.Module };
  const products = simdProducts(new Module(wasm));
  const began = performance.now();
  const segments: ViewSegment[] = [];
  let bytes = 0;
  for (let from = 0; from < vectors.length; from += SEGMENT_PASSAGES) {
    const passages = vectors.slice(from, from + SEGMENT_PASSAGES).map((embedding, index) => ({
      ...{ item: String(from + index), ordinal: 0, hash: '0'.repeat(32), seq: 1 },
      ...{ embedding, words: countWords(texts[from + index]!) },
    }));
    const parts = buildSegment(PLANTED_WIDTH, passages);
    bytes += SEGMENT_PARTS.reduce((sum, part) => sum + parts[part].length, 0);
    const ids = new SegmentIds(parts.ids);
    const rows = readRows(parts.rows, passages.length, PLANTED_WIDTH);
    const words = wordSegment(ids, new Postings(parts.words), null);
    segments.push({ ...words, rows, region: 'weur', hash: String(from) });
  }
  const view = new IndexView(segments, new Map());
  const built = { build_s: (performance.now() - began) / 1000, memory_mb: bytes / 1e6 };
  const snapshot = madeUpSnapshot(0, PLANTED_WIDTH);
  const by = (kind: 'vector' | 'hybrid'): Searched => {
    const ask = (question: number): number[] => {
      const words = kind === 'vector' ? null : new QuestionWords(questions[question]!);
      const query = queries[question]!;
      // Nothing is remembered: each question is scored.
      const ranks = new ViewRanks(view, { query, words, snapshot, only: null, products }, new RankMemory(0));
      const found = ranks.best(WANTED).map(({ row }) => Number(ranks.name(row).item));
      ranks.release();
      return found;
    };
    return { ...timed(questions.length, ask), ...built };
  };
  return { vector: by('vector'), hybrid: by('hybrid') };
}

/** Each question by itself, after a few that warm up. */
function timed(questions: number, ask: (question: number) => number[]) {
  for (let question = 0; question < Math.min(10, questions); question++) ask(question);
  const walls: number[] = [];
  const found: number[][] = [];
  const before = process.cpuUsage();
  for (let question = 0; question < questions; question++) {
    const began = performance.now();
    found.push(ask(question));
    walls.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(before);
  walls.sort((a, b) => a - b);
  return {
    p50_ms: walls[walls.length >> 1]!,
    processor_ms: (user + system) / 1000 / questions,
    found,
  };
}

export interface Served {
  /** Every question a new one: with its embedding, HTTP and the objects. Hybrid. */
  distinct: Load;
  repeated: Load;
  /** By vectors alone. */
  found: number[][];
  /** Of the whole process, objects, SQLite and runtime included. */
  memory_mb: number | null;
}

/** The service in workerd, one region, one request at a time. */
export async function searchServed(
  { url }: Deployment,
  { vectors, centres, questions }: Material,
  seconds: number,
): Promise<Served> {
  const bench = new BenchService(url);
  const regions = ['weur'];
  const client = await createCollection(
    url,
    'default',
    settingsFrom([], { regions, schedule: { everyHours: 0 } }),
  );
  await bench.centre(centres);
  for (let from = 0; from < vectors.length; from += PLANTED_PER_CALL) {
    const count = Math.min(PLANTED_PER_CALL, vectors.length - from);
    const near = { at: 0, of: 1 };
    await bench.post('plant', { region: 'weur', from, count, width: PLANTED_WIDTH, near } satisfies Plant);
  }
  await bench.post('settle', { regions });
  await bench.post('refresh', {});
  const load = { url, queries: questions, seconds, connections: 1, results: WANTED };
  const distinct = await measureLoad({ ...load, kind: 'distinct' });
  const repeated = await measureLoad({ ...load, kind: 'repeated' });
  const found: number[][] = [];
  for (const query of questions) {
    const ai_search_options = { retrieval: { retrieval_type: 'vector' as const, max_num_results: WANTED } };
    const { chunks } = await client.call('POST /search', { body: { query, ai_search_options } });
    found.push(chunks.map(({ item }) => Number(item.key.split('/')[1])));
  }
  return { distinct, repeated, found, memory_mb: peakWorkerdMemoryMb() };
}
