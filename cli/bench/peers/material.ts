/** What all peers search: passages that nobody wrote around real questions, other questions, and the ten nearest of each. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dot } from '../../../shared/retrieval/head.ts';
import { best } from '../../../shared/retrieval/scores.ts';
import { openBeir } from '../../beir.ts';
import { testQueries } from '../../evaluation.ts';
import { PROJECT } from '../../worker-bundle.ts';
import { type BenchService, PLANTED_WIDTH } from '../bench-service.ts';
import { nearCentre, passageText, withWords } from '../made-up-passages.ts';
import { PEER_MODEL } from './install.ts';

const DEPTH = 10;
/** Questions that vectors lie around. */
const CENTRES = 256;

export interface Material {
  centres: Float32Array[];
  vectors: Float32Array[];
  texts: string[];
  questions: string[];
  /** Their embeddings. */
  queries: Float32Array[];
  /** Numbers of the nearest passages, by question. */
  nearest: ReadonlySet<number>[];
}

/** @param bench embeds by the shipped encoder */
export async function makeMaterial(bench: BenchService, rows: number, count: number): Promise<Material> {
  const samples = await testQueries(await openBeir(join(PROJECT, 'samples')), CENTRES + count);
  const all = samples.map(({ text }) => text);
  const centres = await bench.embed(all.slice(0, CENTRES));
  // What is asked is not what vectors lie around.
  const questions = withWords(all.slice(CENTRES));
  const queries = await bench.embed(questions);
  const vectors = Array.from({ length: rows }, (_, number) => nearCentre(number, centres));
  const texts = vectors.map((_, number) => passageText(number));
  const nearest = queries.map((query) => {
    const scores = Float32Array.from(vectors, (vector) => dot(query, vector));
    return new Set(best(scores, DEPTH).map(({ row }) => row));
  });
  return { centres, vectors, texts, questions, queries, nearest };
}

/** For the peers' processes, in the folder where they run. */
export async function writeMaterial(folder: string, { vectors, texts, questions, queries }: Material) {
  const data = { width: PLANTED_WIDTH, texts, questions, model: PEER_MODEL };
  await writeFile(join(folder, 'data.json'), JSON.stringify(data));
  await writeFile(join(folder, 'passages.f32'), joined(vectors));
  await writeFile(join(folder, 'questions.f32'), joined(queries));
}

function joined(rows: readonly Float32Array[]): Uint8Array {
  const floats = new Float32Array(rows.length * PLANTED_WIDTH);
  for (const [index, row] of rows.entries()) floats.set(row, index * PLANTED_WIDTH);
  return new Uint8Array(floats.buffer);
}

/** The share of the nearest passages that were found. */
export function recallOf(nearest: readonly ReadonlySet<number>[], found: readonly number[][]): number {
  let hits = 0;
  let due = 0;
  for (const [question, rows] of nearest.entries()) {
    due += rows.size;
    for (const row of new Set(found[question])) if (rows.has(row)) hits += 1;
  }
  return due === 0 ? 0 : Math.round((1000 * hits) / due) / 1000;
}
