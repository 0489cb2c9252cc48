/** Test queries are asked together with those of like length; benches refuse a folder without any. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { runBench } from '../../../cli/bench/index.ts';
import { askAll } from '../../../cli/evaluation.ts';
import { Client } from '../../../client/client.ts';
import { capturedOutput } from '../../helpers/captured-output.ts';
import { fedcar } from '../../helpers/fedcar.ts';

const folder = mkdtempSync(join(tmpdir(), 'evaluation-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.restoreAllMocks());

mkdirSync(join(folder, 'qrels'));
writeFileSync(join(folder, 'corpus.jsonl'), '{"_id":"a","title":"A","text":"text"}\n');
writeFileSync(join(folder, 'queries.jsonl'), '{"_id":"1","text":"one"}\n{"_id":"2","text":"two"}\n');
writeFileSync(join(folder, 'qrels', 'train.tsv'), '1\ta\t1\n');
const test = join(folder, 'qrels', 'test.tsv');
const refusal = `${test}: there is no test query: no row has a score above 0`;

it.each([
  ['no row', 'query-id\tcorpus-id\tscore\n'],
  ['scores of zero', '2\ta\t0\n'],
])('refuses test judgments with %s', async (_, judgments) => {
  writeFileSync(test, judgments);
  const said = capturedOutput(process.stderr);
  for (const bench of ['accuracy', 'federation', 'search-during-training']) {
    expect(await runBench([bench, '--dataset', folder])).toBe(1);
    expect(said.splice(0)).toEqual([`bench ${bench}: ${refusal}\n`]);
  }
  const ran = await fedcar(['eval', folder], { cwd: folder });
  expect(ran.code).toBe(1);
  expect(ran.err).toContain(refusal);
});

it('asks queries of like length together, and answers in the order that was given', async () => {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const { query } = (await json(request)) as { query: string };
    asked.push(query);
    const answer = { chunks: [{ item: { key: `document of ${query}` } }], model_version: 0, errors: [] };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const lengths = Array.from({ length: 96 }, (_, i) => 1 + ((i * 37) % 97));
    const queries = lengths.map((length, i) => ({
      ...{ id: `${i}`, text: 'x'.repeat(length) },
      relevant: new Map([['a', 1]]),
    }));
    const quiet = { update: () => {}, total: () => {}, end: () => {} };
    const answers = await askAll(client, queries, 0, quiet);
    expect(answers.map(({ id, ranked }) => [id, ranked])).toEqual(
      queries.map(({ id, text }) => [id, [`document of ${text}`]]),
    );
    // At most 32 are in flight: none comes before one that is so many places shorter.
    const sorted = lengths.toSorted((a, b) => a - b);
    asked.forEach((query, at) => {
      expect(sorted.indexOf(query.length)).toBeLessThan(at + 32);
    });
    expect(asked).toHaveLength(queries.length);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
