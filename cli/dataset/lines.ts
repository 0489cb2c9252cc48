/**
 * Data set files line by line: JSON lines and tab-separated values, streamed, with CRLF and a byte-order mark
 * accepted. Every complaint names file, line and field.
 */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { jsonProblem } from '../../shared/protocol/json-value.ts';

/** What is wrong with a data set, and where: `file:line: field "x": …`, the file with the folder it was looked for in. */
export class DatasetError extends Error {
  override name = 'DatasetError';
  constructor(file: string, line: number | null, field: string | null, detail: string) {
    const place = line === null ? file : `${file}:${line}`;
    super(`${place}: ${field === null ? '' : `field "${field}": `}${detail}`);
  }
}

export interface Line {
  /** From 1. */
  number: number;
  text: string;
}

/** Lines that are not empty. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  const input = createReadStream(file, { encoding: 'utf8' });
  let number = 0;
  try {
    await once(input, 'ready');
    for await (const raw of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      const text = number === 1 ? raw.replace(/^\uFEFF/, '') : raw;
      if (text.trim() !== '') yield { number, text };
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new DatasetError(file, null, null, code === 'ENOENT' ? 'no such file' : message);
  } finally {
    input.destroy();
  }
}

export type JsonRecord = Record<string, unknown>;

export async function* readJsonLines(file: string): AsyncGenerator<{ number: number; record: JsonRecord }> {
  for await (const { number, text } of readLines(file)) {
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch (error) {
      throw new DatasetError(file, number, null, `not JSON: ${(error as Error).message}`);
    }
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw new DatasetError(file, number, null, 'expected a JSON object');
    }
    const problem = jsonProblem(record);
    if (problem !== null) throw new DatasetError(file, number, problem.path.join('.'), problem.detail);
    yield { number, record: record as JsonRecord };
  }
}

/** Rows of a table whose columns are `columns`; a first line that repeats their names is its header. */
export async function* readTable<Column extends string>(
  file: string,
  columns: readonly Column[],
): AsyncGenerator<{ number: number; row: Record<Column, string> }> {
  let first = true;
  for await (const { number, text } of readLines(file)) {
    const cells = text.split('\t').map((cell) => cell.trim());
    const header = first && cells.length === columns.length && columns.every((name, i) => cells[i] === name);
    first = false;
    if (header) continue;
    if (cells.length !== columns.length) {
      const wanted = columns.join(', ');
      throw new DatasetError(
        file,
        number,
        null,
        `${cells.length} columns, expected ${columns.length} (${wanted})`,
      );
    }
    const row = {} as Record<Column, string>;
    for (const [index, column] of columns.entries()) {
      const cell = cells[index] as string;
      if (cell === '') throw new DatasetError(file, number, column, 'is empty');
      row[column] = cell;
    }
    yield { number, row };
  }
}
