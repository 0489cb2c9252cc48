/**
 * The records of a BEIR folder, checked field by field: documents, queries, judgments, regions. What is read here is
 * within the limits of the API.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import { fitsRow, ItemFields, type ItemFormat, type ItemMetadata } from '../../shared/protocol/api/item.ts';
import { RegionName } from '../../shared/protocol/names.ts';
import { MAX_QUERY_CHARACTERS } from '../../shared/retrieval/conversation.ts';
import { DatasetError } from './dataset-error.ts';
import { type Findings, STRICT, unlessBad } from './findings.ts';
import { cellsOf, type JsonRecord, readJsonLines, readLines, readTable, rowOf, textOf } from './lines.ts';
import { flatMetadata } from './metadata.ts';
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
  /** How well the document answers the query; above 0. */
  grade: number;
}

const { key: _id, ...fields } = ItemFields.shape;
/** A document as it is uploaded, under BEIR's name for its key. */
const Uploaded = z.strictObject({ _id, ...fields }).superRefine(fitsRow);
/** Training queries go to `/v1/feedback`, test queries to `/v1/search`. */
const QueryText = FeedbackInput.shape.query.max(MAX_QUERY_CHARACTERS);
/** Stands for the text of a document that is not uploaded. */
const NOTHING = ' ';

/** Documents of a corpus.jsonl in file order, blank ones, too; ids are not compared with each other here. */
export async function* readCorpus(
  file: string,
  findings: Findings = STRICT,
): AsyncGenerator<CorpusRecord & { line: number }> {
  for await (const { number: line, record } of readJsonLines(file, findings)) {
    const read = unlessBad(findings, () => documentOf(file, line, record, findings));
    if (read !== undefined) yield read;
  }
}

function documentOf(file: string, line: number, record: JsonRecord, findings: Findings) {
  const title = string(file, line, record, 'title', '');
  const text = string(file, line, named(record, 'text'), 'text', '');
  const id = readId(file, line, named(record, '_id'));
  // Some corpora have documents that are a title only; they are uploaded with it as their text, and blank ones not at all.
  const given = { _id: id, title, text: text || title || NOTHING, format: record.format ?? 'text' };
  const metadata = flatMetadata(file, line, record.metadata ?? {}, findings);
  const { format } = valid(Uploaded, { ...given, metadata }, file, line);
  return { line, id, title, text, format, metadata };
}

export async function* readQueries(
  file: string,
  findings: Findings = STRICT,
): AsyncGenerator<QueryRecord & { line: number }> {
  for await (const { number: line, record } of readJsonLines(file, findings)) {
    const read = unlessBad(findings, () => {
      const text = string(file, line, named(record, 'text'), 'text');
      if (text.trim() === '') throw new DatasetError(file, line, 'text', 'is empty');
      return {
        line,
        id: readId(file, line, named(record, '_id')),
        text: valid(QueryText, text, file, line, 'text'),
      };
    });
    if (read !== undefined) yield read;
  }
}

/** Columns of a judgment with its score. */
const SCORED = 3;

/** A header's first cell, whatever the columns are called. */
const HEADER = /^(?:q(?:uery)?|topic)s?[-_ ]?(?:id|no|num(?:ber)?)?$/i;

/**
 * Judgments with a positive score; BEIR's zeros mean "not relevant". Rows have query, document and score, which may be
 * left out where all that is listed answers, or the four columns of TREC, of which the second one says nothing.
 */
export async function* readJudgments(
  file: string,
  findings: Findings = STRICT,
): AsyncGenerator<Judgment & { line: number }> {
  let first = true;
  /** Whether the file has scores: its first line decides. */
  let isScored: boolean | undefined;
  for await (const read of readLines(file)) {
    const { number: line } = read;
    const all = cellsOf(read.text);
    if (all.length > SCORED && all.at(-1) === '') all.pop();
    isScored ??= all.length !== SCORED - 1;
    const cells = all.length === 4 ? [all[0]!, all[2]!, all[3]!] : isScored ? all : [...all, '1'];
    const header = first && HEADER.test(cells[0]!) && (!isScored || Number.isNaN(Number(cells.at(-1))));
    first = false;
    if (header) continue;
    const judged = unlessBad(findings, () => {
      textOf(file, read);
      const row = rowOf(file, line, cells, ['query-id', 'corpus-id', 'score']);
      const grade = Number(row.score);
      if (!Number.isFinite(grade))
        throw new DatasetError(file, line, 'score', `"${row.score}" is not a number`);
      return { line, query: row['query-id'], document: row['corpus-id'], grade };
    });
    if (judged !== undefined && judged.grade > 0) yield judged;
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

/** @throws DatasetError for an integer that reading has changed */
function numberText(file: string, line: number, field: string, value: number): string {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new DatasetError(
      file,
      line,
      field,
      `${value} is beyond what numbers hold exactly: put it in quotes`,
    );
  }
  return String(value);
}

function string(file: string, line: number, record: JsonRecord, field: string, fallback?: string): string {
  const value = record[field] ?? fallback;
  if (value === undefined) throw new DatasetError(file, line, field, 'is missing');
  if (typeof value === 'number') return numberText(file, line, field, value);
  if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value.join('\n');
  if (typeof value !== 'string')
    throw new DatasetError(file, line, field, `expected a string, got ${typeof value}`);
  return value;
}

/** What other tools call BEIR's fields. */
const OTHER_NAMES: Readonly<Record<'_id' | 'text', readonly string[]>> = {
  _id: ['id', 'doc_id', 'docid', 'docno', 'pid', 'query_id', 'qid'],
  text: ['contents', 'body', 'passage', 'query'],
};

/** The record with BEIR's name for a field that it has under another one. */
function named(record: JsonRecord, field: '_id' | 'text'): JsonRecord {
  if (record[field] !== undefined) return record;
  const other = OTHER_NAMES[field].find((name) => record[name] !== undefined);
  return other === undefined ? record : { ...record, [field]: record[other] };
}

/** Ids may be numbers; spaces around them mean nothing. */
function readId(file: string, line: number, record: JsonRecord): string {
  const { _id } = record;
  if (Array.isArray(_id)) throw new DatasetError(file, line, '_id', 'expected a string, got object');
  const id = string(file, line, record, '_id').trim();
  if (id === '') throw new DatasetError(file, line, '_id', 'is empty');
  if (/[\t\r\n]/.test(id)) throw new DatasetError(file, line, '_id', 'contains a tab or a line break');
  return id;
}
