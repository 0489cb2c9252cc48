/** BEIR folders: what is read, where records are placed, and which complaint a malformed folder gets. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { openBeir } from '../../../cli/beir.ts';
import { CollectedFindings } from '../../../cli/dataset/findings.ts';
import { flatMetadata } from '../../../cli/dataset/metadata.ts';
import { testQueries } from '../../../cli/evaluation.ts';
import { recordsOf } from '../../../cli/experiment.ts';
import { summarise } from '../../../cli/summary.ts';
import { FeedbackInput } from '../../../shared/protocol/api/feedback.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

const valid: Record<string, string> = {
  'corpus.jsonl': [
    { _id: 'a', title: 'Alpha', text: 'First' },
    { _id: 'b', title: '', text: '# Second', format: 'markdown', metadata: { year: 2024, open: true } },
    { _id: 'c', title: 'Gamma', text: '' },
  ]
    .map((record) => JSON.stringify(record))
    .join('\n'),
  'queries.jsonl': ['q1', 'q2', 'q3', 'q4']
    .map((id) => JSON.stringify({ _id: id, text: `${id}?` }))
    .join('\n'),
  'qrels/train.tsv': 'query-id\tcorpus-id\tscore\nq1\ta\t1\nq2\tb\t2\nq2\tc\t1\nq3\ta\t0\n',
  'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nq4\tc\t1\n',
};

async function folder(changes: Record<string, string | null> = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'beir-'));
  folders.push(directory);
  await mkdir(join(directory, 'qrels'));
  for (const [name, text] of Object.entries({ ...valid, ...changes })) {
    if (text !== null) await writeFile(join(directory, name), text);
  }
  return directory;
}

/** What an attempt fails with. */
async function complaint(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(() => null, String);
  if (error === null) throw new Error('nothing was complained about');
  return error.replace(/^\w+: /, '');
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const documentWith = (field: string, value: unknown) => ({
  'corpus.jsonl': `${valid['corpus.jsonl']}\n${JSON.stringify({ _id: 'd', title: 'D', text: 'x', [field]: value })}\n`,
});
const longQuery = `${valid['queries.jsonl']}\n${JSON.stringify({ _id: 'q5', text: 'x'.repeat(5000) })}\n`;
const beyondLimits: [string, Record<string, string>, RegExp][] = [
  [
    'an id that is too long for a key',
    documentWith('_id', 'x'.repeat(600)),
    /^corpus\.jsonl:4: field "_id": at most 512 characters, got 600$/,
  ],
  [
    'an id that has no place in a URL',
    documentWith('_id', '..'),
    /^corpus\.jsonl:4: field "_id": is a name without U\+0000, not \. or \.\., got "\.\."$/,
  ],
  [
    'a title that is too long',
    documentWith('title', 'x'.repeat(1025)),
    /^corpus\.jsonl:4: field "title": at most 1024 characters, got 1025$/,
  ],
  [
    'a text that is too long',
    documentWith('text', '文'.repeat(700_000)),
    /^corpus\.jsonl:4: field "text": at most 2000000 bytes of UTF-8 with title and metadata, got 21\d{5}$/,
  ],
  [
    'a training query that is too long',
    { 'queries.jsonl': longQuery, 'qrels/train.tsv': 'q5\ta\t1\n' },
    /^queries\.jsonl:5: field "text": at most 4096 characters, got 5000$/,
  ],
  [
    'a test query that is too long',
    { 'queries.jsonl': longQuery, 'qrels/test.tsv': 'q5\ta\t1\n' },
    /^queries\.jsonl:5: field "text": at most 4096 characters, got 5000$/,
  ],
];

describe('a BEIR folder', () => {
  it('streams documents, training queries and test queries', async () => {
    const beir = await openBeir(await folder(), { regions: 1 });
    expect(beir.counts).toEqual({ documents: 3, training: 3, test: 1 });
    expect(beir.regions).toEqual(['wnam']);
    expect(await all(beir.documents())).toEqual([
      { id: 'a', title: 'Alpha', text: 'First', format: 'text', metadata: {}, region: 'wnam' },
      {
        id: 'b',
        title: '',
        text: '# Second',
        format: 'markdown',
        metadata: { year: 2024, open: true },
        region: 'wnam',
      },
      { id: 'c', title: 'Gamma', text: '', format: 'text', metadata: {}, region: 'wnam' },
    ]);
    expect((await all(beir.training())).map((q) => [q.id, q.text, q.document, q.region])).toEqual([
      ['q1', 'q1?', 'a', 'wnam'],
      ['q2', 'q2?', 'b', 'wnam'],
      ['q2', 'q2?', 'c', 'wnam'],
    ]);
    expect(await all(beir.test())).toEqual([
      { id: 'q4', text: 'q4?', document: 'c', grade: 1, region: null },
    ]);
  });

  it('accepts CRLF, a byte-order mark, blank lines and tables without a header', async () => {
    const changes = {
      'corpus.jsonl': `\uFEFF${valid['corpus.jsonl']?.replaceAll('\n', '\r\n\r\n')}\r\n`,
      'qrels/train.tsv': 'q1\ta\t1\r\nq2\tb\t1\r\n',
    };
    const beir = await openBeir(await folder(changes));
    expect(beir.counts).toEqual({ documents: 3, training: 2, test: 1 });
  });

  it('may have documents without words: they are left out when they are uploaded', async () => {
    const corpus = `${valid['corpus.jsonl']}\n{"_id":"blank","title":" ","text":""}`;
    const beir = await openBeir(await folder({ 'corpus.jsonl': corpus }));
    expect(beir.counts.documents).toBe(4);
    expect(await all(beir.documents())).toContainEqual(expect.objectContaining({ id: 'blank', text: '' }));
  });

  it('takes regions from its tables', async () => {
    const directory = await folder({
      'regions.tsv': 'query-id\tregion\nq1\tweur\nq2\tapac\n',
      'documents.tsv': 'corpus-id\tregion\na\tsam\nb\tsam\nc\tweur\n',
    });
    await expect(openBeir(directory)).resolves.toMatchObject({ regions: ['apac', 'sam', 'weur'] });
    const beir = await openBeir(directory);
    expect((await all(beir.training())).map((q) => q.region)).toEqual(['weur', 'apac', 'apac']);
    expect((await all(beir.documents())).map((d) => d.region)).toEqual(['sam', 'sam', 'weur']);
    const together = await openBeir(directory, { regions: 1 });
    expect(new Set((await all(together.training())).map((q) => q.region)).size).toBe(1);
  });

  it('places documents by hash among the named regions when only queries have theirs', async () => {
    const directory = await folder({ 'regions.tsv': 'q1\tweur\nq2\tapac\n' });
    const places = (await all((await openBeir(directory)).documents())).map((d) => d.region);
    for (const region of places) expect(['apac', 'weur']).toContain(region);
    expect((await all((await openBeir(directory)).documents())).map((d) => d.region)).toEqual(places);
  });

  it('withholds training queries of listed documents, the list lying in the folder', async () => {
    const beir = await openBeir(await folder({ 'rare.txt': 'a\nc\n' }), { withhold: 'rare.txt' });
    expect(beir.withheld).toEqual(new Set(['a', 'c']));
    expect((await all(beir.training())).map((q) => q.document)).toEqual(['b']);
    expect(beir.counts.training).toBe(1);
  });

  const broken: [string, Record<string, string | null>, RegExp][] = [
    ['a missing file', { 'queries.jsonl': null }, /^queries\.jsonl: no such file$/],
    ['an empty corpus', { 'corpus.jsonl': '\n' }, /^corpus\.jsonl: is empty$/],
    ['text that is not JSON', { 'corpus.jsonl': '{"_id":"a","text":"x"}\n{' }, /^corpus\.jsonl:2: not JSON/],
    ['an array for a record', { 'corpus.jsonl': '[1]' }, /^corpus\.jsonl:1: expected a JSON object$/],
    [
      'an object for a title',
      { 'corpus.jsonl': '{"_id":"a","title":{}}' },
      /^corpus\.jsonl:1: field "title": expected a string/,
    ],
    ['a missing id', { 'queries.jsonl': '{"text":"x"}' }, /^queries\.jsonl:1: field "_id": is missing$/],
    [
      'a repeated id',
      { 'queries.jsonl': '{"_id":"q","text":"x"}\n{"_id":"q","text":"y"}' },
      /^queries\.jsonl:2: field "_id": "q" occurs twice$/,
    ],
    [
      'an unknown format',
      { 'corpus.jsonl': '{"_id":"a","text":"x","format":"pdf"}' },
      /^corpus\.jsonl:1: field "format": expected one of text, markdown, html, got "pdf"$/,
    ],
    ...beyondLimits,
    [
      'a row too short',
      { 'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nq4\tc\n' },
      /^qrels\/test\.tsv:2: 2 columns, expected 3 \(query-id, corpus-id, score\)$/,
    ],
    [
      'a score that is no number',
      { 'qrels/test.tsv': 'q4\tc\thigh\n' },
      /^qrels\/test\.tsv:1: field "score": "high"/,
    ],
    [
      'an unknown query',
      { 'qrels/test.tsv': 'q9\tc\t1\n' },
      /^qrels\/test\.tsv:1: field "query-id": "q9" is not in queries\.jsonl$/,
    ],
    [
      'an unknown document',
      { 'qrels/train.tsv': 'query-id\tcorpus-id\tscore\nq1\tz\t1\n' },
      /^qrels\/train\.tsv:2: field "corpus-id": "z"/,
    ],
    [
      'two judgments that differ',
      { 'qrels/train.tsv': 'q1\ta\t1\nq1\ta\t2\n' },
      /^qrels\/train\.tsv:2: .*judged twice, differently$/,
    ],
    [
      'a query in both splits',
      { 'qrels/test.tsv': 'q1\tc\t1\n' },
      /^qrels\/test\.tsv:1: .*training query as well$/,
    ],
    [
      'a region name with a space',
      { 'regions.tsv': 'q1\teast coast\nq2\tweur\n' },
      /^regions\.tsv:1: field "region"/,
    ],
    [
      'a region for an unknown query',
      { 'regions.tsv': 'q8\tweur\n' },
      /^regions\.tsv:1: field "query-id": "q8" does not exist$/,
    ],
    [
      'a training query without a region',
      { 'regions.tsv': 'q1\tweur\n' },
      /^regions\.tsv: training query "q2" has no region$/,
    ],
    [
      'a document without a region',
      { 'documents.tsv': 'a\tweur\nb\tweur\n' },
      /^documents\.tsv: document "c" has no region$/,
    ],
  ];
  it.each(broken)('complains about %s', async (_, changes, message) => {
    const directory = await folder(changes);
    const said = await complaint(openBeir(directory));
    expect(said).toContain(`${directory}/`);
    expect(said.replace(`${directory}/`, '')).toMatch(message);
  });

  it('takes what is just within the limits of the API', async () => {
    const changes = {
      ...documentWith('_id', 'x'.repeat(512)),
      'queries.jsonl': `${valid['queries.jsonl']}\n${JSON.stringify({ _id: 'q5', text: 'x'.repeat(4096) })}\n`,
    };
    expect((await openBeir(await folder(changes))).counts.documents).toBe(4);
  });

  it('makes records that the API takes of ids of any length', async () => {
    const long = `q${'x'.repeat(600)}`;
    const beir = await openBeir(
      await folder({
        'queries.jsonl': `${valid['queries.jsonl']}\n${JSON.stringify({ _id: long, text: 'long?' })}\n`,
        'qrels/train.tsv': `q1\ta\t1\n${long}\ta\t1\n${long}\tb\t1\n`,
      }),
    );
    const ids = (await recordsOf(beir)).map(({ record }) => FeedbackInput.parse(record).id);
    expect(ids[0]).toBe('q1/a');
    expect(new Set(ids).size).toBe(3);
  });

  it('says where it looked for a file', async () => {
    const directory = await folder();
    await rm(join(directory, 'corpus.jsonl'));
    const corpus = join(directory, 'corpus.jsonl');
    expect(await complaint(openBeir(directory))).toBe(`${corpus}: no such file`);
    await mkdir(corpus);
    expect(await complaint(openBeir(directory))).toMatch(/^\/.*corpus\.jsonl: EISDIR/);
  });

  it('looks for the withheld documents in the current folder, then in its own', async () => {
    // Run from the project, where docs is a folder.
    const directory = await folder({ docs: 'a\n' });
    expect((await openBeir(directory, { withhold: 'docs' })).withheld).toEqual(new Set(['a']));
    expect(await complaint(openBeir(directory, { withhold: 'nope.txt' }))).toBe(
      `nope.txt: no such file; looked for ${resolve('nope.txt')} and ${join(directory, 'nope.txt')}`,
    );
    expect(await complaint(openBeir(directory, { withhold: join(directory, 'qrels') }))).toContain(
      'no such file; looked for ',
    );
  });

  it('complains about a withheld document that does not exist and about a bad number of regions', async () => {
    const directory = await folder({ 'rare.txt': 'a\nnone\n' });
    await expect(openBeir(directory, { withhold: 'rare.txt' })).rejects.toThrow(/rare\.txt:2: "none"/);
    await expect(openBeir(directory, { regions: 0 })).rejects.toThrow(RangeError);
  });

  it('leaves bad entries out where they are collected, and reads all others', async () => {
    const directory = await folder({
      'corpus.jsonl': `${valid['corpus.jsonl']}\n{"_id":"a","text":"again"}\n{\n{"_id":"d","text":"x","format":"pdf"}`,
      'queries.jsonl': `${valid['queries.jsonl']}\n{"_id":"q5","text":" "}`,
      'qrels/train.tsv': 'q1\ta\t1\nq9\ta\t1\nq1\tz\t1\nq2\tb\thigh\nq2\tb\nq3\tb\t1\n',
    });
    const findings = new CollectedFindings();
    const beir = await openBeir(directory, { splits: ['train'], findings });
    expect(beir.counts).toEqual({ documents: 3, training: 2, test: 0 });
    expect((await all(beir.documents())).map(({ id, text }) => [id, text])).toEqual([
      ['a', 'First'],
      ['b', '# Second'],
      ['c', ''],
    ]);
    const places = [...findings.entries.values()].map(({ file, line }) => [
      file.replace(`${directory}/`, ''),
      line,
    ]);
    expect(places).toEqual([
      ['corpus.jsonl', 4],
      ['corpus.jsonl', 5],
      ['corpus.jsonl', 6],
      ['queries.jsonl', 5],
      ['qrels/train.tsv', 2],
      ['qrels/train.tsv', 3],
      ['qrels/train.tsv', 4],
      ['qrels/train.tsv', 5],
    ]);
  });

  it.each([
    ['other names of the columns', 'query_id\tdoc_id\trelevance\nq4\tc\t1\n'],
    ['spaces for tabs', 'query-id corpus-id score\nq4 c 1\n'],
    ['TREC’s four columns', 'q4 0 c 1\n'],
    ['quoted cells', '"query-id"\t"corpus-id"\t"score"\n"q4"\t"c"\t"1.0"\n'],
    ['a judgment twice', 'q4\tc\t1\nq4\tc\t1\n'],
  ])('takes judgments with %s', async (_, text) => {
    const beir = await openBeir(await folder({ 'qrels/test.tsv': text, 'qrels/train.tsv': null }), {
      splits: ['test'],
    });
    expect((await all(beir.test())).map(({ id, document, grade }) => [id, document, grade])).toEqual([
      ['q4', 'c', 1],
    ]);
  });

  it('keeps grades, for the gains of nDCG', async () => {
    const graded = 'q4\ta\t3\nq4\tb\t0\nq4\tc\t0.5\n';
    const beir = await openBeir(await folder({ 'qrels/test.tsv': graded }), { splits: ['test'] });
    const [query] = await testQueries(beir);
    expect(query?.relevant).toEqual(
      new Map([
        ['a', 3],
        ['c', 0.5],
      ]),
    );
    const worse = summarise([{ ...query!, ranked: ['c', 'a'] }]);
    expect(worse?.ndcg.value).toBeCloseTo((0.5 + 3 / Math.log2(3)) / (3 + 0.5 / Math.log2(3)), 12);
  });

  it('takes ids that are numbers or padded, separators of lines in strings, NaN, and gzip', async () => {
    const corpus =
      '{"_id":1,"title":null,"text":"A\u2028B\\u000b","metadata":{"year":NaN}}\n{"_id":" d 2 ","text":"x"}\n';
    const directory = await folder({
      'corpus.jsonl': null,
      'queries.jsonl': '{"_id":7,"text":"seven?"}',
      'qrels/train.tsv': '7\t d 2\t1\n',
    });
    await writeFile(join(directory, 'corpus.jsonl.gz'), gzipSync(corpus));
    const findings = new CollectedFindings();
    const beir = await openBeir(directory, { splits: ['train'], findings });
    expect((await all(beir.documents())).map(({ id, text, metadata }) => [id, text, metadata])).toEqual([
      ['1', 'A\u2028B\u000b', {}],
      ['d 2', 'x', {}],
    ]);
    expect((await all(beir.training())).map(({ id, document }) => [id, document])).toEqual([['7', 'd 2']]);
    expect([...findings.entries, ...findings.notes].map(([said]) => said.replace(/^.*corpus/, ''))).toEqual([
      '.jsonl:1: field "metadata.year": left out: it is null',
    ]);
  });

  it('makes metadata what the API holds: lists joined, the rest left out with a note', () => {
    const findings = new CollectedFindings();
    const given = {
      ...{ year: 2024, open: true, tags: ['a', 'b', 3], none: null, deep: { a: 1 }, lists: [['a']] },
      ...{ note: 'x'.repeat(2000), ['n'.repeat(65)]: 1 },
    };
    expect(flatMetadata('f', 2, given, findings)).toEqual({ year: 2024, open: true, tags: 'a, b, 3' });
    expect([...findings.notes.keys()].map((said) => said.replace('f:2: field "metadata.', ''))).toEqual([
      'tags": its values were joined',
      'none": left out: it is null',
      'deep": left out: it is nested',
      'lists": left out: it is nested',
      'note": left out: it is longer than the API takes',
      `${'n'.repeat(65)}": left out: it is longer than the API takes`,
    ]);
    const many = Object.fromEntries(Array.from({ length: 66 }, (_, n) => [`f${n}`, n]));
    expect(Object.keys(flatMetadata('f', null, many, findings))).toHaveLength(64);
    expect(flatMetadata('f', 3, [], findings)).toEqual({});
    expect([...findings.notes.keys()].at(-1)).toContain('f:3: field "metadata": left out: it is no object');
  });
});
