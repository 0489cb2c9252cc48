/** What `npm start` has done already in a state folder, so that a second start goes on where the first ended. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const KeptState = z.strictObject({
  format: z.literal(1),
  /** Hash of the data's files: another content needs another folder. */
  data: z.string(),
  /** Region by document, once everything is uploaded. */
  placed: z.record(z.string(), z.string()).nullable(),
  /** Ranked documents by test query and version. */
  answers: z.record(z.string(), z.record(z.string(), z.array(z.string()))),
  /** The version that the first training run made. */
  trained: z.int().nullable(),
});
export type KeptState = z.infer<typeof KeptState>;

/** The folder's state; a fresh one when there is none. @throws Error when it belongs to other data. */
export async function openState(folder: string, data: string): Promise<KeptState> {
  const text = await readFile(join(folder, 'start.json'), 'utf8').catch(() => null);
  if (text === null) return { format: 1, data, placed: null, answers: {}, trained: null };
  const parsed = KeptState.safeParse(JSON.parse(text));
  if (!parsed.success || parsed.data.data !== data) {
    throw new RangeError(`${folder} holds the state of other data; delete it or choose one with --state`);
  }
  return parsed.data;
}

export async function saveState(folder: string, state: KeptState): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'start.json');
  // A crash leaves the old file or the new one, never half of it.
  await writeFile(`${file}.new`, JSON.stringify(state));
  await rename(`${file}.new`, file);
}

export async function hashOfFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) hash.update((await readFile(path).catch(() => null)) ?? 'absent').update('\0');
  return hash.digest('hex').slice(0, 16);
}
