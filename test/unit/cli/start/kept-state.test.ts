import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBeir } from '../../../../cli/beir.ts';
import { hashOfData, openState, saveState } from '../../../../cli/start/kept-state.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('goes on with what was saved', async () => {
  const state = await openState(folder, 'data');
  expect(state).toMatchObject({ placed: null, trained: null });
  await saveState(folder, { ...state, trained: 1, placed: { a: 'weur' }, answers: { 0: { q: ['a'] } } });
  expect(await openState(folder, 'data')).toMatchObject({ trained: 1, placed: { a: 'weur' } });
});

it('refuses the state of other data', async () => {
  await saveState(folder, await openState(folder, 'data'));
  await expect(openState(folder, 'other')).rejects.toThrow(/state of other data.*--state/);
});

it('refuses a file that it did not write', async () => {
  for (const text of ['{', '{"format": 2}']) {
    writeFileSync(join(folder, 'start.json'), text);
    await expect(openState(folder, 'data')).rejects.toThrow(/start\.json of something else.*--state/);
  }
});

describe('data', () => {
  const files: Record<string, string> = {
    'corpus.jsonl': '{"_id": "a", "text": "A"}\n{"_id": "b", "text": "B"}\n',
    'queries.jsonl':
      '{"_id": "1", "text": "one"}\n{"_id": "2", "text": "two"}\n{"_id": "3", "text": "three"}\n',
    'qrels/train.tsv': 'query-id\tcorpus-id\tscore\n1\ta\t1\n2\tb\t1\n',
    'qrels/test.tsv': 'query-id\tcorpus-id\tscore\n3\ta\t1\n',
    'regions.tsv': 'query-id\tregion\n1\tweur\n2\tapac\n',
    'documents.tsv': 'corpus-id\tregion\na\tweur\nb\tapac\n',
    'unseen.txt': 'a\n',
  };
  const withhold = 'unseen.txt';
  const hash = async (options = {}) => hashOfData(await openBeir(folder, options));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  beforeEach(() => {
    mkdirSync(join(folder, 'qrels'));
    for (const [name, text] of Object.entries(files)) write(name, text);
  });

  it.each([
    ['corpus.jsonl', 'text": "A"', 'text": "C"'],
    ['queries.jsonl', 'three', 'four'],
    ['qrels/train.tsv', '2\tb', '2\ta'],
    ['qrels/test.tsv', '3\ta', '3\tb'],
    ['regions.tsv', '2\tapac', '2\tweur'],
    ['documents.tsv', 'a\tweur', 'a\tapac'],
    ['unseen.txt', 'a', 'b'],
  ])('is other data when %s changes', async (name, from, to) => {
    const before = await hash({ withhold });
    expect(await hash({ withhold })).toBe(before);
    write(name, files[name]!.replace(from, to));
    expect(await hash({ withhold })).not.toBe(before);
  });

  it('is other data where documents are withheld', async () => {
    expect(await hash({ withhold })).not.toBe(await hash());
  });
});
