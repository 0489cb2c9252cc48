/**
 * BEIR folders (Thakur et al. 2021): corpus.jsonl, queries.jsonl, qrels/train.tsv, qrels/test.tsv, and of our own
 * regions.tsv (query → region), documents.tsv (document → region) and a list of documents to withhold. Opening
 * checks the whole folder and keeps ids only; documents and queries are streamed from the files afterwards.
 */
import { existsSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { DatasetError } from './dataset/dataset-error.ts';
import { type Findings, STRICT } from './dataset/findings.ts';
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
  /** How well it answers, above 0. */
  grade: number;
  /** Where it was asked; test queries belong to no region. */
  region: string | null;
}

export interface BeirOptions {
  /** List of documents whose training queries are left out; looked up in the current folder, then in `directory`. */
  withhold?: string;
  /** Number of regions; without it the folder's tables decide, or four by hash. */
  regions?: number;
  /** Splits that are read; both have to be there unless this says which. */
  splits?: readonly Split[];
  /** What is told of entries that cannot be taken; by default the first one ends it. */
  findings?: Findings;
  /** Name of the test split's file; `test`. */
  testSplit?: string;
}

export type Split = 'train' | 'test';

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
 * malformed line, a repeated id, a reference to something that is not there, or a query in both splits; all but the first
 * of these are left out instead where `findings` only collect them.
 */
export async function openBeir(directory: string, options: BeirOptions = {}): Promise<BeirFolder> {
  const { splits = ['train', 'test'], findings = STRICT, testSplit = 'test' } = options;
  const paths = {
    corpus: join(directory, 'corpus.jsonl'),
    queries: join(directory, 'queries.jsonl'),
    train: join(directory, 'qrels', 'train.tsv'),
    test: join(directory, 'qrels', `${testSplit}.tsv`),
    regions: join(directory, 'regions.tsv'),
    documents: join(directory, 'documents.tsv'),
  };
  const documents = await uniqueIds(paths.corpus, readCorpus(paths.corpus, findings), findings);
  const queries = await uniqueIds(paths.queries, readQueries(paths.queries, findings), findings);
  const known = { documents, queries, findings };
  const none: Judged = new Map();
  const train = splits.includes('train') ? await readSplit(paths.train, known, null) : none;
  const test = splits.includes('test') ? await readSplit(paths.test, known, train) : none;
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
  for (const answers of train.values())
    training += [...answers.keys()].filter((id) => !withheld.has(id)).length;
  let tested = 0;
  for (const answers of test.values()) tested += answers.size;
  return {
    directory,
    regions: placement.regions,
    withheld,
    counts: { documents: documents.size, training, test: tested },
    documents: () => placedDocuments(paths.corpus, placement, findings),
    training: async function* () {
      for await (const { id, text, document, grade } of judged(paths.queries, train, findings)) {
        if (withheld.has(document)) continue;
        yield { id, text, document, grade, region: placement.query(id) as string };
      }
    },
    test: () => judged(paths.queries, test, findings),
  };
}

/** Of documents that occur twice the first one counts. */
async function* placedDocuments(
  file: string,
  placement: Placement,
  findings: Findings,
): AsyncGenerator<BeirDocument> {
  const seen = new Set<string>();
  for await (const { line: _, ...document } of readCorpus(file, findings)) {
    if (seen.has(document.id)) continue;
    seen.add(document.id);
    yield { ...document, region: placement.document(document.id) as string };
  }
}

/** Documents by query, with their grades. */
type Judged = ReadonlyMap<string, ReadonlyMap<string, number>>;

async function* judged(file: string, split: Judged, findings: Findings): AsyncGenerator<JudgedQuery> {
  const seen = new Set<string>();
  for await (const { id, text } of readQueries(file, findings)) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const [document, grade] of split.get(id) ?? []) yield { id, text, document, grade, region: null };
  }
}

async function uniqueIds(
  file: string,
  records: AsyncIterable<{ id: string; line: number }>,
  findings: Findings,
): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { id, line } of records) {
    if (ids.has(id)) findings.leftOut(new DatasetError(file, line, '_id', `"${id}" occurs twice`));
    ids.add(id);
  }
  if (ids.size === 0) findings.leftOut(new DatasetError(file, null, null, 'is empty'));
  return ids;
}

interface Known {
  documents: ReadonlySet<string>;
  queries: ReadonlySet<string>;
  findings: Findings;
}

async function readSplit(
  file: string,
  { documents, queries, findings }: Known,
  other: Judged | null,
): Promise<Judged> {
  const split = new Map<string, Map<string, number>>();
  for await (const { query, document, grade, line } of readJudgments(file, findings)) {
    const error = (column: string, detail: string) => new DatasetError(file, line, column, detail);
    const answers = split.get(query) ?? new Map<string, number>();
    if (!queries.has(query)) findings.leftOut(error('query-id', `"${query}" is not in queries.jsonl`));
    else if (!documents.has(document)) {
      findings.leftOut(error('corpus-id', `"${document}" is not in corpus.jsonl`));
    } else if (other?.has(query)) {
      findings.leftOut(error('query-id', `"${query}" is a training query as well`));
    } else if (answers.has(document) && answers.get(document) !== grade) {
      findings.leftOut(error('query-id', `"${query}" is judged twice, differently`));
    } else if (answers.has(document)) {
      findings.note(error('query-id', `"${query}" is judged twice`));
    } else split.set(query, answers.set(document, grade));
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
