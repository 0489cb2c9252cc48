/** Which batches of an upload were accepted, kept until the upload is complete, so that an interrupted one goes on. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal } from '../ingest.ts';

export interface KeptJournal extends Journal {
  /** The upload is complete: the next one sends everything again, and what is there already stays as it is. */
  finish(): Promise<void>;
}

/**
 * @param name what is uploaded and whereto
 * @param say hears when nothing can be kept, which stops no upload: it only begins anew when it is interrupted
 */
export async function openJournal(
  cwd: string,
  name: string,
  say: (line: string) => void,
): Promise<KeptJournal> {
  const folder = join(cwd, '.fedcar', 'uploads');
  const file = join(folder, `${createHash('sha256').update(name).digest('hex').slice(0, 16)}.log`);
  const text = await readFile(file, 'utf8').catch(() => '');
  // The last line may be half of one: it then names no batch.
  const sent = new Set(text.split('\n').filter((line) => line.length === 64));
  let keeps = true;
  const unlessFull = async (write: () => Promise<unknown>) => {
    if (!keeps) return;
    try {
      await write();
    } catch (error) {
      keeps = false;
      say(`${file} cannot be written (${codeOf(error)}): interrupted, the upload would begin anew`);
    }
  };
  await unlessFull(() => mkdir(folder, { recursive: true }));
  if (text !== '' && !text.endsWith('\n')) await unlessFull(() => appendFile(file, '\n'));
  return {
    has: (batch) => sent.has(batch),
    async add(batch) {
      sent.add(batch);
      await unlessFull(() => appendFile(file, `${batch}\n`));
    },
    finish: () => unlessFull(() => rm(file, { force: true })),
  };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
