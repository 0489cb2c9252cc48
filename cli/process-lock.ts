/**
 * One process at a time for a folder: a file with the process's id. That of a process that is gone counts for nothing.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A process that died between two looks may have left its file; whoever comes third has to wait for the next try. */
const TRIES = 3;

/** Files of this process. One with its number that is not here is of a former process, as in a container started again. */
const held = new Set<string>();

/**
 * @param refusal what is thrown while another process has the file; it is given who: `process 17`
 * @returns gives the file back
 */
export function lockFile(path: string, refusal: (holder: string) => Error): () => void {
  const file = resolve(path);
  // Linked into place, so that nobody reads half of it.
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${process.pid}\n`);
  try {
    take(file, own, refusal);
  } finally {
    rmSync(own, { force: true });
  }
  held.add(file);
  return () => {
    held.delete(file);
    rmSync(file, { force: true });
  };
}

function take(file: string, own: string, refusal: (holder: string) => Error): void {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      linkSync(own, file);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = holderOf(file);
    if (holder !== null && (holder === process.pid ? held.has(file) : isRunning(holder))) {
      throw refusal(`process ${holder}`);
    }
    rmSync(file, { force: true });
  }
  throw refusal('another process');
}

function holderOf(file: string): number | null {
  try {
    const id = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(id) && id > 0 ? id : null;
  } catch {
    return null;
  }
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // Somebody else's process: it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
