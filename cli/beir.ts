/**
 * BEIR folders (Thakur et al. 2021): corpus.jsonl, queries.jsonl, qrels/train.tsv, qrels/test.tsv, and of our own
 * regions.tsv (query → region), documents.tsv (document → region) and a list of documents to withhold. Opening
 * checks the whole folder and keeps ids only; documents and queries are streamed from the files afterwards.
 */
import { existsSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { DatasetError } from './dataset/lines.ts';
import { type Placement, placeRecords } from './dataset/placement.ts';
import {
  type CorpusRecord,
  readCorpus,
  readIdList,
  readJudgments,
  readQueries,
  readRegions,
} from './dataset/records.ts';

export { DatasetError };

export interface BeirDocument extends CorpusRecord {
  region: string;
}

/** A query with a document that answers it; a query with several answers appears once for each. */
export interface JudgedQuery {
  id: string;
  text: string;
  document: string;
  /** Where it was asked; test queries belong to no region. */
  region: string | null;
}

export interface BeirOptions {
  /** List of documents whose training queries are left out; looked up in the current folder, then in `directory`. */
  withhold?: string;
  /** Number of regions; without it the folder's tables decide, or four by hash. */
  regions?: number;
}

export interface BeirFolder {
  directory: string;
  regions: readonly string[];
  withheld: ReadonlySet<string>;
  counts: { documents: number; training: number; test: number };
  documents(): AsyncGenerator<BeirDocument>;
  /** Training queries in the order of queries.jsonl, without those of withheld documents. */
  training(): AsyncGenerator<JudgedQuery & { region: string }>;
  test(): AsyncGenerator<JudgedQuery>;
}

/**
 * Opens and checks a folder. Rejects with a `DatasetError` that names file, line and field for a missing file, a
 * malformed line, a repeated id, a reference to something that is not there, or a query in both splits.
 */
export async function openBeir(directory: string, options: BeirOptions = {}): Promise<BeirFolder> {
  const paths = {
    corpus: join(directory, 'corpus.jsonl'),
    queries: join(directory, 'queries.jsonl'),
    train: join(directory, 'qrels', 'train.tsv'),
    test: join(directory, 'qrels', 'test.tsv'),
    regions: join(directory, 'regions.tsv'),
    documents: join(directory, 'documents.tsv'),
  };
  const documents = await uniqueIds(paths.corpus, readCorpus(paths.corpus));
  const queries = await uniqueIds(paths.queries, readQueries(paths.queries));
  const train = await readSplit(paths.train, documents, queries, null);
  const test = await readSplit(paths.test, documents, queries, train);
  const tables = {
    queries: existsSync(paths.regions) ? await readRegions(paths.regions, 'query-id', queries) : null,
    documents: existsSync(paths.documents)
      ? await readRegions(paths.documents, 'corpus-id', documents)
      : null,
  };
  requireRegions(paths.regions, 'training query', tables.queries, train.keys());
  requireRegions(paths.documents, 'document', tables.documents, documents);
  const placement = placeRecords(tables, options.regions);
  const withheld = await readWithheld(directory, options.withhold, documents);
  let training = 0;
  for (const answers of train.values()) training += answers.filter((id) => !withheld.has(id)).length;
  let tested = 0;
  for (const answers of test.values()) tested += answers.length;
  return {
    directory,
    regions: placement.regions,
    withheld,
    counts: { documents: documents.size, training, test: tested },
    documents: () => placedDocuments(paths.corpus, placement),
    training: async function* () {
      for await (const { id, text, document } of judged(paths.queries, train)) {
        if (withheld.has(document)) continue;
        yield { id, text, document, region: placement.query(id) as string };
      }
    },
    test: () => judged(paths.queries, test),
  };
}

async function* placedDocuments(file: string, placement: Placement): AsyncGenerator<BeirDocument> {
  for await (const { line: _, ...document } of readCorpus(file)) {
    yield { ...document, region: placement.document(document.id) as string };
  }
}

async function* judged(file: string, split: ReadonlyMap<string, string[]>): AsyncGenerator<JudgedQuery> {
  for await (const { id, text } of readQueries(file)) {
    for (const document of split.get(id) ?? []) yield { id, text, document, region: null };
  }
}

async function uniqueIds(
  file: string,
  records: AsyncIterable<{ id: string; line: number }>,
): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { id, line } of records) {
    if (ids.has(id)) throw new DatasetError(file, line, '_id', `"${id}" occurs twice`);
    ids.add(id);
  }
  if (ids.size === 0) throw new DatasetError(file, null, null, 'is empty');
  return ids;
}

async function readSplit(
  file: string,
  documents: ReadonlySet<string>,
  queries: ReadonlySet<string>,
  other: ReadonlyMap<string, string[]> | null,
): Promise<Map<string, string[]>> {
  const split = new Map<string, string[]>();
  for await (const { query, document, line } of readJudgments(file)) {
    if (!queries.has(query))
      throw new DatasetError(file, line, 'query-id', `"${query}" is not in queries.jsonl`);
    if (!documents.has(document)) {
      throw new DatasetError(file, line, 'corpus-id', `"${document}" is not in corpus.jsonl`);
    }
    if (other?.has(query))
      throw new DatasetError(file, line, 'query-id', `"${query}" is a training query as well`);
    const answers = split.get(query) ?? [];
    if (answers.includes(document))
      throw new DatasetError(file, line, 'query-id', `"${query}" is judged twice`);
    answers.push(document);
    split.set(query, answers);
  }
  return split;
}

function requireRegions(
  file: string,
  what: string,
  table: ReadonlyMap<string, string> | null,
  ids: Iterable<string>,
): void {
  if (table === null) return;
  for (const id of ids) {
    if (!table.has(id)) throw new DatasetError(file, null, null, `${what} "${id}" has no region`);
  }
}

async function readWithheld(
  directory: string,
  name: string | undefined,
  documents: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  if (name === undefined) return new Set();
  const file = withheldFile(directory, name);
  const ids = await readIdList(file);
  for (const [id, line] of ids) {
    if (!documents.has(id)) throw new DatasetError(file, line, null, `"${id}" is not in corpus.jsonl`);
  }
  return new Set(ids.keys());
}

/** A folder of that name is not meant, a pipe may be. */
function withheldFile(directory: string, name: string): string {
  const places = isAbsolute(name) ? [name] : [resolve(name), join(directory, name)];
  const file = places.find((place) => existsSync(place) && !statSync(place).isDirectory());
  if (file === undefined) {
    throw new DatasetError(name, null, null, `no such file; looked for ${places.join(' and ')}`);
  }
  return file;
}
