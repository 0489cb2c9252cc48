/**
 * Documents from files that people have: a folder of files of the kinds that are read, or JSON lines. Keys are paths
 * below the folder, so that a second reading names the same documents.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { addTo } from '../../shared/multimap.ts';
import { FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import { fitsRow, ItemFields } from '../../shared/protocol/api/item.ts';
import { RegionName } from '../../shared/protocol/names.ts';
import type { ReadDocument } from '../../shared/retrieval/document.ts';
import { endingOf, nameAsTitle, TEXT_FORMATS } from '../../shared/retrieval/file-format.ts';
import type { IngestedDocument, IngestedRecord } from '../ingest.ts';
import { DatasetError } from './dataset-error.ts';
import { checkSize, type FileText, fileText, READ_ENDINGS, readerOf } from './file-kinds.ts';
import { type DocumentFile, filesBelow, isHidden } from './files-below.ts';
import { type Findings, STRICT, unlessBad } from './findings.ts';
import { readJsonLines } from './lines.ts';
import { flatMetadata } from './metadata.ts';
import { type PageEdges, RepeatedLines } from './repeated-lines.ts';
import { valid } from './valid.ts';

export type { DocumentFile };

export interface FoundFiles {
  files: DocumentFile[];
  /** Files of kinds that are not read, by their endings. */
  unread: Map<string, string[]>;
  /** Folders that cannot be entered, with the reason. */
  closed: { folder: string; reason: string }[];
}

/**
 * Files of `path` that hold documents, in order; `path` itself when it is such a file. Hidden ones are left out.
 * @throws DatasetError for a single file of a kind that is not read
 */
export async function documentFiles(path: string): Promise<FoundFiles> {
  if ((await stat(path)).isFile()) {
    readerOf(path);
    return { files: [{ file: path, key: basename(path) }], unread: new Map(), closed: [] };
  }
  const { files, unread, closed } = await filesBelow(path);
  const found = { ...readable(files), closed };
  for (const [why, keys] of unread) found.unread.set(why, keys);
  return found;
}

/** Those of `files` that hold documents by their names; hidden ones are left out. */
export function readable(files: readonly DocumentFile[]): Omit<FoundFiles, 'closed'> {
  const unread = new Map<string, string[]>();
  const all = files.filter(({ key }) => !key.split('/').some(isHidden));
  const isRead = ({ key }: DocumentFile) => READ_ENDINGS.includes(endingOf(key));
  for (const { key } of all.filter((each) => !isRead(each))) {
    addTo(unread, endingOf(key) || 'no ending', key);
  }
  return { files: all.filter(isRead), unread };
}

/** One document a file; files without any text are left out, and so are lines that a folder's pages repeat. */
export async function* readDocumentFiles(
  files: readonly DocumentFile[],
  region: string | null,
  findings: Findings = STRICT,
): AsyncGenerator<IngestedDocument> {
  // The readers of HTML and Markdown are loaded where documents are read.
  const { readDocument } = await import('../../shared/retrieval/document.ts');
  const read = ({ text, format }: FileText) => readDocument({ title: '', text, format });
  const repeated = new RepeatedLines();
  const pages = new Map<string, ReadPage>();
  const all = files.filter(({ file }) => isPage(file));
  for (const { file } of all.length > 1 ? all : []) {
    const page = await textOf(file, SILENT);
    if (page === null) continue;
    const found = read(page);
    const edges = repeated.add(found.blocks);
    pages.set(file, { hash: hashOf(page.text), ...summaryOf(found), edges });
  }
  for (const { file, key } of files) {
    const given = await textOf(file, findings);
    if (given === null) continue;
    // One that was changed meanwhile is read anew.
    const page = pages.get(file);
    const known = page !== undefined && page.hash === hashOf(given.text) ? page : null;
    const text = known === null ? given.text : repeated.without(given.text, known.edges);
    const { title: own, isBlank } = known ?? summaryOf(read(given));
    if (isBlank) {
      findings.note(new DatasetError(file, null, null, 'left out: there is no text in it'));
      continue;
    }
    const title = given.title || own;
    const item = {
      key,
      format: given.format,
      metadata: {},
      title: (title || nameAsTitle(key)).slice(0, 1024),
      text,
    };
    const document = unlessBad(findings, () => valid(DocumentLine, item, file, null));
    if (document !== undefined) yield { document, region, place: { file, line: null } };
  }
}

const summaryOf = ({ title, blocks }: ReadDocument) => ({
  title,
  isBlank: title === '' && blocks.length === 0,
});

/** What is kept of a page between both readings, so that it is parsed once. */
interface ReadPage {
  hash: string;
  title: string;
  /** It has neither text nor a title of its own. */
  isBlank: boolean;
  edges: PageEdges;
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');

/** The second reading names what is wrong. */
const SILENT: Findings = { leftOut() {}, note() {} };

function isPage(file: string): boolean {
  return TEXT_FORMATS.get(endingOf(file))?.format === 'html';
}

/** Null where it cannot be read. */
async function textOf(file: string, findings: Findings): Promise<FileText | null> {
  try {
    checkSize(file, (await stat(file)).size);
    return await fileText(file, await readFile(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!(error instanceof DatasetError) && code === undefined) throw error;
    const unnamed = code === 'ENOENT' && file.includes('\uFFFD');
    const reason = unnamed ? 'cannot be read: its name is not UTF-8' : message;
    findings.leftOut(error instanceof DatasetError ? error : new DatasetError(file, null, null, reason));
    return null;
  }
}

/** A text may be empty here: a title is enough, and what has neither is left out when it is uploaded. */
const DocumentLine = ItemFields.superRefine(fitsRow);

/** `{ key, title?, text, format?, metadata?, region? }` a line; `_id` may stand for `key`, as in BEIR's corpora. */
export async function* readDocumentLines(
  file: string,
  region: string | null,
  findings: Findings = STRICT,
): AsyncGenerator<IngestedDocument> {
  const seen = new Set<string>();
  for await (const { number, record } of readJsonLines(file, findings)) {
    const read = unlessBad(findings, () => {
      const { region: own, _id, metadata, ...item } = record;
      const id = item.key ?? _id;
      const key = Number.isSafeInteger(id) ? String(id) : id;
      const flat = flatMetadata(file, number, metadata ?? {}, findings);
      const document = valid(DocumentLine, { ...item, key, metadata: flat }, file, number);
      if (seen.has(document.key))
        throw new DatasetError(file, number, 'key', `"${document.key}" occurs twice`);
      seen.add(document.key);
      return { document, region: regionOf(own, region, file, number), place: { file, line: number } };
    });
    if (read !== undefined) yield read;
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
