/** Which batches of an upload were accepted, kept until the upload is complete, so that an interrupted one goes on. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal } from '../ingest.ts';

export interface KeptJournal extends Journal {
  /** The upload is complete: the next one sends everything again, and what is there already stays as it is. */
  finish(): Promise<void>;
}

/** @param name what is uploaded and whereto */
export async function openJournal(cwd: string, name: string): Promise<KeptJournal> {
  const folder = join(cwd, '.fedcar', 'uploads');
  const file = join(folder, `${createHash('sha256').update(name).digest('hex').slice(0, 16)}.log`);
  const text = await readFile(file, 'utf8').catch(() => '');
  // The last line may be half of one: it then names no batch.
  const sent = new Set(text.split('\n').filter((line) => line.length === 64));
  await mkdir(folder, { recursive: true });
  if (text !== '' && !text.endsWith('\n')) await appendFile(file, '\n');
  return {
    has: (batch) => sent.has(batch),
    async add(batch) {
      sent.add(batch);
      await appendFile(file, `${batch}\n`);
    },
    finish: () => rm(file, { force: true }),
  };
}
