/** The API reference in a real browser: what a reader searches, copies and tries, and what axe finds wrong with it. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workerModules } from '../helpers/service.ts';
import { expectContrast, expectToFit } from './ask-page.ts';
import { expectAccessible } from './axe.ts';
import { findChromium, launch } from './chromium.ts';
import { type Desk, open, SECRET, startDesk, type Watched } from './desk.ts';

const chromium = findChromium();

describe.skipIf(chromium === null)('the API reference', () => {
  let desk: Desk;
  let browser: Browser;
  let watched: Watched;

  beforeAll(async () => {
    [desk, browser] = await Promise.all([workerModules().then(startDesk), launch(chromium as string)]);
    watched = await open(browser, `${desk.url}/docs`);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await desk?.stop();
  });

  it('is read without a token, in both schemes and on a phone', async () => {
    const { page } = watched;
    await page.getByRole('link', { name: 'POST /search' }).click();
    expect(new URL(page.url()).hash).toBe('#post-search');
    expect(await page.locator('#post-search').innerText()).toContain('still nothing in the mail');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expectContrast(page, colorScheme);
    }
    await expectToFit(page, 360);
    // What is loaded on a phone begins with topics, not with three screens of routes.
    await page.reload();
    const { y } = (await page.getByRole('heading', { name: 'API reference' }).boundingBox())!;
    const top = (await page.locator('header').boundingBox())!.y;
    expect(y - top).toBeLessThan(900);
    await page.locator('nav summary', { hasText: /^search$/i }).click();
    await page.getByRole('link', { name: 'POST /search' }).click();
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.reload();
  });

  it('finds operations by words, and gives examples to copy', async () => {
    const { page } = watched;
    const shown = () => page.locator('article.operation:visible');
    const all = await shown().count();
    await page.locator('h1').click();
    await page.keyboard.press('/');
    await page.keyboard.type('rollback version');
    await expect.poll(() => page.locator('#found').innerText()).toMatch(/^\d+ found$/);
    expect(await shown().count()).toBeLessThan(all / 4);
    expect(await page.locator('#post-models-version-activate').isVisible()).toBe(true);
    expect(await page.getByRole('link', { name: 'POST /search', exact: true }).isVisible()).toBe(false);
    await page.getByRole('searchbox').fill('');
    await expect.poll(() => shown().count()).toBe(all);

    await page
      .context()
      .grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(desk.url).origin });
    const search = page.locator('#post-search');
    await search.getByRole('button', { name: 'Copy' }).first().click();
    await search.getByRole('button', { name: 'Copied' }).waitFor();
    // Strings of the page’s own language: the helper’s types know no clipboard.
    const copied = (await page.evaluate('navigator.clipboard.readText()')) as string;
    expect(copied).toContain(`curl -X POST '${desk.url}/v1/search'`);
  });

  it('sends requests with the reader’s token, and shows what came', async () => {
    const { page } = watched;
    const search = page.locator('#post-search');
    await search.getByText('Try it').click();
    await search.getByRole('button', { name: 'Send POST' }).click();
    await expect.poll(() => search.locator('.status').innerText()).toMatch(/^401 /);
    await page.getByLabel(/^Token for/).fill(SECRET);
    await search.getByRole('textbox', { name: 'Body' }).fill('{"query": "my parcel is late",');
    await search.getByRole('button', { name: 'Send POST' }).click();
    await expect.poll(() => search.locator('.status').innerText()).toMatch(/^body: /);
    await search.getByRole('textbox', { name: 'Body' }).fill('{"query": "my parcel is late"}');
    await search.getByRole('button', { name: 'Send POST' }).click();
    await expect.poll(() => search.locator('.status').innerText(), { timeout: 60_000 }).toMatch(/^200 /);
    expect(await search.locator('.answer').innerText()).toContain('"model_version"');
    const item = page.locator('#get-items-key');
    await item.getByText('Try it').click();
    await item.getByLabel(/^key/).fill('no such/key');
    await item.getByRole('button', { name: 'Send GET' }).click();
    await expect.poll(() => item.locator('.status').innerText()).toMatch(/^404 /);
    // Axe looks at what is shown, but walks through all there is: the whole page would take it minutes.
    await page.getByRole('searchbox').fill('find the passages for a question');
    await expect.poll(() => page.locator('article.operation:visible').count()).toBeLessThan(20);
    await page.evaluate(
      "for (const each of document.querySelectorAll('article.operation')) if (each.offsetParent === null) each.remove()",
    );
    await expectAccessible(page, 'reference');
    // A document that is not there is an answer, too.
    expect(watched.faults.filter((fault) => !fault.includes('status of 404'))).toEqual([]);
  });
});
