/**
 * One process at a time for a folder: a file with the process's id, and with when it began where the system tells. That
 * of a process that is gone counts for nothing, also when another has got its id since.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A process that died between two looks may have left its file; whoever comes third has to wait for the next try. */
const TRIES = 3;

const GONE = 'gone';

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
  writeFileSync(own, `${process.pid} ${startOf(process.pid) ?? ''}\n`);
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
    if (holder !== null) throw refusal(`process ${holder}`);
    rmSync(file, { force: true });
  }
  throw refusal('another process');
}

/** The running process that has the file, or null. */
function holderOf(file: string): number | null {
  let written: string;
  try {
    written = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  const [id, start] = written.trim().split(' ');
  const holder = Number(id);
  if (!Number.isSafeInteger(holder) || holder <= 0) return null;
  if (holder === process.pid) return held.has(file) ? holder : null;
  if (!isRunning(holder)) return null;
  const now = startOf(holder);
  if (now === GONE) return null;
  return start === undefined || now === null || now === start ? holder : null;
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

/**
 * When a process began, in clock ticks since the system did; GONE for one that has ended and that its parent has not
 * asked about. Null where the system has no /proc. See proc(5): fields 3 and 22, after a name that may hold anything.
 */
function startOf(id: number): string | null {
  let line: string;
  try {
    line = readFileSync(`/proc/${id}/stat`, 'latin1');
  } catch {
    return null;
  }
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? GONE : (fields[19] ?? null);
}
