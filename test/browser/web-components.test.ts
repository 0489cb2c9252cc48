/** The search bar and the chat page of Cloudflare AI Search's web components, unchanged, on a page of another origin. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Deployment } from '../../cli/deployment.ts';
import { startService } from '../helpers/service.ts';
import { findChromium, launch } from './chromium.ts';

const SCRIPT = createRequire(import.meta.url).resolve('@cloudflare/ai-search-snippet');
const ITEMS = [
  {
    key: 'https://help.example.org/late',
    title: 'Nobody was at home & the parcel',
    text: 'If the courier rang and nobody was at home, the parcel waits at the next station for seven days.',
    metadata: { description: 'Where a parcel waits' },
  },
  { key: 'lockers', title: 'Lockers', text: 'A locker keeps a parcel for three days.', metadata: {} },
];
const chromium = findChromium();

describe.skipIf(chromium === null)('AI Search’s web components', () => {
  let folder: string;
  let site: Server;
  let service: Deployment;
  let browser: Browser;
  let page: Page;
  let api: string;
  const failures: string[] = [];

  beforeAll(async () => {
    site = createServer(({ url }, response) => {
      if (url === '/script.js') {
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(SCRIPT));
      } else {
        const [, tag] = url?.split('/') ?? [];
        const element = `<${tag} api-url="${api}" disable-analytics debounce-ms="50"></${tag}>`;
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
        response.end(`<!doctype html><title>Help</title><script src="/script.js"></script>${element}`);
      }
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    folder = await mkdtemp(join(tmpdir(), 'fedcar-components-'));
    service = await startService({ folder, variables: { FEDCAR_CORS_ORIGINS: origin() } });
    api = `${service.url}/v1`;
    const response = await fetch(`${api}/items`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items: ITEMS }),
    });
    expect(response.status, await response.text()).toBe(200);
    browser = await launch(chromium!);
    page = await browser.newPage();
    page.on('pageerror', (error) => failures.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') failures.push(message.text());
    });
  });

  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    await new Promise((resolve) => site.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  const origin = () => `http://127.0.0.1:${(site.address() as AddressInfo).port}`;

  it('search: titles, addresses and descriptions of what was found', async () => {
    await page.goto(`${origin()}/search-bar-snippet`);
    await page.locator('.search-input').fill('nobody rang my bell');
    await page.locator('.search-input').press('Enter');
    const first = page.locator('.search-result-item').first();
    await first.waitFor();
    expect(await first.locator('.search-result-title').innerText()).toBe(ITEMS[0]!.title);
    expect(await first.locator('.search-result-snippet').innerText()).toBe('Where a parcel waits');
    expect(await first.getAttribute('href')).toContain('help.example.org/late');
    expect(failures).toEqual([]);
  });

  it('chat: an answer with its citation, and one more turn', async () => {
    await page.goto(`${origin()}/chat-page-snippet`);
    const ask = async (text: string) => {
      // It takes no question while it writes an answer.
      await page.locator('.chat-send-button:not(:has(.loading))').waitFor();
      await page.locator('.chat-input').fill(text);
      await page.locator('.chat-input').press('Enter');
    };
    const said = (text: string) => page.locator('.chat-message-text', { hasText: text });
    await ask('What happens when the courier finds nobody at home?');
    await said('waits at the next station for seven days. [1]').first().waitFor();
    await ask('How long does a locker keep a parcel?');
    await said('A locker keeps a parcel for three days.').first().waitFor();
    expect(failures).toEqual([]);
  });
});
