/** The shard of a participant in Node: the suite of all shards, and what a crash may leave in its folder. */
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FileShard } from '../../../../cli/participant/file-shard.ts';
import { cryptoSource } from '../../../../shared/privacy/random-source.ts';
import { SUITE_RETENTION_MS, type SuiteRecord, shardSuite } from '../../../helpers/shard-suite.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fedcar-shard-'));
  folders.push(folder);
  return folder;
}

function open(
  folder: string,
  records: readonly SuiteRecord[],
  titles = new Map<string, string>(),
): FileShard {
  return new FileShard({
    folder,
    log: records.map(({ n, item, held = false, relevant = true, at = 10_000, length = 5 }) => ({
      n,
      id: `record ${n}`,
      event: `record ${n}`,
      item,
      held,
      relevant,
      at,
      arrived: at,
      length,
      place: n,
      ids: new Int32Array(length),
    })),
    titles,
    policy: {
      unit: 'record',
      recordsPerContributor: 4,
      home: { region: 'self', regions: ['self'], key: new Uint8Array(32) },
    },
    retentionMs: SUITE_RETENTION_MS,
    random: cryptoSource(),
  });
}

shardSuite('files', async (records, body) => {
  const folder = folderOf();
  body(open(folder, records), () => open(folder, records));
});

const COUNT = { id: 'r.1', kind: 'count' } as never;
const job = (cursor: number) => ({
  spec: COUNT,
  version: 'any',
  phase: 'work' as const,
  cursor,
  units: 1,
  tokens: 0,
  probe: null,
});
const row = { row: 0, item: 'a', ordinal: 0, region: 'r', removed: false, changedAt: 1 };

it('takes no notice of what a crash left half written', () => {
  const folder = folderOf();
  const shard = open(folder, [{ n: 1, item: 'a' }]);
  shard.applyRows([row, { ...row, row: 1, ordinal: 1, changedAt: 2 }], 2);
  shard.label([{ id: 1, row: 1 }]);
  shard.saveJob(job(1), { sums: Uint8Array.of(5) });
  writeFileSync(join(folder, 'job', 'job.json.new'), '{"job":{"cur');
  writeFileSync(join(folder, 'job', '77.bin'), 'a vector that no index names');
  appendFileSync(join(folder, 'labels.jsonl'), '[1,');
  const again = open(folder, [{ n: 1, item: 'a' }]);
  expect(again.job()?.cursor).toBe(1);
  expect(again.blob('sums')).toEqual(Uint8Array.of(5));
  expect(readdirSync(join(folder, 'job')).sort()).toEqual(['0.bin', 'job.json', 'key']);
  again.label([{ id: 1, row: 0 }]);
  expect(open(folder, [{ n: 1, item: 'a' }]).records(Uint32Array.of(1))).toMatchObject([{ row: 0 }]);
});

it('drops labels of a record that left the log', () => {
  const folder = folderOf();
  const shard = open(folder, [{ n: 1, item: 'a' }]);
  shard.applyRows([row], 1);
  expect(open(folder, []).records(Uint32Array.of(1))).toEqual([null]);
});

it('counts its rounds for good, and probes with titles of its own documents only', () => {
  const folder = folderOf();
  const titles = new Map([
    ['a', 'Title of a'],
    ['b', 'Title of b'],
    ['c', ''],
  ]);
  const shard = open(folder, [], titles);
  shard.applyRows([row, { ...row, row: 1, item: 'c', changedAt: 2 }], 2);
  shard.contributed(5);
  expect([open(folder, []).rounds, open(folder, []).lastContributionAt]).toEqual([1, 5]);
  expect(shard.probeTitles(new Set(), 10)).toEqual([{ item: 'a', title: 'Title of a' }]);
  expect(shard.probeTitles(new Set(['a']), 10)).toEqual([]);
});
