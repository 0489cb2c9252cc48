/** Documents on the dashboard: dropped, chosen, read, listed, opened, deleted. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { Item, Passage } from '../../shared/protocol/api/item.ts';
import { pdfOf } from '../helpers/office-files.ts';
import { expectToFit } from './ask-page.ts';
import { dropFiles, dropPaths } from './files.ts';
import type { Visit } from './visit.ts';

/** Names that people and programs give: inherited ones, markup, right to left, emoji, no end. */
const STRANGE = [
  '__proto__',
  'constructor',
  '<img src=x onerror=alert(1)>',
  '\u05e9\u05dc\u05d5\u05dd \u202e gnp.exe',
  '\u{1f98a}\u{1f1e9}\u{1f1ea}',
  'x'.repeat(500),
  'a b\tc\nd',
];

function documentOf(key: string): Item {
  const found = { passages: 3000, indexed: 3000, status: 'indexed' as const };
  const metadata = JSON.parse(`{"__proto__": "kept", "long": "${'y'.repeat(1024)}"}`);
  return { key, region: 'weur', title: '', format: 'text', metadata, timestamp: 1, text: '', ...found };
}

function passageOf(ordinal: number): Passage {
  const words = ['a'.repeat(64), '__proto__', ...Array.from({ length: 200 }, (_, n) => `w${n}`)];
  return {
    id: `long#${ordinal}`,
    ordinal,
    text: 'a'.repeat(ordinal === 0 ? 1_000_000 : 2000),
    tokens: 1,
    words,
  };
}

export function documentTests({ desk, page, card }: Visit): void {
  it('takes files that are dropped, also strange ones, and says which it does not read', async () => {
    await dropFiles(page(), [
      ['__proto__.md', '# Zebra crossings\n\nA zebra crossing is striped, and pedestrians go first.'],
      ['guide/\u05e9\u05dc\u05d5\u05dd.txt', '\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd'.repeat(20)],
      ['\u{1f98a}.html', '<title>Foxes \u{1f98a}</title><p>A fox is red.</p>'],
      ['photo.png', 'no text'],
      ['empty.md', ' '],
      ['broken.pdf', 'no PDF'],
    ]);
    const upload = card('Add documents');
    await upload.getByText('3 documents stored.').waitFor();
    const refused = upload.getByRole('listitem');
    expect((await refused.allInnerTexts()).sort()).toEqual([
      expect.stringMatching(/^broken\.pdf: is not a PDF that can be read/),
      'empty.md: is empty',
      'photo.png: files of the kind .png are not read here',
    ]);
    const list = card('Documents');
    await list.getByRole('link', { name: 'Zebra crossings' }).waitFor();
    expect(await list.getByRole('row').count()).toBe(4);
    await upload
      .getByLabel('Choose files')
      .last()
      .setInputFiles({
        name: 'late.txt',
        mimeType: 'text/plain',
        buffer: Buffer.from('A kettle of another kind.'),
      });
    await upload.getByText('1 document stored.').waitFor();
  });

  it('takes a folder with the folders in it, and leaves out what is hidden', async () => {
    const root = mkdtempSync(join(tmpdir(), 'fedcar-drop-'));
    const files = {
      'help/tea.md': '# Tea\n\nTea is drawn for four minutes.',
      'help/deep/er/coffee.txt': 'Coffee is ground before it is brewed.',
      'help/.git/config.md': 'A hidden file.',
      'help/node_modules/some/readme.md': 'Of a package.',
      // More than a browser's reader gives at once.
      ...Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`help/pictures/${n}.png`, ''])),
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    try {
      const upload = card('Add documents');
      await dropPaths(page(), [join(root, 'help')]);
      await upload.getByText('2 documents stored.').waitFor();
      await upload.getByText('Not stored: 101 files').waitFor();
      const { items } = (await desk().send('GET', '/v1/items')) as { items: { key: string }[] };
      const kept = items.map(({ key }) => key).filter((key) => key.startsWith('help/'));
      expect(kept).toEqual(['help/deep/er/coffee.txt', 'help/tea.md']);
      for (const key of kept) await desk().send('DELETE', `/v1/items/${encodeURIComponent(key)}`);
      await page().reload();
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('reads a PDF in the browser', async () => {
    await card('Add documents')
      .getByLabel('Choose files')
      .last()
      .setInputFiles({
        name: 'manual.pdf',
        mimeType: 'application/pdf',
        buffer: pdfOf('', ['The kettle whistles when it boils.']),
      });
    await card('Add documents').getByText('1 document stored.').waitFor();
    await card('Documents').getByRole('link', { name: 'manual' }).click();
    await card('manual').getByText('The kettle whistles when it boils.').first().waitFor();
    expect(await card('manual').getByText('Found by the words').innerText()).toContain('kettl');
  });

  it('stays usable with ten thousand documents of strange names, and with a megabyte of one letter', async () => {
    const many = Array.from({ length: 10_000 }, (_, n) =>
      documentOf(`${String(n).padStart(5, '0')}${STRANGE[n % STRANGE.length]}`),
    );
    await page().route(/\/v1\/items\?/, async (route) => {
      const query = new URL(route.request().url()).searchParams;
      const from = many.findIndex(({ key }) => key > (query.get('after') ?? ''));
      const items = many.slice(from, from + Number(query.get('limit')));
      await route.fulfill({ json: { items, next: items.at(-1)?.key ?? null, errors: [] } });
    });
    await page().route(/\/v1\/items\/[^?]+$/, (route) =>
      route.fulfill({ json: { ...documentOf('long'), title: 'W'.repeat(1024), text: '' } }),
    );
    await page().route(/\/passages/, (route) =>
      route.fulfill({ json: { passages: Array.from({ length: 3000 }, (_, n) => passageOf(n)) } }),
    );
    try {
      await page().goBack();
      await page().reload();
      const list = card('Documents');
      await list.getByRole('button', { name: 'Show more documents' }).click();
      await expect.poll(() => list.getByRole('row').count()).toBe(101);
      await expectToFit(page(), 390);
      await list.getByLabel('Open the document with the key').fill('long');
      await page().keyboard.press('Enter');
      await page().getByText('Show more of the 2980 further passages').waitFor();
      await expectToFit(page(), 390);
      expect((await card('W'.repeat(1024)).innerText()).length).toBeLessThan(200_000);
    } finally {
      await page().setViewportSize({ width: 1280, height: 900 });
      await page().unrouteAll();
      await page().goto(`${desk().url}/dashboard/documents`);
    }
  });

  it('shows a document with its passages and words, goes back, and deletes it when asked twice', async () => {
    await card('Documents').getByRole('link', { name: 'Zebra crossings' }).click();
    expect(new URL(page().url()).search).toBe('?item=__proto__.md');
    const document = card('Zebra crossings');
    await document.getByText('pedestrians go first').waitFor();
    await page().reload();
    await document.getByText('pedestrians go first').waitFor();
    await document.getByRole('button', { name: 'Delete' }).click();
    await page()
      .getByRole('dialog', { name: 'Delete this document?' })
      .getByRole('button', { name: 'Delete' })
      .click();
    await card('Documents').getByRole('link', { name: 'manual' }).waitFor();
    await expect.poll(() => card('Documents').getByRole('link', { name: 'Zebra crossings' }).count()).toBe(0);
    expect(page().url()).toBe(`${desk().url}/dashboard/documents`);
  });
}
