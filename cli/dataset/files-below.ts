/**
 * Files below a folder. Links count as what they lead to, but a folder is entered once on each way down, so that a link
 * to a folder above ends there. What is no file, and what cannot be entered, is named instead: nothing below it is known.
 */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { addTo } from '../../shared/multimap.ts';

export interface DocumentFile {
  file: string;
  /** Its path below the folder, with slashes. */
  key: string;
}

export interface FilesBelow {
  /** In order of their keys. */
  files: DocumentFile[];
  /** Keys of what is no file, by what it is. */
  unread: Map<string, string[]>;
  /** Folders that cannot be entered, with the reason. */
  closed: { folder: string; reason: string }[];
}

export async function filesBelow(folder: string): Promise<FilesBelow> {
  const found: FilesBelow = { files: [], unread: new Map(), closed: [] };
  await walk(folder, '', [await realpath(folder)], found);
  found.files.sort((a, b) => (a.key < b.key ? -1 : 1));
  return found;
}

/** @param above the real paths of the folders on the way here */
async function walk(
  folder: string,
  prefix: string,
  above: readonly string[],
  found: FilesBelow,
): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const key = `${prefix}${entry.name}`;
    if (isHidden(entry.name)) continue;
    const file = join(folder, entry.name);
    const kind = await kindOf(file, entry);
    if (kind === 'file') found.files.push({ file, key });
    else if (kind !== 'folder') addTo(found.unread, kind, key);
    else await enter(file, key, above, found);
  }
}

async function enter(
  folder: string,
  key: string,
  above: readonly string[],
  found: FilesBelow,
): Promise<void> {
  try {
    const real = await realpath(folder);
    if (!above.includes(real)) await walk(folder, `${key}/`, [...above, real], found);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    found.closed.push({ folder, reason: `cannot be entered: ${message}` });
  }
}

export function isHidden(step: string): boolean {
  return step.startsWith('.') || step === 'node_modules';
}

async function kindOf(
  file: string,
  entry: Dirent,
): Promise<'file' | 'folder' | 'links to nothing' | 'no files'> {
  const known = entry.isSymbolicLink() ? await stat(file).catch(() => null) : entry;
  if (known === null) return 'links to nothing';
  if (known.isFile()) return 'file';
  return known.isDirectory() ? 'folder' : 'no files';
}
