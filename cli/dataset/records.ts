/**
 * The records of a BEIR folder, checked field by field: documents, queries, judgments, regions. What is read here is
 * within the limits of the API.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import { fitsItem, ItemFields, type ItemFormat, type ItemMetadata } from '../../shared/protocol/api/item.ts';
import { RegionName } from '../../shared/protocol/names.ts';
import { MAX_QUERY_CHARACTERS } from '../../shared/retrieval/conversation.ts';
import { DatasetError, type JsonRecord, readJsonLines, readLines, readTable } from './lines.ts';
import { valid } from './valid.ts';

export interface CorpusRecord {
  id: string;
  title: string;
  text: string;
  format: ItemFormat;
  metadata: ItemMetadata;
}

export interface QueryRecord {
  id: string;
  text: string;
}

export interface Judgment {
  query: string;
  document: string;
}

const { key: _id, ...fields } = ItemFields.shape;
/** A document as it is uploaded, under BEIR's name for its key. */
const Uploaded = z.strictObject({ _id, ...fields }).superRefine(fitsItem);
/** Training queries go to `/v1/feedback`, test queries to `/v1/search`. */
const QueryText = FeedbackInput.shape.query.max(MAX_QUERY_CHARACTERS);
/** Stands for the text of a document that is not uploaded. */
const NOTHING = ' ';

/** Documents of a corpus.jsonl in file order, blank ones, too; ids are not compared with each other here. */
export async function* readCorpus(file: string): AsyncGenerator<CorpusRecord & { line: number }> {
  for await (const { number: line, record } of readJsonLines(file)) {
    const title = string(file, line, record, 'title', '');
    const text = string(file, line, record, 'text', '');
    const id = readId(file, line, record);
    // Some corpora have documents that are a title only; they are uploaded with it as their text, and blank ones not at all.
    const given = { _id: id, title, text: text || title || NOTHING, format: record.format ?? 'text' };
    const metadata = readMetadata(file, line, record.metadata ?? {});
    const { format } = valid(Uploaded, { ...given, metadata }, file, line);
    yield { line, id, title, text, format, metadata };
  }
}

export async function* readQueries(file: string): AsyncGenerator<QueryRecord & { line: number }> {
  for await (const { number: line, record } of readJsonLines(file)) {
    const text = string(file, line, record, 'text');
    if (text.trim() === '') throw new DatasetError(file, line, 'text', 'is empty');
    yield { line, id: readId(file, line, record), text: valid(QueryText, text, file, line, 'text') };
  }
}

/** Judgments with a positive score; BEIR's zeros mean "not relevant". */
export async function* readJudgments(file: string): AsyncGenerator<Judgment & { line: number }> {
  for await (const { number: line, row } of readTable(file, ['query-id', 'corpus-id', 'score'])) {
    const score = Number(row.score);
    if (!Number.isInteger(score))
      throw new DatasetError(file, line, 'score', `"${row.score}" is not a whole number`);
    if (score > 0) yield { line, query: row['query-id'], document: row['corpus-id'] };
  }
}

/** Names a judgment's record, so that a repeated upload is known; by a hash where the API takes no id of that length. */
export function recordId(query: string, document: string): string {
  const id = `${query}/${document}`;
  return FeedbackInput.shape.id.safeParse(id).success ? id : createHash('sha256').update(id).digest('hex');
}

/** A table from `known` ids to regions, such as regions.tsv (`query-id`) or documents.tsv (`corpus-id`). */
export async function readRegions(
  file: string,
  column: 'query-id' | 'corpus-id',
  known: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const regions = new Map<string, string>();
  // One copy of each name, however many rows carry it.
  const names = new Map<string, string>();
  for await (const { number, row } of readTable(file, [column, 'region'])) {
    const id = row[column];
    if (!known.has(id)) throw new DatasetError(file, number, column, `"${id}" does not exist`);
    if (regions.has(id)) throw new DatasetError(file, number, column, `"${id}" is listed twice`);
    const region = RegionName.safeParse(row.region);
    if (!region.success) {
      throw new DatasetError(file, number, 'region', `"${row.region}": ${region.error.issues[0]?.message}`);
    }
    const name = names.get(region.data) ?? region.data;
    names.set(name, name);
    regions.set(id, name);
  }
  return regions;
}

/** One id a line. */
export async function readIdList(file: string): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for await (const { number, text } of readLines(file)) ids.set(text.trim(), number);
  return ids;
}

function string(file: string, line: number, record: JsonRecord, field: string, fallback?: string): string {
  const value = record[field] ?? fallback;
  if (value === undefined) throw new DatasetError(file, line, field, 'is missing');
  if (typeof value !== 'string')
    throw new DatasetError(file, line, field, `expected a string, got ${typeof value}`);
  return value;
}

function readId(file: string, line: number, record: JsonRecord): string {
  const id = string(file, line, record, '_id');
  if (id.trim() !== id || id === '')
    throw new DatasetError(file, line, '_id', 'is empty or padded with spaces');
  if (/[\t\r\n]/.test(id)) throw new DatasetError(file, line, '_id', 'contains a tab or a line break');
  return id;
}

function readMetadata(file: string, line: number, value: unknown): ItemMetadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DatasetError(file, line, 'metadata', 'expected an object');
  }
  for (const [name, entry] of Object.entries(value)) {
    if (typeof entry !== 'string' && typeof entry !== 'number' && typeof entry !== 'boolean') {
      throw new DatasetError(file, line, `metadata.${name}`, 'expected a string, a number or true/false');
    }
  }
  return value as ItemMetadata;
}
