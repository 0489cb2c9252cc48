/** Benches that ask test queries refuse a folder without any before they start anything. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { runBench } from '../../../cli/bench/index.ts';
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
