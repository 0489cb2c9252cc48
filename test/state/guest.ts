/** A guest by `fedcar join` of the code in a folder, with the corpus as its data. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ITEMS, RECORDS } from './corpus.ts';

export interface Guest {
  /** What it has said. */
  said(): string;
  stop(): Promise<void>;
}

/** Joins, and resolves when it has. Its state lies in `folder`. */
export async function guestOf(
  root: string,
  url: string,
  folder: string,
  more: string[] = [],
): Promise<Guest> {
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  for (const { key, title, text } of ITEMS) {
    writeFileSync(join(data, `${key}.md`), `# ${title}\n\n${text}\n`);
  }
  writeFileSync(join(data, 'queries.jsonl'), RECORDS.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const options = ['--data', data, '--state', join(folder, 'state'), '--poll', '1', ...more];
  const child = spawn(process.execPath, ['cli/fedcar.mjs', 'join', url, ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += String(text)));
  let gone = false;
  const ended = new Promise<void>((resolve) =>
    child.once('exit', () => {
      gone = true;
      resolve();
    }),
  );
  // It counts its records when everything is open.
  while (!gone && !said.includes(' records; ')) await sleep(100);
  if (gone) throw new Error(`fedcar join: ${said}`);
  return {
    said: () => said,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
