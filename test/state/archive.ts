/**
 * A folder in one compressed file: a line of JSON with paths and lengths, then the files' bytes one after the other.
 * Databases hold the same pages in several places, so that a window over all of it makes them small.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { checkpointed } from './sqlite-file.ts';

interface Entry {
  path: string;
  bytes: number;
}

function filesOf(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesOf(path) : [path]));
}

/** Packs `folder`'s files as far as `keeps` takes their paths; databases without their logs, which are written in. */
export function pack(folder: string, keeps: (path: string) => boolean): Uint8Array {
  const files = filesOf(folder)
    .filter((file) => keeps(relative(folder, file)))
    .map((file) => ({ path: relative(folder, file), content: contentOf(file) }));
  const entries: Entry[] = files.map(({ path, content }) => ({ path, bytes: content.length }));
  const head = Buffer.from(`${JSON.stringify(entries)}\n`);
  return brotliCompressSync(Buffer.concat([head, ...files.map(({ content }) => content)]), {
    params: { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_QUALITY]: 11 },
  });
}

function contentOf(file: string): Uint8Array {
  const bytes = readFileSync(file);
  if (!file.endsWith('.sqlite')) return bytes;
  return checkpointed(bytes, existsSync(`${file}-wal`) ? readFileSync(`${file}-wal`) : null);
}

export function unpack(archive: Uint8Array, folder: string): void {
  const all = brotliDecompressSync(archive);
  const end = all.indexOf(10);
  let at = end + 1;
  for (const { path, bytes } of JSON.parse(all.subarray(0, end).toString()) as Entry[]) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, all.subarray(at, at + bytes));
    at += bytes;
  }
}
