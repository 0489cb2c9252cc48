/** BEIR folders as other tools write them: names of fields, tables, encodings, and what a number may stand for. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openBeir } from '../../../cli/beir.ts';
import { CollectedFindings } from '../../../cli/dataset/findings.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

const CORPUS = ['a', 'b']
  .map((id) => JSON.stringify({ _id: id, title: id, text: `Text of ${id}.` }))
  .join('\n');
const QUERIES = ['q1', 'q2'].map((id) => JSON.stringify({ _id: id, text: `${id}?` })).join('\n');
const FILES = {
  'corpus.jsonl': CORPUS,
  'queries.jsonl': QUERIES,
  'qrels/train.tsv': 'q1\ta\t1\n',
  'qrels/test.tsv': 'q2\tb\t1\n',
};

async function opened(changes: Record<string, string | Uint8Array>) {
  const folder = await mkdtemp(join(tmpdir(), 'beir-variants-'));
  folders.push(folder);
  for (const [name, content] of Object.entries({ ...FILES, ...changes })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  const findings = new CollectedFindings();
  const beir = await openBeir(folder, { findings });
  const documents: string[] = [];
  for await (const { id, title, text } of beir.documents()) documents.push(`${id}|${title}|${text}`);
  const judged: string[] = [];
  for await (const { id, document, grade } of beir.training()) judged.push(`${id} ${document} ${grade}`);
  const said = (those: CollectedFindings['entries']) =>
    [...those.values()].map(({ line, reason }) => `${line}: ${reason}`);
  return { documents, judged, leftOut: said(findings.entries), notes: said(findings.notes) };
}

const whole = ['a|a|Text of a.', 'b|b|Text of b.'];

describe('judgments', () => {
  it.each<[string, string]>([
    ['without scores', 'q1\ta\n'],
    ['without scores, with a header', 'query-id\tcorpus-id\nq1\ta\n'],
    ['between commas', 'query-id,corpus-id,score\nq1,a,1\n'],
    ['between commas and spaces', 'q1, a, 1\n'],
    ['in quotes between commas', '"q1","a","1"\n'],
    ['with an empty column at the end', 'query-id\tcorpus-id\tscore\t\nq1\ta\t1\t\n'],
    ['with spaces in their cells', 'q1 \t a\t 1 \n'],
    ['of TREC between spaces', 'q1 0 a 1\n'],
  ])('%s', async (_, train) => {
    const read = await opened({ 'qrels/train.tsv': train });
    expect(read).toEqual({ documents: whole, judged: ['q1 a 1'], leftOut: [], notes: [] });
  });

  it('without a score among others that have one are left out', async () => {
    const { judged, leftOut } = await opened({ 'qrels/train.tsv': 'q1\ta\t2\nq1\tb\nq1\tb\t\n' });
    expect(judged).toEqual(['q1 a 2']);
    expect(leftOut).toEqual([
      '2: 2 columns, expected 3 (query-id, corpus-id, score)',
      '3: field "score": is empty',
    ]);
  });
});

describe('encodings', () => {
  it.each([
    ['utf16le', '\uFEFF'],
    ['utf16le, lines ended by CRLF', '\uFEFF'],
  ])('%s with a mark', async (name, mark) => {
    const text = name.includes('CRLF') ? CORPUS.replaceAll('\n', '\r\n') : CORPUS;
    const { documents, leftOut } = await opened({ 'corpus.jsonl': Buffer.from(mark + text, 'utf16le') });
    expect([documents, leftOut]).toEqual([whole, []]);
  });

  it('UTF-16 with the other order of bytes', async () => {
    const bytes = Buffer.from(`\uFEFF${CORPUS}`, 'utf16le').swap16();
    expect((await opened({ 'corpus.jsonl': bytes })).documents).toEqual(whole);
  });

  it('names lines that are no text, takes the others, and leaves a mark of what somebody else lost', async () => {
    const latin = Buffer.from(
      '{"_id":"c","text":"sch\xf6n"}\n{"_id":"d","text":"sch\xc3\xb6n \xef\xbf\xbd"}',
      'latin1',
    );
    const { documents, leftOut } = await opened({
      'corpus.jsonl': Buffer.concat([Buffer.from(`${CORPUS}\n`), latin]),
    });
    expect(documents).toEqual([...whole, 'd||schön \uFFFD']);
    expect(leftOut).toEqual(['3: is not UTF-8 text: save the file as UTF-8']);
  });

  it('characters that lie over two pieces of a file', async () => {
    const long = JSON.stringify({ _id: 'long', title: '', text: `a${'ö漢😀'.repeat(30_000)}` });
    const { documents, leftOut } = await opened({ 'corpus.jsonl': `${CORPUS}\n${long}` });
    expect(leftOut).toEqual([]);
    expect(documents[2]).toBe(`long||a${'ö漢😀'.repeat(30_000)}`);
  });
});

describe('fields', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['id', { id: 7, text: 'x' }, '7||x'],
    ['docid and contents', { docid: 'c', contents: 'x' }, 'c||x'],
    ['_id before others', { _id: 'c', id: 'd', text: 'x', contents: 'y' }, 'c||x'],
    ['numbers for texts', { _id: 'c', title: 1984, text: 2.5 }, 'c|1984|2.5'],
    ['paragraphs in a list', { _id: 'c', text: ['One.', 'Two.'] }, 'c||One.\nTwo.'],
  ])('%s', async (_, record, shown) => {
    const { documents, leftOut } = await opened({ 'corpus.jsonl': `${CORPUS}\n${JSON.stringify(record)}` });
    expect([documents[2], leftOut]).toEqual([shown, []]);
  });

  it('of queries under other names', async () => {
    const queries = '{"qid":1,"query":"one?"}\n{"query_id":"q2","text":"two?"}';
    const { judged } = await opened({ 'queries.jsonl': queries, 'qrels/train.tsv': '1\ta\t1\n' });
    expect(judged).toEqual(['1 a 1']);
  });

  it.each<[string, string, RegExp]>([
    [
      'an id beyond what numbers hold',
      '{"_id":12345678901234567890,"text":"x"}',
      /3: field "_id": .*put it in quotes/,
    ],
    [
      'a list of other things for a text',
      '{"_id":"c","text":["a",1]}',
      /3: field "text": expected a string, got object/,
    ],
    ['a list for an id', '{"_id":["c"],"text":"x"}', /3: field "_id": expected a string/],
  ])('%s is left out', async (_, line, reason) => {
    const { documents, leftOut } = await opened({ 'corpus.jsonl': `${CORPUS}\n${line}` });
    expect([documents, leftOut]).toEqual([whole, [expect.stringMatching(reason)]]);
  });

  it('metadata that is no object is left out, and noted', async () => {
    const { documents, notes } = await opened({
      'corpus.jsonl': `${CORPUS}\n{"_id":"c","text":"x","metadata":"m"}`,
    });
    expect([documents.length, notes]).toEqual([3, ['3: field "metadata": left out: it is no object']]);
  });
});
