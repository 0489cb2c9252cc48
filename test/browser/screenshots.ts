/**
 * `npm run docs:screenshots`: pictures of every page and view in both schemes, on a phone and on a desk, against a
 * deployment that has learned. A selection goes to docs/pages, each below 100 kB; `--all FOLDER` keeps every one.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { findChromium, launch } from './chromium.ts';
import { type Desk, fill, LEARNING, open, SECRET, startDesk } from './desk.ts';

const DOCS = join(import.meta.dirname, '../../docs/pages');
const MOST_BYTES = 100_000;
const QUALITIES = [0.85, 0.7, 0.5];
/** Pixels of a picture beyond which it is cut: pages are long on a phone. */
const LONGEST = 2400;

const QUESTION = 'still nothing in the mail';
const SCHEMES = ['light', 'dark'] as const;
const WIDTHS = [390, 1440];
/** What the documentation shows: name, scheme, width. */
const SHOWN = new Set([
  'ask light 1440',
  'search light 1440',
  'training light 1440',
  'training dark 1440',
  'federation light 1440',
  'federation dark 390',
  'settings light 1440',
]);

interface Shot {
  name: string;
  path: string;
  /** What is done before the picture. */
  act?: (page: Page) => Promise<void>;
}

const SHOTS: Shot[] = [
  {
    name: 'search',
    path: '/dashboard',
    async act(page) {
      await page.getByRole('searchbox', { name: 'Question' }).fill(QUESTION);
      await page.keyboard.press('Enter');
      await page.getByRole('listitem').filter({ hasText: 'Delayed shipments' }).waitFor();
    },
  },
  { name: 'documents', path: '/dashboard/documents' },
  { name: 'document', path: '/dashboard/documents?item=late' },
  { name: 'training', path: '/dashboard/training' },
  {
    name: 'privacy',
    path: '/dashboard/privacy',
    async act(page) {
      await page.getByRole('button', { name: 'Show it' }).click();
      await page
        .getByRole('button', { name: /^Erase/ })
        .first()
        .waitFor();
    },
  },
  { name: 'federation', path: '/dashboard/federation' },
  { name: 'settings', path: '/dashboard/settings' },
  {
    name: 'ask',
    path: '/ask',
    async act(page) {
      await page.getByRole('textbox').fill('What do I do when a shipment is late?');
      await page.keyboard.press('Enter');
      await page.getByRole('group', { name: 'Did this answer your question?' }).waitFor();
    },
  },
  { name: 'ask-begin', path: '/ask' },
  { name: 'privacy-page', path: '/privacy' },
  { name: 'reference', path: '/docs' },
];

async function prepare(desk: Desk): Promise<void> {
  const settings = { ...LEARNING, regions: ['weur', 'apac', 'sam'] };
  await desk.send('POST', '/v1/collections', { name: 'default', settings });
  await fill(desk);
  await desk.send('POST', '/v1/rounds');
  for (;;) {
    const { runs } = (await desk.send('GET', '/v1/rounds')) as { runs: { state: string }[] };
    if (runs[0]?.state !== 'running') break;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  await desk.send('POST', '/v1/tokens', { name: 'the help desk', scopes: ['query', 'feedback'] });
  await desk.send('POST', '/v1/participants/invitations', { name: 'clinic-b' });
}

/** A picture as WebP, in the best quality that is small enough. */
async function webp(browser: Browser, png: Buffer): Promise<Buffer> {
  const page = await browser.newPage();
  try {
    for (const quality of QUALITIES) {
      const text = (await page.evaluate(`(async () => {
        const bytes = Uint8Array.from(atob(${JSON.stringify(png.toString('base64'))}), (each) => each.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [image.width, image.height];
        canvas.getContext('2d').drawImage(image, 0, 0);
        return canvas.toDataURL('image/webp', ${quality}).split(',')[1];
      })()`)) as string;
      const picture = Buffer.from(text, 'base64');
      if (picture.length < MOST_BYTES) return picture;
    }
  } finally {
    await page.close();
  }
  throw new RangeError(`a picture has more than ${MOST_BYTES} bytes in every quality`);
}

async function take(page: Page): Promise<Buffer> {
  const { width } = page.viewportSize()!;
  const height = Number(await page.evaluate('document.documentElement.scrollHeight'));
  const clip = { x: 0, y: 0, width, height: Math.min(height, LONGEST) };
  return await page.screenshot({ fullPage: true, clip });
}

async function main(folder: string | null): Promise<void> {
  const chromium = findChromium();
  if (chromium === null) throw new Error('no Chromium in PATH: install one, or name it in CHROMIUM');
  const [desk, browser] = await Promise.all([startDesk(), launch(chromium)]);
  try {
    await prepare(desk);
    for (const each of [DOCS, ...(folder === null ? [] : [folder])]) await mkdir(each, { recursive: true });
    const { page } = await open(browser, `${desk.url}/docs`);
    // As the pages keep it for a tab.
    await page.evaluate(`sessionStorage.setItem('fedcar.token', ${JSON.stringify(SECRET)})`);
    for (const { name, path, act } of SHOTS) {
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 900 });
        await page.goto(desk.url + path);
        await page.locator('.skeleton').first().waitFor({ state: 'detached' });
        await page.waitForLoadState('networkidle');
        await act?.(page);
        for (const colorScheme of SCHEMES) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          const picture = await webp(browser, await take(page));
          const file = `${name}-${colorScheme}-${width}.webp`;
          if (folder !== null) await writeFile(join(folder, file), picture);
          if (SHOWN.has(`${name} ${colorScheme} ${width}`)) await writeFile(join(DOCS, file), picture);
          console.error(`${file} ${picture.length}`);
        }
      }
    }
  } finally {
    await browser.close();
    await desk.stop();
  }
}

const at = process.argv.indexOf('--all');
await main(at < 0 ? null : (process.argv[at + 1] ?? null));
