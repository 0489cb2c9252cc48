/** The accuracy bench as a whole, on a folder of a few documents, against a real deployment in workerd. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { runBench } from '../../../../cli/bench/index.ts';
import { capturedOutput } from '../../../helpers/captured-output.ts';

const folder = mkdtempSync(join(tmpdir(), 'accuracy-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => void vi.restoreAllMocks());

const DOCUMENTS = ['card', 'transfer', 'refund', 'exchange rate'];
const write = (name: string, lines: string[]) => writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
const query = (id: string, text: string) => JSON.stringify({ _id: id, text });
mkdirSync(join(folder, 'qrels'));
write(
  'corpus.jsonl',
  DOCUMENTS.map((title, n) => JSON.stringify({ _id: `d${n}`, title, text: `All about ${title}` })),
);
write(
  'queries.jsonl',
  DOCUMENTS.flatMap((title, n) => [query(`q${n}`, `what about my ${title}`), query(`t${n}`, `${title}?`)]),
);
write(
  'qrels/train.tsv',
  DOCUMENTS.map((_, n) => `q${n}\td${n}\t1`),
);
write(
  'qrels/test.tsv',
  DOCUMENTS.map((_, n) => `t${n}\td${n}\t1`),
);
// All queries were asked in one region, and the other has documents only.
write(
  'regions.tsv',
  DOCUMENTS.map((_, n) => `q${n}\tweur`),
);
write(
  'documents.tsv',
  DOCUMENTS.map((_, n) => `d${n}\t${n === 0 ? 'apac' : 'weur'}`),
);

it('goes on where a region alone has nothing to train on', async () => {
  const [out, err] = [capturedOutput(process.stdout), capturedOutput(process.stderr)];
  const flags = ['--local-only', '--rounds', '1', '--set', 'heldOutShare=0', '--json'];
  expect(await runBench(['accuracy', '--dataset', folder, ...flags]), err.join('')).toBe(0);
  const report = JSON.parse(out.join('').trim().split('\n').at(-1) ?? '');
  expect(report.local_only).toMatchObject([
    { region: 'apac', trained: false, state: 'failed', rounds: 0, top1: report.hybrid_top1 },
    { region: 'weur', trained: true, rounds: 1, curve: [{ round: 1 }] },
  ]);
  expect(report.local_only[0].reason).toContain('0 documents have');
  expect(err.join('')).toContain('apac can not train alone: too few training queries: 0 documents have');
});

// A year of its own: with FEDCAR_FULL=1 only.
const full = it.skipIf(process.env.FEDCAR_FULL !== '1');

full('plays the log of a year in blocks, and has a date for the next run after each', async () => {
  const [out, err] = [capturedOutput(process.stdout), capturedOutput(process.stderr)];
  const flags = ['--stream', '3', '--dp-epsilon', '2.1', '--json'];
  expect(await runBench(['accuracy', '--dataset', folder, ...flags]), err.join('')).toBe(0);
  const report = JSON.parse(out.join('').trim().split('\n').at(-1) ?? '');
  const sizes = report.blocks.map(({ questions }: { questions: number }) => questions);
  expect(sizes).toEqual([1, 1, 2]);
  const began = Date.now();
  for (const { block, next_at, epsilon, runs, top1 } of report.blocks) {
    // Four questions are too few for a run: censuses say so, and that is all that is charged.
    expect(runs.length).toBeGreaterThan(0);
    for (const { state, reason } of runs) expect(state, reason).toBe('postponed');
    expect(epsilon).toBeLessThanOrEqual(0.1);
    expect(next_at).toBeGreaterThan(began + ((block - 1) * 365 * 86_400_000) / 3);
    expect(top1).toBe(report.plain_top1);
  }
  expect(report.without_date).toBe(0);
});
