/**
 * What a participant trains on: a BEIR folder, or a folder of documents with a query log as JSON lines. Only the log
 * is private; documents are named here so that they can be uploaded and their titles probe the result.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import { DatasetError } from '../dataset/dataset-error.ts';
import { documentFiles, readDocumentFiles, readFeedbackLines } from '../dataset/document-files.ts';
import { readCorpus, readJudgments, readQueries, readRegions } from '../dataset/records.ts';
import type { IngestedDocument } from '../ingest.ts';

export interface ParticipantData {
  records: FeedbackInput[];
  documents: IngestedDocument[];
}

export interface DataOptions {
  /** Query log; else `queries.jsonl` of the folder. Not for BEIR folders. */
  log?: string | undefined;
  /** Of a BEIR folder with regions.tsv: this region's queries only. */
  only?: string | undefined;
}

/** @throws DatasetError that names file, line and field */
export async function readData(folder: string, options: DataOptions): Promise<ParticipantData> {
  if (existsSync(join(folder, 'corpus.jsonl'))) return readBeir(folder, options.only ?? null);
  if (options.only !== undefined) {
    throw new DatasetError(join(folder, 'regions.tsv'), null, null, '--only is for BEIR folders');
  }
  const log = options.log ?? join(folder, 'queries.jsonl');
  if (!existsSync(log))
    throw new DatasetError(log, null, null, 'no such file: name the query log with --log');
  const records: FeedbackInput[] = [];
  for await (const { record } of readFeedbackLines(log, null)) records.push(record);
  const documents: IngestedDocument[] = [];
  const { files } = await documentFiles(folder);
  for await (const document of readDocumentFiles(files, null)) documents.push(document);
  return { records, documents };
}

async function readBeir(folder: string, only: string | null): Promise<ParticipantData> {
  const documents: IngestedDocument[] = [];
  for await (const { id, title, text, format, metadata } of readCorpus(join(folder, 'corpus.jsonl'))) {
    documents.push({ document: { key: id, title, text, format, metadata }, region: null });
  }
  const texts = new Map<string, string>();
  for await (const { id, text } of readQueries(join(folder, 'queries.jsonl'))) texts.set(id, text);
  const regionsFile = join(folder, 'regions.tsv');
  const regions = only === null ? null : await readRegions(regionsFile, 'query-id', new Set(texts.keys()));
  const records: FeedbackInput[] = [];
  const train = join(folder, 'qrels', 'train.tsv');
  for await (const { query, document, line } of readJudgments(train)) {
    if (regions !== null && regions.get(query) !== only) continue;
    const text = texts.get(query);
    if (text === undefined)
      throw new DatasetError(train, line, 'query-id', `"${query}" is not in queries.jsonl`);
    records.push({ id: `${query}/${document}`, query: text, item: document, relevant: true });
  }
  return { records, documents };
}
