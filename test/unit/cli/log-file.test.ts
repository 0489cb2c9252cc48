/** Log files on disks that are full or not there: lines are lost, and nothing else. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openJournal } from '../../../cli/fedcar/journal.ts';
import { LogFile } from '../../../cli/log-file.ts';

/** A busy machine takes its time. */
const WAIT = { timeout: 60_000 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.runIf(existsSync('/dev/full'))('a full disk is said once, and nobody waits for it', async () => {
  const said: string[] = [];
  const log = new LogFile('/dev/full', { say: (line) => said.push(line) });
  const line = Buffer.alloc(16_384, 'x');
  for (let n = 0; n < 200; n++) log.write(line);
  await vi.waitUntil(() => said.length > 0, WAIT);
  for (let n = 0; n < 200; n++) log.write(line);
  expect(said).toEqual(['/dev/full cannot be written (ENOSPC); lines are lost']);
  await log.close();
});

it('goes on when there is room again', async () => {
  const path = join(folder, 'later', 'workerd.log');
  const said: string[] = [];
  let now = 0;
  const log = new LogFile(path, { say: (line) => said.push(line), now: () => now });
  log.write('lost\n');
  await vi.waitUntil(() => said.length > 0, WAIT);
  mkdirSync(join(folder, 'later'));
  log.write('lost, too\n');
  now += 60_000;
  log.write('kept\n');
  await log.close();
  expect(readFileSync(path, 'utf8')).toBe('kept\n');
  expect(said).toHaveLength(1);
});

it('an upload goes on without its journal', async () => {
  const said: string[] = [];
  // A file where the folder would be, which stops root as well.
  const log = new LogFile(join(folder, '.fedcar'), { say: () => {} });
  log.write('in the way');
  await log.close();
  const journal = await openJournal(folder, 'test', (line) => said.push(line));
  await journal.add('a'.repeat(64));
  expect(journal.has('a'.repeat(64))).toBe(true);
  await journal.finish();
  expect(said).toEqual([
    expect.stringMatching(/cannot be written \((ENOTDIR|EEXIST)\): interrupted, the upload would begin/),
  ]);
});
