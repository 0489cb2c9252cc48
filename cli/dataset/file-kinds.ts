/**
 * Files of documents by the ending of their name, and how each kind becomes text. Nothing leaves this machine: PDF and
 * Word files are read by libraries, which are loaded where there is such a file.
 */
import { type ItemFormat, MAX_ITEM_BYTES } from '../../shared/protocol/api/item.ts';
import { decodeText } from '../../shared/retrieval/encoding.ts';
import { endingOf, TEXT_FORMATS } from '../../shared/retrieval/file-format.ts';
import { DatasetError } from './dataset-error.ts';
import { unpackedBytes } from './zip-size.ts';

export interface FileText {
  text: string;
  format: ItemFormat;
  /** What the file's own properties say; empty where they say nothing. */
  title: string;
}

type Reader = (file: string, bytes: Uint8Array) => Promise<FileText>;

const KINDS: ReadonlyMap<string, Reader> = new Map([
  ...[...TEXT_FORMATS].map(([ending, { format, convert }]): [string, Reader] => [
    ending,
    async (file, bytes) => ({ text: convert(decode(file, bytes, format === 'html')), format, title: '' }),
  ]),
  ['.pdf', readPdf],
  ['.docx', readDocx],
]);

export const READ_ENDINGS: readonly string[] = [...KINDS.keys()];

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

function decode(file: string, bytes: Uint8Array, isPage: boolean): string {
  try {
    return decodeText(bytes, isPage);
  } catch (error) {
    throw new DatasetError(file, null, null, (error as Error).message);
  }
}

async function readPdf(file: string, bytes: Uint8Array): Promise<FileText> {
  try {
    const { pdfText } = await import('../../shared/retrieval/pdf-text.ts');
    const { text, title } = await pdfText(bytes);
    if (text === '') throw new DatasetError(file, null, null, 'has no text in it, only pictures');
    return { text, format: 'text', title };
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(file, null, null, `is not a PDF that can be read: ${(error as Error).message}`);
  }
}

async function readDocx(file: string, bytes: Uint8Array): Promise<FileText> {
  const unpacked = unpackedBytes(Buffer.from(bytes), '.xml');
  if (unpacked > MOST_BYTES) {
    throw new DatasetError(
      file,
      null,
      null,
      `has ${unpacked} bytes of text and marks; at most ${MOST_BYTES} are read`,
    );
  }
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
