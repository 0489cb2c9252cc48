/** /widget.js on a page of another origin, under a strict policy of that page, with a token that is bound to it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedbackPage } from '../../shared/protocol/api/feedback.ts';
import { ITEMS } from '../helpers/help-desk.ts';
import { workerModules } from '../helpers/service.ts';
import { expectAccessible } from './axe.ts';
import { findChromium, launch } from './chromium.ts';
import { type Desk, REGIONS, SECRET, startDesk } from './desk.ts';

const chromium = findChromium();
const MOST_BYTES = 20 * 1024;

describe.skipIf(chromium === null)('the widget', () => {
  let desk: Desk;
  let browser: Browser;
  let site: Server;
  let token: string;
  const failures: string[] = [];

  /** A page whose path says how the widget is asked for. */
  const pageAt = (url: URL) => {
    const mode = url.pathname === '/inline' ? ' data-mode="inline"' : '';
    const given = url.searchParams.get('token') ?? token;
    const policy = `default-src 'none'; script-src ${desk.url}; connect-src ${desk.url}; style-src 'unsafe-inline'`;
    const html = `<!doctype html><html lang="en"><title>A shop</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <style>:root { --fedcar-accent: rgb(120, 20, 90); --fedcar-scheme: light } button { color: red !important }
      body { background: white; color: black }</style>
      <main><h1>A shop</h1><script src="${desk.url}/widget.js" data-token="${given}"${mode}></script></main>`;
    return { html, policy };
  };
  const origin = () => `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const visit = async (path: string): Promise<Page> => {
    const page = await browser.newPage();
    page.on('pageerror', (error) => failures.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') failures.push(message.text());
    });
    await page.goto(origin() + path);
    return page;
  };
  const ask = async (page: Page) => {
    await page.getByRole('textbox', { name: 'Your question' }).fill('What do I do when a shipment is late?');
    await page.keyboard.press('Enter');
    await page.getByText('What to do when a shipment arrives after its estimated date.').first().waitFor();
  };

  beforeAll(async () => {
    site = createServer(({ url }, response) => {
      const { html, policy } = pageAt(new URL(url ?? '/', 'http://site'));
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy }).end(html);
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    [desk, browser] = await Promise.all([workerModules().then(startDesk), launch(chromium as string)]);
    await desk.send('POST', '/v1/collections', { name: 'default', settings: { regions: REGIONS } });
    await desk.send('POST', '/v1/items', { items: ITEMS, region: REGIONS[0] });
    const made = await desk.send('POST', '/v1/tokens', {
      name: 'a shop',
      scopes: ['query', 'feedback'],
      collections: ['default'],
      origins: [origin(), new URL(desk.url).origin],
    });
    ({ token } = made as { token: string });
  });
  afterAll(async () => {
    await browser?.close();
    await desk?.stop();
    await new Promise((resolve) => site.close(resolve));
  });

  it('is small', async () => {
    const response = await fetch(`${desk.url}/widget.js`);
    expect(response.headers.get('content-type')).toContain('text/javascript');
    expect(gzipSync(await response.bytes()).length).toBeLessThan(MOST_BYTES);
  });

  it('answers in a bubble, takes feedback, and closes with Escape', async () => {
    const page = await visit('/');
    const bubble = page.getByRole('button', { name: 'Ask a question' });
    await bubble.click();
    await ask(page);
    await page.getByRole('button', { name: 'This answered it' }).click();
    await page.getByText(/^Thank you\. Your question stays in /).waitFor();
    expect(await page.getByRole('button', { name: 'This answered it' }).getAttribute('aria-pressed')).toBe(
      'true',
    );
    await page.getByText('[1] Delayed shipments').click();
    await page.getByRole('listitem').getByText('arrives after its estimated date').waitFor();
    await expectAccessible(page, 'widget');
    const [privacy] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: 'Privacy' }).click(),
    ]);
    await privacy.getByText('tell them its name').waitFor();
    await privacy.close();
    await page.keyboard.press('Escape');
    await page.getByRole('textbox', { name: 'Your question' }).waitFor({ state: 'hidden' });
    expect(await bubble.getAttribute('aria-expanded')).toBe('false');
    await expect.poll(() => bubble.evaluate((button) => button.matches(':focus'))).toBe(true);
    await page.close();
  });

  it('lets a visitor open a source and say that it was that one, with the keyboard too', async () => {
    await desk.send('PATCH', '/v1/collections/default', { settings: { feedback: { clicks: 'on' } } });
    const page = await visit('/inline');
    await ask(page);
    await page.getByText(/more documents found$/).click();
    const right = page.getByRole('listitem').filter({ hasText: 'Reimbursements' });
    const opened = page.waitForResponse((each) => each.url().endsWith('/feedback') && each.ok());
    await right.locator('summary').focus();
    await page.keyboard.press('Enter');
    await opened;
    const that = right.getByRole('button', { name: 'This one answers it: Reimbursements' });
    await that.focus();
    await page.keyboard.press('Space');
    await right.getByText(/^Thank you\. Your question stays in /).waitFor();
    expect(await that.getAttribute('aria-pressed')).toBe('true');
    await expectAccessible(page, 'widget-sources');
    const { entries } = (await desk.send('GET', '/v1/feedback?limit=200')) as FeedbackPage;
    const told = entries.filter(({ item }) => item === 'refund');
    // A click weighs less than what somebody says, which weighs what it weighs.
    expect(told.map(({ relevant, weight }) => [relevant, weight === null]).sort()).toEqual([
      [true, false],
      [true, true],
    ]);
    await page.close();
  });

  it('stands in the page where it is asked to, in the page’s colours, out of reach of its styles', async () => {
    const page = await visit('/inline');
    await ask(page);
    const send = page.getByRole('button', { name: 'Ask', exact: true });
    const { colour, back } = await send.evaluate((button) => {
      const style = (
        globalThis as unknown as { getComputedStyle(e: unknown): Record<string, string> }
      ).getComputedStyle(button);
      return { colour: style.color, back: style.backgroundColor };
    });
    expect([colour, back]).toEqual(['rgb(255, 255, 255)', 'rgb(120, 20, 90)']);
    await page.close();
  });

  it('did nothing that the page’s policy forbids', () => {
    expect(failures).toEqual([]);
  });

  it('is of no use with a token that is not bound to the page', async () => {
    const page = await visit(`/inline?token=${SECRET}`);
    await page.getByRole('textbox', { name: 'Your question' }).fill('anything');
    await page.keyboard.press('Enter');
    await page.getByText('The service does not answer.').waitFor();
    await page.close();
  });
});
