/** Test queries through `POST /v1/search`, as a user would ask them, and what came back. */
import { join } from 'node:path';
import type { Client } from '../client/client.ts';
import { type EvaluationSet, MOST_JUDGMENTS, MOST_SCORE } from '../shared/protocol/api/evaluation.ts';
import type { SearchResponse } from '../shared/protocol/api/search.ts';
import { type BeirFolder, DatasetError } from './beir.ts';
import { concurrent } from './concurrent.ts';
import type { Progress } from './progress.ts';

export interface TestQuery {
  id: string;
  text: string;
  /** How well documents answer it, by their keys; above 0. */
  relevant: ReadonlyMap<string, number>;
}

export interface AnsweredQuery extends TestQuery {
  /** Document keys, best first, at most ten. */
  ranked: string[];
}

const DEPTH = 10;
/** Requests in flight: questions of one length share a microbatch, and a region is never asked too much at once. */
const REQUESTS_AT_ONCE = 32;
const TRIES = 3;

/** Test queries of a folder, each with all documents that answer it. */
export async function testQueries(
  folder: BeirFolder,
  limit = Number.POSITIVE_INFINITY,
): Promise<TestQuery[]> {
  const byId = new Map<string, { id: string; text: string; relevant: Map<string, number> }>();
  for await (const { id, text, document, grade } of folder.test()) {
    const known = byId.get(id);
    if (known === undefined) byId.set(id, { id, text, relevant: new Map([[document, grade]]) });
    else known.relevant.set(document, grade);
  }
  const all = [...byId.values()];
  if (all.length <= limit) return all;
  // Spread over the file, which is often sorted by document.
  return Array.from({ length: limit }, (_, i) => all[Math.floor((i * all.length) / limit)]!);
}

/** As `testQueries`, for figures that need some. @throws DatasetError when the folder has none */
export async function someTestQueries(folder: BeirFolder, limit?: number): Promise<TestQuery[]> {
  const queries = await testQueries(folder, limit);
  if (queries.length > 0) return queries;
  const file = join(folder.directory, 'qrels', 'test.tsv');
  throw new DatasetError(file, null, null, 'there is no test query: no row has a score above 0');
}

/** How passages are looked for: see `retrieval_type` of a search. */
export type RetrievalType = 'vector' | 'keyword' | 'hybrid';

/** Questions that judge versions, with their grades; of questions with very many judgments those of the highest grades. */
export function evaluationSetOf(queries: readonly TestQuery[]): EvaluationSet {
  const each = Math.floor(MOST_JUDGMENTS / queries.length);
  return {
    queries: queries.map(({ id, text }) => ({ _id: id, text })),
    qrels: queries.flatMap(({ id, relevant }) =>
      [...relevant]
        .sort(([, a], [, b]) => b - a)
        .slice(0, each)
        .map(([document, grade]) => ({ query_id: id, corpus_id: document, score: scoreOf(grade) })),
    ),
  };
}

/** Grades are whole numbers on the wire, and what is above 0 stays above it. */
const scoreOf = (grade: number) => Math.min(MOST_SCORE, Math.ceil(grade));

export interface Asking {
  /** `hybrid` unless given. */
  type?: RetrievalType;
  /** Regions from which the queries are asked, whose memory adds to the answers; none does unless given. */
  askers?: readonly string[];
}

/** Asks every query of one version. @throws Error when a region keeps missing: figures are about whole answers. */
export async function askAll(
  client: Client,
  queries: readonly TestQuery[],
  version: number,
  progress: Progress,
  { type = 'hybrid', askers }: Asking = {},
): Promise<AnsweredQuery[]> {
  const answered = new Array<AnsweredQuery>(queries.length);
  let done = 0;
  await concurrent(byLength(queries), REQUESTS_AT_ONCE, async (at) => {
    const query = queries[at]!;
    // What one region remembers is no part of a version.
    const asker = askers === undefined ? { memory: false } : { asker_region: askers[at] };
    const answer = await askWhole(client, query.text, { model_version: version, ...asker }, type);
    done += 1;
    progress.update(done);
    answered[at] = { ...query, ranked: answer.chunks.map((chunk) => chunk.item.key) };
  });
  return answered;
}

/** Places of the queries, those of like length beside each other: so that who asks together shares a microbatch. */
function byLength(queries: readonly TestQuery[]): number[] {
  return [...queries.keys()].sort((a, b) => queries[a]!.text.length - queries[b]!.text.length);
}

async function askWhole(
  client: Client,
  query: string,
  fedcar: { model_version: number },
  type: RetrievalType,
): Promise<SearchResponse> {
  for (let attempt = 1; ; attempt++) {
    const answer = await client.call('POST /search', {
      body: {
        query,
        ai_search_options: { retrieval: { max_num_results: DEPTH, retrieval_type: type } },
        fedcar,
      },
    });
    if (answer.model_version !== fedcar.model_version) {
      throw new Error(
        `asked for version ${fedcar.model_version}, answered by version ${answer.model_version}`,
      );
    }
    const [missing] = answer.errors;
    if (missing === undefined) return answer;
    if (attempt === TRIES) throw new Error(`region ${missing.region} is missing: ${missing.detail}`);
  }
}
