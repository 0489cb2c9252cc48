/** `fedcar ingest` of folders as people have them, against a real deployment in workerd. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fedcarService } from '../../../helpers/fedcar-service.ts';

const service = fedcarService();
const { fedcar, ok } = service;

it('leaves bad entries out, names them and what it does not read, and fails at the end', async () => {
  const docs = join(service.folder, 'mixed');
  mkdirSync(docs);
  writeFileSync(join(docs, 'good.md'), '---\ntitle: Good\n---\nWhat zebras eat.');
  writeFileSync(join(docs, 'utf16.txt'), Buffer.from('\uFEFFWhat lions eat.', 'utf16le'));
  writeFileSync(join(docs, 'latin.txt'), Buffer.from([0x47, 0x72, 0xfc, 0x6e]));
  writeFileSync(join(docs, 'broken.pdf'), 'not a PDF');
  writeFileSync(join(docs, 'a.png'), '');
  await ok('collections create mirror --regions weur,apac');
  const ran = await fedcar(`ingest -c mirror --json ${docs}`);
  expect(ran.code).toBe(1);
  expect(ran.json()).toMatchObject({
    documents: { created: 2 },
    left_out: [
      { file: join(docs, 'broken.pdf'), line: null, reason: expect.stringContaining('is not a PDF') },
      { file: join(docs, 'latin.txt'), line: null, reason: 'is not UTF-8 text: save it as UTF-8' },
    ],
    not_read: { '.png': ['a.png'] },
  });
  expect(ran.err).toContain('not read: 1 of .png (a.png)');
  const found = await ok('query -c mirror --json -n 1 what lions eat');
  expect(found.json()).toMatchObject({ chunks: [{ item: { key: 'utf16.txt', title: 'utf16' } }] });
  const picture = await fedcar(`ingest -c mirror ${join(docs, 'a.png')}`);
  expect(picture).toMatchObject({
    code: 1,
    err: expect.stringContaining('no file of a kind that is read'),
  });
  rmSync(docs, { recursive: true });
  mkdirSync(docs);
  writeFileSync(join(docs, 'good.md'), '# Good\n\nWhat zebras eat.');
  await ok(`ingest -c mirror --json --sync ${docs}`);
  writeFileSync(join(docs, 'more.md'), '# More\n\nWhat gnus eat.');
  rmSync(join(docs, 'good.md'));
  const dry = await ok(`ingest -c mirror --sync --dry-run --json ${docs}`);
  expect(dry.json()).toMatchObject({ documents: 1, deleted: ['good.md'] });
  const synced = await ok(`ingest -c mirror --sync --json ${docs}`);
  expect(synced.json()).toMatchObject({ documents: { created: 1, deleted: ['good.md'] } });
  // Of two files with one key the first counts, and the other is named.
  const others = join(service.folder, 'others');
  mkdirSync(others);
  writeFileSync(join(others, 'more.md'), '# Another\n\nWhat okapis eat.');
  const twice = await fedcar(`ingest -c mirror --json ${docs} ${others}`);
  expect(twice.code).toBe(1);
  expect(twice.json()).toMatchObject({
    documents: { unchanged: 1, updated: 0 },
    left_out: [
      { file: join(others, 'more.md'), reason: `its key more.md is that of ${join(docs, 'more.md')}` },
    ],
  });
  const left = (await ok('query -c mirror --json what do they eat')).json<{
    chunks: { item: { key: string } }[];
  }>();
  expect(left.chunks.map(({ item }) => item.key)).toEqual(['more.md']);
  await ok('collections delete mirror -y');
});

it('is told by the doctor whose words the encoder does not know', async () => {
  const file = join(service.folder, 'tides.jsonl');
  const texts = {
    en: 'Tides come twice a day.',
    ru: 'Прилив приходит дважды в день.',
    el: 'Η παλίρροια έρχεται.',
    zh: '潮汐每天涨落两次。',
  };
  const lines = Object.entries(texts).map(([key, text]) => JSON.stringify({ key, text }));
  writeFileSync(file, lines.join('\n'));
  await ok('collections create tides --regions weur');
  await ok(`ingest -c tides ${file}`);
  const said = await ok('doctor -c tides');
  expect(said.out.replace(/\s+/g, ' ')).toMatch(
    /warning languages all-MiniLM-L6-v2 knows the words of 1 of 4 documents looked at, and \d{1,2}\.\d % of their tokens are unknown to it; .*: el, ru, zh\. fedcar init --language/,
  );
});
