/**
 * Files that somebody drops, as documents: read here, in the browser, and sent a batch at a time. One that the service
 * refuses costs the others nothing, for its batch is then sent again one by one.
 */
import type { ItemInput, ItemReceipt } from '../../../shared/protocol/api/item.ts';
import { decodeText } from '../../../shared/retrieval/encoding.ts';
import { endingOf, nameAsTitle, TEXT_FORMATS } from '../../../shared/retrieval/file-format.ts';
import type { pdfText } from '../../../shared/retrieval/pdf-text.ts';
import { clientOf, type Target, troubleOf } from './api.ts';
import { UPLOAD } from './texts.ts';

/** Address of the script that reads PDFs; the build puts it here. */
declare const PDF_SCRIPT: string;

export const READ_ENDINGS: readonly string[] = [...TEXT_FORMATS.keys(), '.pdf'];

/** Documents and UTF-16 units of a batch: well below what one request takes, and soon done. */
const BATCH = 50;
const BATCH_UNITS = 500_000;

/** The service loads the encoder for the first, and embeds what is little. */
const PATIENCE_MS = 180_000;

export interface Dropped {
  /** Its path below what was dropped, with slashes: the document's key. */
  path: string;
  file: File;
}

type Document = Pick<ItemInput, 'key' | 'title' | 'text' | 'format'>;

/** What became of one file. */
export type Fate = { path: string } & ({ stored: ItemReceipt } | { refused: string });

const isHidden = (name: string) => name.startsWith('.') || name === 'node_modules';

/** Those that are read by their names; hidden ones and folders of packages are left out without a word. */
export function readable(files: readonly Dropped[]): { read: Dropped[]; unread: Fate[] } {
  const all = files.filter(({ path }) => !path.split('/').some(isHidden));
  const isRead = ({ path }: Dropped) => READ_ENDINGS.includes(endingOf(path));
  const unread = all.filter((each) => !isRead(each));
  return {
    read: all.filter(isRead),
    unread: unread.map(({ path }) => ({ path, refused: UPLOAD.unread(endingOf(path)) })),
  };
}

/** Everything that was dropped, also what lies in folders. */
export async function droppedFiles(transfer: DataTransfer): Promise<Dropped[]> {
  // Entries are gone once the event is over, so they are all taken first.
  const dropped = [...transfer.items].map((item) => ({
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
  }));
  const found = await Promise.all(
    dropped.map(({ entry, file }) => {
      if (entry !== null) return filesBelow(entry);
      // What comes from no folder, as a picture from another window.
      return file === null ? [] : [{ path: file.name, file }];
    }),
  );
  return found.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What was chosen by a file or a folder field. */
export function chosenFiles(files: FileList): Dropped[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function filesBelow(entry: FileSystemEntry): Promise<Dropped[]> {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed));
    return [{ path, file }];
  }
  // A folder of packages may hold a hundred thousand files.
  if (isHidden(entry.name)) return [];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  for (;;) {
    // A reader gives a hundred at a time.
    const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) break;
    inside.push(...some);
  }
  return (await Promise.all(inside.map(filesBelow))).flat();
}

/** @throws Error that says what is wrong with the file */
async function documentOf({ path, file }: Dropped): Promise<Document> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const title = nameAsTitle(path).slice(0, 1024);
  const kind = TEXT_FORMATS.get(endingOf(path));
  if (kind !== undefined) {
    const text = kind.convert(decodeText(bytes, kind.format === 'html'));
    if (text.trim() === '') throw new TypeError(UPLOAD.empty);
    // The service reads a title from the document itself; its file's name is the last resort.
    return { key: path, title: kind.format === 'text' ? title : '', text, format: kind.format };
  }
  const { pdfText: read } = (await import(PDF_SCRIPT)) as { pdfText: typeof pdfText };
  const pdf = await read(bytes).catch((error: Error) => {
    throw new TypeError(UPLOAD.badPdf(error.message));
  });
  if (pdf.text === '') throw new TypeError(UPLOAD.onlyPictures);
  return { key: path, title: (pdf.title || title).slice(0, 1024), text: pdf.text, format: 'text' };
}

/**
 * Reads and sends all of them; what is wrong with one file does not end it.
 * @param said hears of every file, in their order within a batch
 * @throws ApiError or TimeoutError where no further document would fare better
 */
export async function uploadAll(
  target: Target,
  files: readonly Dropped[],
  said: (fates: Fate[]) => void,
): Promise<void> {
  let batch: Document[] = [];
  let units = 0;
  const send = async () => {
    if (batch.length > 0) said(await sendBatch(target, batch));
    batch = [];
    units = 0;
  };
  for (const file of files) {
    const document = await documentOf(file).catch((error: Error) => {
      said([{ path: file.path, refused: error.message }]);
    });
    if (document === undefined) continue;
    if (batch.length === BATCH || units + document.text.length > BATCH_UNITS) await send();
    batch.push(document);
    units += document.text.length;
  }
  await send();
}

/** @throws ApiError or TimeoutError where no further document would fare better: no token, no answer */
async function sendBatch(target: Target, batch: readonly Document[]): Promise<Fate[]> {
  try {
    const { items, errors } = await clientOf(target, PATIENCE_MS).call('POST /items', {
      body: { items: [...batch] },
    });
    const stored = items.map((receipt): Fate => ({ path: receipt.key, stored: receipt }));
    const refused = errors.flatMap(({ keys, detail }) =>
      keys.map((path): Fate => ({ path, refused: detail })),
    );
    return [...stored, ...refused];
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble.kind !== 'refused' || trouble.status === 403) throw error;
    if (batch.length === 1) return [{ path: batch[0]!.key, refused: trouble.text }];
    const fates: Fate[] = [];
    for (const document of batch) fates.push(...(await sendBatch(target, [document])));
    return fates;
  }
}
