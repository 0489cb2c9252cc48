/** What `npm start` has done already in a state folder, so that a second start goes on where the first ended. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { BeirFolder } from '../beir.ts';
import { StartError } from '../start-error.ts';

const KeptState = z.strictObject({
  format: z.literal(1),
  /** `hashOfData`: other data needs another folder. */
  data: z.string(),
  /** Region by document, once everything is uploaded. */
  placed: z.record(z.string(), z.string()).nullable(),
  /** Ranked documents by test query, and by how it was asked. */
  answers: z.record(z.string(), z.record(z.string(), z.array(z.string()))),
  /** The version that the first training run made. */
  trained: z.int().nullable(),
});
export type KeptState = z.infer<typeof KeptState>;

/** The folder's state; a fresh one when there is none. @throws StartError when it belongs to other data. */
export async function openState(folder: string, data: string): Promise<KeptState> {
  const text = await readFile(join(folder, 'start.json'), 'utf8').catch(() => null);
  if (text === null) return { format: 1, data, placed: null, answers: {}, trained: null };
  const state = KeptState.safeParse(parsed(text)).data;
  const otherwise = 'delete it or choose one with --state';
  if (state === undefined)
    throw new StartError(`${folder} holds a start.json of something else; ${otherwise}`);
  if (state.data !== data) throw new StartError(`${folder} holds the state of other data; ${otherwise}`);
  return state;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export async function saveState(folder: string, state: KeptState): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'start.json');
  // A crash leaves the old file or the new one, never half of it.
  await writeFile(`${file}.new`, JSON.stringify(state));
  await rename(`${file}.new`, file);
}

/** Tells data apart by what it means: documents, questions and their regions, whatever files they came from. */
export async function hashOfData({
  documents,
  training,
  test,
}: Pick<BeirFolder, 'documents' | 'training' | 'test'>): Promise<string> {
  const hash = createHash('sha256');
  for (const read of [documents, training, test]) {
    for await (const record of read()) hash.update(JSON.stringify(record));
    hash.update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}
