import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openJournal } from '../../../cli/fedcar/journal.ts';
import { batchesByRegion, blankLines, uploadDocuments } from '../../../cli/ingest.ts';
import { Client } from '../../../client/client.ts';

it('never mixes regions, keeps batches small, and takes the regions by turns', () => {
  const entries = [1, 2, 3, 4, 5, 6, 7].map((n) => ({ n, region: n <= 5 ? 'a' : 'b' }));
  const batches = batchesByRegion(entries, 2);
  expect(batches.map(({ region, entries }) => [region, entries.map(({ n }) => n)])).toEqual([
    ['a', [1, 2]],
    ['b', [6, 7]],
    ['a', [3, 4]],
    ['a', [5]],
  ]);
});

it('keeps entries without a region together', () => {
  const batches = batchesByRegion([{ region: null }, { region: 'a' }, { region: null }], 10);
  expect(batches.map(({ region, entries }) => [region, entries.length])).toEqual([
    [null, 2],
    ['a', 1],
  ]);
});

it('closes a batch before it has too many bytes', () => {
  const entries = [4, 4, 4, 9, 1].map((bytes) => ({ bytes, region: null }));
  const batches = batchesByRegion(entries, 10, ({ bytes }) => bytes, 8);
  expect(batches.map(({ entries: all }) => all.map(({ bytes }) => bytes))).toEqual([[4, 4], [4], [9], [1]]);
});

it('leaves out documents with nothing to search for, and gives a title for a text that is empty', async () => {
  const sent: { key: string; text: string }[] = [];
  const client = {
    url: '',
    path: '',
    call: async (_: string, { body: { items } }: { body: { items: { key: string; text: string }[] } }) => {
      sent.push(...items);
      const receipt = { region: 'a', status: 'created', change: 'created' };
      return { items: items.map(({ key }) => ({ key, ...receipt })), errors: [] };
    },
  } as unknown as Client;
  const documents = [
    { key: 'blank', title: '', text: ' ' },
    { key: 'script', title: '', text: '<script>x</script>', format: 'html' as const },
    { key: 'title', title: 'A title', text: '' },
    { key: 'text', title: '', text: 'A text' },
  ].map((document) => ({ document, region: null }));
  const silent = { update() {}, total() {}, end() {} };
  expect(await uploadDocuments(client, documents, silent)).toMatchObject({
    created: 2,
    blank: ['blank', 'script'],
  });
  expect(sent.map(({ key, text }) => [key, text])).toEqual([
    ['title', 'A title'],
    ['text', 'A text'],
  ]);
});

it('names documents that were left out, and counts them where they are many', () => {
  expect(blankLines([])).toEqual([]);
  expect(blankLines(['a', 'b'])).toEqual(['left out: 2 documents have neither text nor title: a, b']);
  expect(blankLines(Array.from({ length: 12 }, (_, n) => `k${n}`))[0]).toMatch(
    /^left out: 12 documents .* k9 and 2 more$/,
  );
});

it('goes on where an upload was interrupted, and begins anew once it was complete', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedcar-journal-'));
  let left = 2;
  let sent = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { items } = JSON.parse(body) as { items: { key: string }[] };
      const good = left-- > 0;
      if (good) sent += items.length;
      response.writeHead(good ? 200 : 400, { 'content-type': 'application/json' });
      const receipts = items.map(({ key }) => ({
        key,
        region: 'a',
        ...{ passages: 1, indexed: 1 },
        status: 'created',
        change: 'created',
      }));
      response.end(JSON.stringify({ items: receipts, errors: [] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const documents = Array.from({ length: 200 }, (_, n) => ({
    document: { key: `k${n}`, title: '', text: `text ${n}` },
    region: null,
  }));
  const silent = { update() {}, total() {}, end() {} };
  const upload = async () =>
    uploadDocuments(client, documents, silent, await openJournal(folder, 'test', () => {}));
  try {
    await expect(upload()).rejects.toThrow();
    expect(sent).toBe(64);
    left = 100;
    expect(await upload()).toMatchObject({ created: 136, resumed: 64 });
    await (await openJournal(folder, 'test', () => {})).finish();
    expect(await upload()).toMatchObject({ created: 200, resumed: 0 });
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
