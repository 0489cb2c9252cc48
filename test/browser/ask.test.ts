/** /ask in a real browser, against a real deployment: two visitors ask, say what answered, and the next one finds it first. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeedbackPage } from '../../shared/protocol/api/feedback.ts';
import type { SearchResponse } from '../../shared/protocol/api/search.ts';
import { feedback, ITEMS } from '../helpers/help-desk.ts';
import { workerModules } from '../helpers/service.ts';
import { expectAccessible } from './axe.ts';
import { findChromium, launch } from './chromium.ts';
import { type Desk, fill, LEARNING, open, REGIONS, startDesk, type Watched } from './desk.ts';

const chromium = findChromium();

describe.skipIf(chromium === null)('the page for those who ask', () => {
  let desk: Desk;
  let browser: Browser;
  let link: string;
  /** What plain search gets wrong, before anybody has said anything. */
  let missed: { query: string; item: string };
  const visits: Watched[] = [];

  const visit = async (url = link): Promise<Page> => {
    const watched = await open(browser, url);
    visits.push(watched);
    return watched.page;
  };
  const ask = async (page: Page, question: string) => {
    await page.getByRole('textbox').fill(question);
    await page.keyboard.press('Enter');
    const turn = page.getByRole('article', { name: question });
    await turn
      .getByRole('group', { name: 'Did this answer your question?' })
      .or(turn.locator('details'))
      .first()
      .waitFor();
    return turn;
  };
  const first = async (question: string) => {
    const answer = (await desk.send('POST', '/v1/search', { query: question })) as SearchResponse;
    return answer.chunks[0]?.item.key;
  };

  beforeAll(async () => {
    [desk, browser] = await Promise.all([workerModules().then(startDesk), launch(chromium as string)]);
    await desk.send('POST', '/v1/collections', { name: 'default', settings: LEARNING });
  });
  afterAll(async () => {
    await browser?.close();
    await desk?.stop();
  });

  it('is where the bare address leads once there are documents, and the dashboard before', async () => {
    const leadsTo = async () =>
      (await fetch(`${desk.url}/`, { redirect: 'manual' })).headers.get('location') ?? '';
    expect(await leadsTo()).toBe('/dashboard');
    await desk.send('POST', '/v1/items', { items: ITEMS, region: REGIONS[0] });
    await expect.poll(leadsTo, { timeout: 20_000, interval: 1000 }).toBe('/ask');
    for (const record of feedback(1)) {
      if ((await first(record.query)) === record.item) continue;
      missed = record;
      break;
    }
    expect(missed, 'plain search knows every wording').toBeDefined();
    await fill(desk);
  });

  it('tells a visitor without a link what is missing', async () => {
    const page = await visit(`${desk.url}/ask`);
    await page.getByRole('heading', { name: 'What would you like to know?' }).waitFor();
    await expectAccessible(page, 'ask-begin');
    await page.getByRole('textbox', { name: 'Your question' }).fill('is anybody there');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('open to those who were given a link').waitFor();
    await page.close();
  });

  it('answers those who have one, with citations that lead to passage and document', async () => {
    const made = (await desk.send('POST', '/v1/tokens', {
      name: 'visitors',
      scopes: ['query', 'feedback'],
      collections: ['default'],
      origins: [new URL(desk.url).origin],
    })) as { token: string };
    link = `${desk.url}/ask#token=${made.token}`;
    const page = await visit();
    const turn = await ask(page, 'What do I do when a shipment is late?');
    await turn.getByText('after its estimated date').first().waitFor();
    await turn.getByRole('link', { name: 'Source 1: Delayed shipments' }).first().click();
    await expect.poll(() => page.locator(':focus').innerText()).toContain('Delayed shipments');
    await turn.getByRole('button', { name: 'Read the document Delayed shipments' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delayed shipments' });
    await dialog.locator('mark', { hasText: 'What to do when a shipment arrives' }).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    const next = await ask(page, 'and what about damaged goods?');
    expect(await next.locator('.answer').innerText()).not.toBe('');
    expect(await next.locator('.source h4').allTextContents()).toContain('Damaged goods');
    await turn.getByRole('button', { name: 'This answered it', exact: true }).click();
    await turn
      .getByText(/^Thank you\. Your question stays in (Western Europe|Asia-Pacific|South America)/)
      .first()
      .waitFor();
    await expectAccessible(page, 'ask');
    await page.close();
  });

  it('says what becomes of questions, in words that the collection’s account fills in', async () => {
    const page = await visit();
    await page.getByRole('link', { name: 'Privacy' }).click();
    await page.getByRole('heading', { name: 'What becomes of your questions' }).waitFor();
    await page.getByText(/kept for at most \d+ days\./).waitFor();
    await page.getByText('No noise is added here').waitFor();
    await page.getByText('over all 3 regions: only that sum can be read').waitFor();
    await expectAccessible(page, 'privacy');
    await page.getByRole('link', { name: 'Ask a question' }).click();
    await page.getByRole('textbox', { name: 'Your question' }).waitFor();
    await page.close();
  });

  it('learns from two visitors what answers a question, and shows it first to the next', async () => {
    const { query: question, item } = missed;
    const right = ITEMS.find(({ key }) => key === item)!.title;
    for (let visitor = 0; visitor < 2; visitor++) {
      const page = await visit();
      const turn = await ask(page, question);
      const found = turn.getByRole('button', { name: `This one answers it: ${right}` });
      // What the answer does not cite lies behind a fold.
      await turn.locator('details').evaluateAll((all) => {
        for (const each of all) (each as unknown as { open: boolean }).open = true;
      });
      await found.click();
      await turn.getByText('Thank you.').waitFor();
      expect(await found.getAttribute('aria-pressed')).toBe('true');
      await page.close();
    }
    await desk.send('POST', '/v1/rounds');
    await expect
      .poll(async () => (await desk.send('GET', '/v1/rounds')) as object, {
        timeout: 150_000,
        interval: 2000,
      })
      .toMatchObject({ runs: [{ state: 'published' }] });
    await expect.poll(() => first(question), { timeout: 45_000, interval: 2000 }).toBe(item);
    const page = await visit();
    const turn = await ask(page, question);
    expect(await turn.locator('.source h4').first().innerText()).toBe(right);
    await page.close();
  });

  it('tells which results are opened only where the operator turned that on', async () => {
    const clicks = async () => {
      const { entries } = (await desk.send('GET', '/v1/feedback?limit=200')) as FeedbackPage;
      return entries.filter(({ weight }) => weight !== null).map(({ item, query }) => `${item}: ${query}`);
    };
    const question = 'What do I do when a shipment is late?';
    for (const turned of ['off', 'on']) {
      await desk.send('PATCH', '/v1/collections/default', { settings: { feedback: { clicks: turned } } });
      const page = await visit();
      const said = page
        .waitForResponse((each) => each.url().endsWith('/feedback') && each.ok())
        .catch(() => null);
      const account = page.waitForResponse((each) => each.url().endsWith('/v1/privacy'));
      const turn = await ask(page, question);
      await turn.getByRole('button', { name: 'Read the document' }).first().click();
      await (turned === 'on' ? said : account);
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
      await page.close();
      expect(await clicks()).toHaveLength(turned === 'on' ? 1 : 0);
    }
    expect((await clicks())[0]).toContain(question);
    const page = await visit(`${desk.url}/privacy${link.slice(link.indexOf('#'))}`);
    await page.getByText('or open one of the documents found').waitFor();
    await page.close();
  });

  it('did nothing that the page’s policy forbids, and loaded nothing from elsewhere', () => {
    expect(visits.length).toBeGreaterThan(3);
    expect(visits.flatMap(({ faults }) => faults)).toEqual([]);
  });
});
