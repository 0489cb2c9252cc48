/**
 * Documents from files that people have: a folder of Markdown, HTML and plain text, or JSON lines. Keys are paths
 * below the folder, so that a second reading names the same documents.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join, sep } from 'node:path';
import { z } from 'zod';
import { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import { fitsItem, ItemFields, type ItemFormat, ItemInput } from '../../shared/protocol/api/item.ts';
import { RegionName } from '../../shared/protocol/names.ts';
import type { IngestedDocument, IngestedRecord } from '../ingest.ts';
import { DatasetError, readJsonLines } from './lines.ts';
import { valid } from './valid.ts';

const FORMATS: ReadonlyMap<string, ItemFormat> = new Map([
  ['.md', 'markdown'],
  ['.markdown', 'markdown'],
  ['.html', 'html'],
  ['.htm', 'html'],
  ['.txt', 'text'],
]);

/** Files of `path` that hold documents, in order; `path` itself when it is such a file. Hidden ones are left out. */
export async function documentFiles(path: string): Promise<{ file: string; key: string }[]> {
  if ((await stat(path)).isFile()) return [{ file: path, key: basename(path) }];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && FORMATS.has(extname(entry.name).toLowerCase()))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ file, key: file.slice(join(path, sep).length).split(sep).join('/') }))
    .filter(({ key }) => !key.split('/').some((step) => step.startsWith('.') || step === 'node_modules'))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** One document a file; empty files are left out. @throws DatasetError for a file that is not UTF-8 text */
export async function* readDocumentFiles(
  files: readonly { file: string; key: string }[],
  region: string | null,
): AsyncGenerator<IngestedDocument> {
  for (const { file, key } of files) {
    const source = decode(file, await readFile(file));
    if (source.trim() === '') continue;
    const format = FORMATS.get(extname(file).toLowerCase()) ?? 'text';
    const item = { key, format, metadata: {}, ...(await titled(source, format, key)) };
    yield { document: valid(ItemInput, item, file, null), region };
  }
}

/** A text may be empty here: a title is enough, and what has neither is left out when it is uploaded. */
const DocumentLine = ItemFields.extend({ text: z.string() }).superRefine(fitsItem);

/** `{ key, title?, text, format?, metadata?, region? }` a line; `_id` may stand for `key`, as in BEIR's corpora. */
export async function* readDocumentLines(
  file: string,
  region: string | null,
): AsyncGenerator<IngestedDocument> {
  for await (const { number, record } of readJsonLines(file)) {
    const { region: own, _id, ...item } = record;
    const document = valid(DocumentLine, _id === undefined ? item : { key: _id, ...item }, file, number);
    yield { document, region: regionOf(own, region, file, number) };
  }
}

/** `{ query, item, relevant?, id?, contributor?, region? }` a line. */
export async function* readFeedbackLines(
  file: string,
  region: string | null,
): AsyncGenerator<IngestedRecord> {
  for await (const { number, record } of readJsonLines(file)) {
    const { region: own, ...feedback } = record;
    const given = valid(FeedbackInput, feedback, file, number);
    yield { record: given, region: regionOf(own, region, file, number) };
  }
}

function regionOf(own: unknown, otherwise: string | null, file: string, line: number): string | null {
  return own === undefined ? otherwise : valid(RegionName, own, file, line, 'region');
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new DatasetError(file, null, null, 'is not UTF-8 text');
  }
}

/** The title that a document gives itself, taken out of its text where it would be there twice; else the file's name. */
async function titled(
  source: string,
  format: ItemFormat,
  key: string,
): Promise<{ title: string; text: string }> {
  const named = basename(key, extname(key)).replace(/[-_]+/g, ' ').trim();
  if (format === 'text') return { title: named, text: source };
  if (format === 'html') {
    const { decodeEntities } = await import('../../shared/retrieval/html.ts');
    const title = /<title(?:\s[^<>]*)?>([^<]*)<\/title>/i.exec(source)?.[1] ?? '';
    return { title: decodeEntities(title).replace(/\s+/g, ' ').trim() || named, text: source };
  }
  const front = /^---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(source);
  const body = front === null ? source : source.slice(front[0].length);
  const declared = front === null ? null : declaredTitle(front[1] as string);
  if (declared !== null) return { title: declared, text: body.trim() === '' ? declared : body };
  const start = body.length - body.trimStart().length;
  const end = body.indexOf('\n', start);
  const title = headingOf(body.slice(start, end < 0 ? body.length : end));
  if (title === null) return { title: named, text: body.trim() === '' ? source : body };
  const rest = end < 0 ? '' : body.slice(end + 1);
  return { title, text: rest.trim() === '' ? title : rest };
}

/** `title:` of a document's front matter, without its quotes. */
function declaredTitle(front: string): string | null {
  const line = front.split('\n').find((each) => each.startsWith('title:'));
  const value = line?.slice('title:'.length).trim() ?? '';
  const quote = /^["']/.exec(value)?.[0];
  const bare = quote !== undefined && value.length > 1 && value.endsWith(quote) ? value.slice(1, -1) : value;
  return bare === '' ? null : bare;
}

/** Text of a line that is a heading of the first level, without the marks that may close it. */
function headingOf(line: string): string | null {
  if (!/^#[ \t]/.test(line)) return null;
  let end = line.trimEnd().length;
  while (line[end - 1] === '#') end -= 1;
  const title = line.slice(1, Math.max(1, end)).trim();
  return title === '' ? null : title;
}
