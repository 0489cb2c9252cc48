/**
 * Files of documents by the ending of their name, and how each kind becomes text. Nothing leaves this machine: PDF and
 * Word files are read by libraries, which are loaded where there is such a file.
 */
import { basename, extname } from 'node:path';
import type { ItemFormat } from '../../shared/protocol/api/item.ts';
import { MAX_ITEM_BYTES } from '../../shared/protocol/api/item.ts';
import { DatasetError } from './dataset-error.ts';
import { decode } from './encoding.ts';

export interface FileText {
  text: string;
  format: ItemFormat;
  /** What the file's own properties say; empty where they say nothing. */
  title: string;
}

type Reader = (file: string, bytes: Uint8Array) => Promise<FileText>;

const plain =
  (format: ItemFormat, convert: (text: string) => Promise<string> = async (text) => text): Reader =>
  async (file, bytes) => ({ text: await convert(decode(file, bytes, format === 'html')), format, title: '' });

const KINDS: ReadonlyMap<string, Reader> = new Map([
  ...['.md', '.markdown', '.mdx', '.mdown', '.mkd'].map((ending) => [ending, plain('markdown')] as const),
  ...['.html', '.htm', '.xhtml'].map((ending) => [ending, plain('html')] as const),
  ['.txt', plain('text')],
  ['.text', plain('text')],
  [
    '.rst',
    plain('markdown', async (text) => (await import('../../shared/retrieval/rst.ts')).rstToMarkdown(text)),
  ],
  ...['.adoc', '.asciidoc'].map(
    (ending) =>
      [
        ending,
        plain('markdown', async (text) =>
          (await import('../../shared/retrieval/asciidoc.ts')).asciidocToMarkdown(text),
        ),
      ] as const,
  ),
  ['.pdf', readPdf],
  ['.docx', readDocx],
]);

export const READ_ENDINGS: readonly string[] = [...KINDS.keys()];

/** Of a file's name, in lower case; empty where it has none. */
export function endingOf(name: string): string {
  return extname(name).toLowerCase();
}

/** Larger ones are no documents: their text would not fit one, whatever is marks in it. */
const MOST_TEXT_BYTES = 4 * MAX_ITEM_BYTES;
const MOST_BYTES = 64 << 20;

/** @throws DatasetError for a file that is larger than any document of its kind may be */
export function checkSize(file: string, bytes: number): void {
  const hasPictures = ['.pdf', '.docx'].includes(endingOf(file));
  const most = hasPictures ? MOST_BYTES : MOST_TEXT_BYTES;
  if (bytes <= most) return;
  const detail = hasPictures
    ? `at most ${most} are read`
    : `a document has at most ${MAX_ITEM_BYTES}: divide it`;
  throw new DatasetError(file, null, null, `has ${bytes} bytes; ${detail}`);
}

/** The name of a file as a title. */
export function nameAsTitle(key: string): string {
  return basename(key, extname(key)).replace(/[-_]+/g, ' ').trim();
}

/** @throws DatasetError for a file of a kind that is not read */
export function readerOf(file: string): Reader {
  const read = KINDS.get(endingOf(file));
  if (read !== undefined) return read;
  const kinds = `${READ_ENDINGS.join(' ')} .jsonl`;
  throw new DatasetError(file, null, null, `is no file of a kind that is read: ${kinds}`);
}

/** @throws DatasetError for a file of a kind that is not read, or that is not what its ending says */
export async function fileText(file: string, bytes: Uint8Array): Promise<FileText> {
  return await readerOf(file)(file, bytes);
}

async function readPdf(file: string, bytes: Uint8Array): Promise<FileText> {
  try {
    const { extractText, getDocumentProxy, getMeta } = await import('unpdf');
    const document = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
    const { text } = await extractText(document, { mergePages: false });
    const { info } = await getMeta(document);
    const title = typeof info?.Title === 'string' ? info.Title.trim() : '';
    // Pages that were scanned have no text.
    if (text.join('').trim() === '')
      throw new DatasetError(file, null, null, 'has no text in it, only pictures');
    return { text: text.join('\n\n').toWellFormed(), format: 'text', title };
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(file, null, null, `is not a PDF that can be read: ${(error as Error).message}`);
  }
}

async function readDocx(file: string, bytes: Uint8Array): Promise<FileText> {
  try {
    const { default: mammoth } = await import('mammoth');
    const { value } = await mammoth.convertToHtml({ buffer: Buffer.from(bytes) });
    return { text: value.toWellFormed(), format: 'html', title: '' };
  } catch (error) {
    throw new DatasetError(
      file,
      null,
      null,
      `is not a Word file that can be read: ${(error as Error).message}`,
    );
  }
}
