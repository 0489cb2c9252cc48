/**
 * One process at a time for a folder: a file with the process's id, and with when it began where the system tells. That
 * of a process that is gone counts for nothing, also when another has got its id since.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Other processes may come and go between two looks; who has not got the file by then has to try again later. */
const TRIES = 5;
/** So long after it has linked its file a process looks whether another took it for the one that was left behind. */
const SETTLE_MS = 50;

/** How long who wants the file waits for a process that is just ending. */
const PATIENCE_MS = 5_000;
const BETWEEN_MS = 200;

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
  const text = `${process.pid} ${startOf(process.pid) ?? ''}\n`;
  writeFileSync(own, text);
  try {
    take(file, own, text, refusal);
  } finally {
    rmSync(own, { force: true });
  }
  held.add(file);
  return () => {
    held.delete(file);
    rmSync(file, { force: true });
  };
}

/**
 * `lockFile` that tries again for `patienceMs` while another process has it: that one may just be ending, as in a
 * restart by hand or by a supervisor.
 */
export async function lockFileSoon(
  path: string,
  refusal: (holder: string) => Error,
  patienceMs = PATIENCE_MS,
): Promise<() => void> {
  const until = Date.now() + patienceMs;
  for (;;) {
    let refused: Error | null = null;
    const refuse = (holder: string) => {
      refused = refusal(holder);
      return refused;
    };
    try {
      return lockFile(path, refuse);
    } catch (error) {
      if (error !== refused || Date.now() >= until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
}

function take(file: string, own: string, text: string, refusal: (holder: string) => Error): void {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (isLinked(own, file)) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SETTLE_MS);
      if (textOf(file) === text) return;
      continue;
    }
    const found = textOf(file);
    const holder = found === null ? null : holderOf(found, file);
    if (holder !== null) throw refusal(`process ${holder}`);
    if (found !== null) remove(file, found, `${own}.left`);
  }
  throw refusal('another process');
}

function isLinked(own: string, file: string): boolean {
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/** Removes the file if it still says `left`. It is moved first: what another process has put there since goes back. */
function remove(file: string, left: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (textOf(aside) !== left) isLinked(aside, file);
  rmSync(aside, { force: true });
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** The running process that wrote `text` into the file, or null. */
function holderOf(text: string, file: string): number | null {
  const [id, start] = text.trim().split(' ');
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
