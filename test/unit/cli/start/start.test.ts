/** `npm start` on a small folder, as a program of its own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PROJECT } from '../../../../cli/worker-bundle.ts';

const TOPICS = ['parcels', 'giraffes', 'bank accounts', 'sunrise'];
const WORDINGS = ['tell me about', 'anything on', 'what about', 'help with', 'more on', 'news of'];
const tsx = createRequire(import.meta.url).resolve('tsx/cli');

let folder: string;
let port: number;
beforeAll(async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
  folder = mkdtempSync(join(tmpdir(), 'fedcar-start-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Every topic a document, with `wordings` training questions each; one test question about each. */
function dataset(name: string, topics: readonly string[], wordings: number): string {
  const directory = join(folder, name);
  mkdirSync(join(directory, 'qrels'), { recursive: true });
  const judged = (split: 'train' | 'test') =>
    TOPICS.flatMap((topic, at) =>
      WORDINGS.flatMap((_, i) => {
        const isTest = i === WORDINGS.length - 1;
        const taken = split === 'test' ? isTest : topics.includes(topic) && i < wordings;
        return taken ? [`${at}-${i}\t${at}\t1`] : [];
      }),
    );
  const lines = (records: object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const write = (file: string, text: string) => writeFileSync(join(directory, file), text);
  write('corpus.jsonl', lines(TOPICS.map((topic, at) => ({ _id: String(at), text: `All about ${topic}.` }))));
  write(
    'queries.jsonl',
    lines(
      TOPICS.flatMap((topic, at) =>
        WORDINGS.map((words, i) => ({ _id: `${at}-${i}`, text: `${words} ${topic}` })),
      ),
    ),
  );
  for (const split of ['train', 'test'] as const)
    write(`qrels/${split}.tsv`, ['query-id\tcorpus-id\tscore', ...judged(split), ''].join('\n'));
  return directory;
}

function start(directory: string, state: string) {
  const args = ['--dataset', directory, '--state', join(folder, state), '--port', String(port), '--once'];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [tsx, join(PROJECT, 'cli/start.ts'), ...args],
    {
      encoding: 'utf8',
    },
  );
  return { status, stdout, stderr };
}

it('trains once, and a second start goes on from there', { timeout: 240_000 }, () => {
  const directory = dataset('enough', TOPICS, 5);
  const first = start(directory, 'kept');
  expect(first.stderr).toContain('4 documents, 20 training questions, 4 test questions');
  expect(first.stdout).toMatch(/all test questions +4 /);
  expect(first.status).toBe(0);
  const second = start(directory, 'kept');
  expect(second.stdout).toBe(first.stdout);
  expect(second.stderr).not.toContain('training:');
  expect(second.status).toBe(0);
  const other = start(dataset('other', TOPICS, 4), 'kept');
  expect(other.stderr).toContain('holds the state of other data');
  expect(other.status).toBe(1);
});

// Another start of everything: with FEDCAR_FULL=1 only.
const full = it.skipIf(process.env.FEDCAR_FULL !== '1');

full('says why nothing can be learned from too few questions', { timeout: 120_000 }, () => {
  const { status, stdout, stderr } = start(dataset('few', ['giraffes'], 5), 'few');
  expect(stderr).toContain('too few training queries: 1 documents have 1 or more');
  expect(stderr).not.toContain('    at ');
  expect(stdout).toContain('plain search answers');
  expect(status).toBe(1);
});
