/**
 * One running instance for each state folder: two would open the same databases, each with half of the truth in memory.
 * The lock is a file with the process's id; that of a process that is gone counts for nothing.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { StartError } from './start-error.ts';

const FILE = 'running.pid';
/** A process that died between two looks may have left its file; whoever comes third has to wait for the next try. */
const TRIES = 3;

/** Files of this process. One with its number that is not here is of a former process, as in a container started again. */
const held = new Set<string>();

/** @returns gives the folder back. @throws StartError while another process has it. */
export function lockState(folder: string): () => void {
  const file = resolve(folder, FILE);
  // Linked into place, so that nobody reads half of it.
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${process.pid}\n`);
  try {
    take(folder, file, own);
  } finally {
    rmSync(own, { force: true });
  }
  held.add(file);
  return () => {
    held.delete(file);
    rmSync(file, { force: true });
  };
}

function take(folder: string, file: string, own: string): void {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      linkSync(own, file);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = holderOf(file);
    if (holder !== null && (holder === process.pid ? held.has(file) : isRunning(holder))) {
      throw new StartError(
        `${folder} is in use by process ${holder}; end that first, or choose another folder with --state`,
      );
    }
    rmSync(file, { force: true });
  }
  throw new StartError(`${folder} is being taken by another process; try again`);
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
