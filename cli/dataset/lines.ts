/**
 * Data set files line by line: JSON lines and tables, streamed, compressed with gzip or not, with CRLF and a byte-order
 * mark accepted, in UTF-8, or UTF-16 where a mark says so. Lines end at line feeds and at nothing else: JSON may have U+2028 in a string. Every complaint names
 * file, line and field.
 */
import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { createReadStream, existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { jsonProblem } from '../../shared/protocol/json-value.ts';
import { DatasetError } from './dataset-error.ts';
import { type Findings, STRICT, unlessBad } from './findings.ts';

export interface Line {
  /** From 1. */
  number: number;
  /** What is no UTF-8 in it is U+FFFD. */
  text: string;
  /** Whether all of it is text: a line that is not says something else than was meant. */
  isText: boolean;
}

/** The file of this name or, where there is only that, its compressed form `….gz`. */
export function orCompressed(file: string): string {
  return !existsSync(file) && existsSync(`${file}.gz`) ? `${file}.gz` : file;
}

/** Lines that are not empty. */
export async function* readLines(name: string): AsyncGenerator<Line> {
  const file = orCompressed(name);
  const input = createReadStream(file);
  let number = 0;
  try {
    await once(input, 'ready');
    const bytes: Readable = file.endsWith('.gz') ? input.pipe(createGunzip()) : input;
    input.on('error', (error) => bytes.destroy(error));
    for await (const { text: raw, isText } of splitLines(bytes)) {
      number += 1;
      // Where files were joined, one may begin with its mark.
      const text = raw.replace(/^\uFEFF/, '');
      if (text.trim() !== '') yield { number, text, isText };
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new DatasetError(file, null, null, code === 'ENOENT' ? 'no such file' : message);
  } finally {
    input.destroy();
  }
}

async function* splitLines(bytes: Readable): AsyncGenerator<Omit<Line, 'number'>> {
  /** Of the line that is not complete yet, in pieces: joined once. */
  let held: Uint8Array[] = [];
  for await (const chunk of asUtf8(bytes)) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      held.push(chunk.subarray(from, at));
      yield lineOf(Buffer.concat(held));
      held = [];
      from = at + 1;
    }
    held.push(chunk.subarray(from));
  }
  yield lineOf(Buffer.concat(held));
}

const LINE_FEED = 0x0a;

function lineOf(bytes: Buffer): Omit<Line, 'number'> {
  const text = withoutReturn(bytes.toString('utf8'));
  return { text, isText: !text.includes('\uFFFD') || isUtf8(bytes) };
}

/** Bytes of UTF-16 with a mark as UTF-8, others as they are. */
async function* asUtf8(bytes: Readable): AsyncGenerator<Buffer> {
  let decoder: TextDecoder | null = null;
  let isFirst = true;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    const mark = isFirst ? chunk.subarray(0, 2).toString('hex') : '';
    isFirst = false;
    if (mark === 'fffe') decoder = new TextDecoder('utf-16le');
    if (mark === 'feff') decoder = new TextDecoder('utf-16be');
    yield decoder === null ? chunk : Buffer.from(decoder.decode(chunk, { stream: true }));
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

export type JsonRecord = Record<string, unknown>;

/** Objects, one a line. Numbers that JSON does not have (`NaN`), as some writers leave them, are read as null. */
export async function* readJsonLines(
  file: string,
  findings: Findings = STRICT,
): AsyncGenerator<{ number: number; record: JsonRecord }> {
  for await (const line of readLines(file)) {
    const { number } = line;
    const record = unlessBad(findings, () => recordOf(file, number, textOf(file, line)));
    if (record !== undefined) yield { number, record };
  }
}

/** @throws DatasetError for a line that is no text: what it says would be something else */
export function textOf(file: string, { number, text, isText }: Line): string {
  if (!isText) throw new DatasetError(file, number, null, 'is not UTF-8 text: save the file as UTF-8');
  return text;
}

function recordOf(file: string, number: number, text: string): JsonRecord {
  const record = parsed(file, number, text);
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new DatasetError(file, number, null, 'expected a JSON object');
  }
  const problem = jsonProblem(record);
  if (problem !== null) throw new DatasetError(file, number, problem.path.join('.'), problem.detail);
  return record as JsonRecord;
}

const NO_NUMBER = /("(?:[^"\\]|\\.)*")|-?\b(?:NaN|Infinity)\b/g;

function parsed(file: string, number: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const mended = text.replace(NO_NUMBER, (all, string?: string) => (string === undefined ? 'null' : all));
    try {
      return JSON.parse(mended);
    } catch {
      throw new DatasetError(file, number, null, `not JSON: ${(error as Error).message}`);
    }
  }
}

/**
 * Cells of a table's line: between tabs where it has any, else between commas or spaces; without the quotes around them.
 */
export function cellsOf(text: string): string[] {
  const line = text.trim();
  const between = text.includes('\t') ? '\t' : COMMAS.test(line) ? /\s*,\s*/ : /\s+/;
  const parts = (between === '\t' ? text : line).split(between);
  return parts.map((cell) => {
    const bare = cell.trim();
    const quoted = bare.length > 1 && bare.startsWith('"') && bare.endsWith('"');
    return quoted ? bare.slice(1, -1).replaceAll('""', '"').trim() : bare;
  });
}

const COMMAS = /^[^,\s]+(?:\s*,\s*[^,\s]+)+$/;

/** Rows of a table whose columns are `columns`; a first line that repeats their names is its header. */
export async function* readTable<Column extends string>(
  file: string,
  columns: readonly Column[],
): AsyncGenerator<{ number: number; row: Record<Column, string> }> {
  let first = true;
  for await (const line of readLines(file)) {
    const { number } = line;
    const cells = cellsOf(textOf(file, line));
    const header = first && cells.length === columns.length && columns.every((name, i) => cells[i] === name);
    first = false;
    if (header) continue;
    yield { number, row: rowOf(file, number, cells, columns) };
  }
}

/** @throws DatasetError unless each column has its cell */
export function rowOf<Column extends string>(
  file: string,
  number: number,
  cells: readonly string[],
  columns: readonly Column[],
): Record<Column, string> {
  if (cells.length !== columns.length) {
    const wanted = columns.join(', ');
    const detail = `${cells.length} columns, expected ${columns.length} (${wanted})`;
    throw new DatasetError(file, number, null, detail);
  }
  const row = {} as Record<Column, string>;
  for (const [index, column] of columns.entries()) {
    const cell = cells[index]!;
    if (cell === '') throw new DatasetError(file, number, column, 'is empty');
    row[column] = cell;
  }
  return row;
}
