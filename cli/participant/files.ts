/**
 * Files that outlive the process: written beside their place, synced, and moved there, so that a reader finds the old
 * content or the new one and never a part. Lines are appended and synced; a torn last line counts as not written.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Kept } from '../../shared/participant/round-guard.ts';

/** @param mode permissions of a new file */
export function writeDurably(file: string, bytes: Uint8Array | string, mode = 0o600): void {
  mkdirSync(dirname(file), { recursive: true });
  const fresh = `${file}.new`;
  const handle = openSync(fresh, 'w', mode);
  try {
    writeAll(handle, typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(fresh, file);
  syncFolder(dirname(file));
}

export function writeJson(file: string, value: unknown): void {
  writeDurably(file, JSON.stringify(value));
}

/** A value in a file of its own. */
export function keptFile<T>(file: string): Kept<T> & { forget(): void } {
  return {
    forget: () => rmSync(file, { force: true }),
    get: () => readJson<T>(file),
    set(value) {
      if (readText(file) !== JSON.stringify(value)) writeJson(file, value);
    },
  };
}

/** Null when there is no such file. */
export function readJson<T>(file: string): T | null {
  const text = readText(file);
  return text === null ? null : (JSON.parse(text) as T);
}

function readText(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** One JSON value a line. */
export function readLinesOf<T>(file: string): T[] {
  const text = readText(file);
  if (text === null) return [];
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  // What a crash left of a line would run into the next one.
  if (whole.length < text.length) truncateSync(file, new TextEncoder().encode(whole).length);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** Appends to a file that was read by `readLinesOf` before. */
export function appendLines(file: string, values: readonly unknown[]): void {
  if (values.length === 0) return;
  mkdirSync(dirname(file), { recursive: true });
  const handle = openSync(file, 'a', 0o600);
  try {
    writeAll(handle, new TextEncoder().encode(values.map((value) => `${JSON.stringify(value)}\n`).join('')));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function writeAll(handle: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
}

/** A rename lasts when its folder is synced. Windows can not open folders, and does not need it. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
