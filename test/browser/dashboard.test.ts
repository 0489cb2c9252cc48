/** The dashboard in a real browser, against a real deployment: from an empty collection to a trained one and back. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workerModules } from '../helpers/service.ts';
import { askPage, expectContrast, expectToFit, picture } from './ask-page.ts';
import { expectAccessible } from './axe.ts';
import { findChromium, launch } from './chromium.ts';
import { type Desk, fill, LEARNING, open, REGIONS, SECRET, startDesk, type Watched } from './desk.ts';
import { documentTests } from './documents-view.ts';
import { operatorTests } from './operator-views.ts';
import type { Visit } from './visit.ts';

const chromium = findChromium();

describe.skipIf(chromium === null)('the dashboard', () => {
  let desk: Desk;
  let browser: Browser;
  let watched: Watched;
  let page: Page;
  /** Three, each drawn once. */
  const expectCharts = async () => {
    const pictures = await askPage(page, 'pictures');
    expect(pictures.map(({ name }) => name)).toEqual([
      expect.stringMatching(/^Accuracy by version\. version 1: [\d.]+ %, plain search [\d.]+ %\.$/),
      expect.stringMatching(/^Loss over \d+ rounds, \d\.\d+ → \d\.\d+$/),
      expect.stringMatching(/^Participation: all regions in every round$/),
    ]);
    for (const { name, ink } of pictures) expect(ink, name).toBeGreaterThan(1000);
  };
  const visit: Visit = {
    desk: () => desk,
    page: () => page,
    card: (name) => page.getByRole('region', { name, exact: true }),
    async go(view) {
      const views = page.getByRole('navigation', { name: 'Views' });
      await views.getByRole('link', { name: view, exact: true }).click();
      await page.getByRole('heading', { name: view, level: 1 }).waitFor();
    },
  };
  const { card, go } = visit;

  beforeAll(async () => {
    [desk, browser] = await Promise.all([workerModules().then(startDesk), launch(chromium as string)]);
    await desk.send('POST', '/v1/collections', { name: 'default', settings: LEARNING });
    watched = await open(browser, `${desk.url}/dashboard`);
    page = watched.page;
  });
  afterAll(async () => {
    await browser?.close();
    await desk?.stop();
  });

  it('asks for a token, refuses a wrong one in friendly words, and keeps a good one for the tab', async () => {
    const dialog = page.getByRole('dialog', { name: 'Access token' });
    await dialog.getByText('This deployment answers only to those who have a token.').waitFor();
    await expectContrast(page, 'dialog');
    await picture(page, 'token');
    await dialog.getByLabel('Token').fill('fc_wrong');
    await page.keyboard.press('Enter');
    await dialog.getByText('The service did not accept this token.').waitFor();
    await dialog.getByLabel('Token').fill(SECRET);
    await dialog.getByRole('button', { name: 'Use token' }).click();
    await card('Overview').getByText('Version 0').waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Token in use' }).waitFor();
    await card('Overview').getByText('Version 0').waitFor();
    expect(await askPage(page, 'keptForLong')).toEqual([]);
  });

  it('shows four steps before there is anything, and how things stand', async () => {
    const overview = card('Overview');
    await overview.getByText('Version 0').waitFor();
    await overview.getByText('Secure aggregation on').waitFor();
    await overview.getByText('Noise off').waitFor();
    const steps = card('Four steps to a retriever that learns');
    expect(await steps.getByRole('link').allInnerTexts()).toEqual([
      'Add documents',
      'Ask',
      'Give feedback',
      'Train',
    ]);
    await picture(page, 'empty');
    await go('Training');
    await card('Training').getByText('No run yet').waitFor();
    await card('Accuracy by version').getByText('Nothing measured yet').waitFor();
    expect(await page.getByRole('button', { name: 'Start training' }).count()).toBe(0);
    await go('Federation');
    await card('Regions').getByText('No documents yet').waitFor();
    await page.getByRole('link', { name: 'Documents', exact: true }).last().click();
    await page.getByRole('heading', { name: 'Documents', level: 1 }).waitFor();
  });

  documentTests(visit);

  it('asks before it trains, and Escape means no', async () => {
    for (const key of ['manual.pdf', 'late.txt', '\u{1f98a}.html', 'guide%2F\u05e9\u05dc\u05d5\u05dd.txt']) {
      await desk.send('DELETE', `/v1/items/${key}`);
    }
    await fill(desk);
    await go('Training');
    await card('Training').getByRole('button', { name: 'Start training' }).click();
    const dialog = page.getByRole('dialog', { name: 'Start training now?' });
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await expect.poll(() => page.locator(':focus').innerText()).toBe('Start training');
    expect(await desk.send('GET', '/v1/rounds')).toMatchObject({ runs: [] });
  });

  it('tells a token that may only read so when it wants more', async () => {
    const made = (await desk.send('POST', '/v1/tokens', { name: 'reader', scopes: ['query'] })) as {
      token: string;
    };
    // Another tab knows nothing of the first one's token.
    const { page: other } = await open(browser, `${desk.url}/dashboard/training`);
    await other.getByRole('dialog').getByLabel('Token').fill(made.token);
    await other.keyboard.press('Enter');
    await other.getByRole('button', { name: 'Start training' }).click();
    await other.getByRole('dialog').getByRole('button', { name: 'Start training' }).click();
    await other.getByRole('alert').getByText('has not the scope train').waitFor();
    await other.close();
  });

  it('shows a run while it goes on, and what came of it', async () => {
    const training = card('Training');
    const regions = training.getByRole('list', { name: 'Regions in this round' });
    const steps = training.getByRole('list', { name: 'Steps of this round' });
    await training.getByRole('button', { name: 'Start training' }).click();
    // Looked for from before it starts: the run is a short one.
    const running = Promise.all([
      training.getByRole('button', { name: 'Stop the run' }).waitFor(),
      ...REGIONS.map((region) => regions.getByText(region, { exact: true }).waitFor()),
      steps.getByText('Masked sums').waitFor(),
    ]);
    await page.getByRole('dialog').getByRole('button', { name: 'Start training' }).click();
    await running;
    await picture(page, 'running');
    await training.getByText('Published').waitFor({ timeout: 150_000 });
    await card('Three speeds of learning').getByText('version 1', { exact: true }).waitFor();
    const rows = card('Versions').getByRole('row');
    expect(await rows.nth(1).innerText()).toMatch(/v1\s+Serving\s+[\d.]+ %\s+[\d.]+ %\s+\+[\d.]+/);
    expect(await rows.nth(2).innerText()).toMatch(/v0\s+Available/);
  });

  it('draws accuracy, loss and participation, each with a name', async () => {
    await expectCharts();
  });

  it('shows plain and trained score side by side, and takes feedback', async () => {
    await go('Search');
    await card('Overview').getByText('Version 1').waitFor();
    const search = card('Search');
    await search.getByRole('searchbox', { name: 'Question' }).fill('still nothing in the mail');
    await page.keyboard.press('Enter');
    const hit = search.getByRole('listitem').filter({ hasText: 'Delayed shipments' });
    await hit.waitFor();
    await hit.getByText('Scores').click();
    const [plain, trained] = await hit.getByRole('definition').allInnerTexts();
    expect(plain).toMatch(/^0\.\d{3}$/);
    expect(trained).toMatch(/^0\.\d{3}$/);
    expect(trained).not.toBe(plain);
    await hit.getByText(/\d(st|nd|rd|th) in plain search/).waitFor();
    const button = hit.getByRole('button', { name: 'Relevant', exact: true });
    await button.click();
    await hit.getByText(new RegExp(`Kept in (${REGIONS.join('|')})`)).waitFor();
    expect(await button.getAttribute('aria-pressed')).toBe('true');
    await picture(page, 'trained');
  });

  operatorTests(visit);

  it('is accessible in every view, and each has an address and a name of its own', async () => {
    for (const view of ['Search', 'Documents', 'Training', 'Privacy', 'Federation', 'Settings']) {
      const path = view === 'Search' ? '' : `/${view.toLowerCase()}`;
      await page.goto(`${desk.url}/dashboard${path}`);
      await page.getByRole('heading', { name: view, level: 1 }).waitFor();
      await expect.poll(() => page.title()).toBe(`${view} · fedcar dashboard`);
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
      await expectAccessible(page, `dashboard-${view.toLowerCase()}`);
      expect(await askPage(page, 'unnamedControls')).toEqual([]);
    }
    await page.goBack();
    await page.getByRole('heading', { name: 'Federation', level: 1 }).waitFor();
    await go('Training');
  });

  it('rolls back when asked twice', async () => {
    await card('Versions').getByRole('button', { name: 'Activate version 0' }).click();
    const dialog = page.getByRole('dialog', { name: 'Serve version 0?' });
    await dialog.getByRole('button', { name: 'Roll back' }).click();
    await card('Versions').getByRole('button', { name: 'Activate version 1' }).waitFor();
    const { versions } = (await desk.send('GET', '/v1/models')) as {
      versions: { version: number; state: string }[];
    };
    expect(versions.find(({ state }) => state === 'serving')?.version).toBe(0);
  });

  it('can be read in both schemes', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expectContrast(page, colorScheme);
      await expectCharts();
      await picture(page, colorScheme);
    }
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('fits a phone', async () => {
    await expectToFit(page, 390);
    await expectToFit(page, 320);
    await page.setViewportSize({ width: 390, height: 844 });
    await picture(page, 'phone');
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('is walked through with the keyboard', async () => {
    await page.reload();
    await card('Versions').getByRole('row').nth(2).waitFor();
    // Cards come as their answers do; this link stands first.
    await page.getByRole('link', { name: 'What the regions were told', exact: true }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator(':focus').getAttribute('id')).toBe('main');
    await page.keyboard.press('Tab');
    await expect.poll(() => page.locator(':focus').innerText()).toBe('What the regions were told');
    await page.getByRole('link', { name: 'Privacy', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Privacy', level: 1 }).waitFor();
    await expect.poll(() => page.locator(':focus').getAttribute('id')).toBe('main');
  });

  it('says which region does not answer and what waits, and keeps the last figures when none does', async () => {
    await page.route('**/v1/regions', async (route) => {
      const answer = (await (await route.fetch()).json()) as {
        regions: { region: string; waiting: number }[];
      };
      const regions = answer.regions.filter(({ region }) => region !== 'sam');
      for (const [index, region] of regions.entries()) region.waiting = index === 0 ? 1234 : 0;
      await route.fulfill({ json: { regions, away: ['sam'] } });
    });
    await page.goto(`${desk.url}/dashboard/federation`);
    await card('Regions').getByText('No answer').waitFor();
    expect(
      await card('Regions')
        .getByText(/waiting/)
        .allInnerTexts(),
    ).toEqual(['1,234 waiting']);
    await page.goto(`${desk.url}/dashboard`);
    await card('Overview').getByText('no answer from sam').waitFor();
    await page.unroute('**/v1/regions');
    await page.route('**/v1/models', (route) => route.abort());
    await page.goto(`${desk.url}/dashboard/training`);
    await card('Versions').getByText('The service does not answer.').waitFor();
    await page.unroute('**/v1/models');
    watched.faults.splice(
      0,
      Number.POSITIVE_INFINITY,
      ...watched.faults.filter((fault) => !/ERR_FAILED/.test(fault)),
    );
  });

  it('shows what noise has spent of the budget, and what is left', async () => {
    const training = { steps: 4, samplingRate: 0.5 };
    const privacy = { epsilon: 8, runEpsilon: 4, censusEpsilon: 0, training };
    await desk.send('POST', '/v1/collections', {
      name: 'careful',
      settings: { regions: REGIONS, privacy, schedule: { everyHours: 0 } },
    });
    const items = ['one', 'two'].map((key) => ({ key, text: `about ${key}` }));
    await desk.send('POST', '/v1/collections/careful/items', { items });
    // A counting round is charged although nobody asked anything.
    await desk.send('POST', '/v1/collections/careful/rounds');
    await page.goto(`${desk.url}/dashboard/training?collection=careful`);
    await card('Training').getByText('Failed', { exact: true }).waitFor({ timeout: 60_000 });
    await go('Privacy');
    const budget = card('Privacy budget');
    await budget.getByText(/The next run brings ε to/).waitFor();
    const meter = budget.getByRole('img', { name: /^ε \d\.\d\d of 8\.00 is spent/ });
    // The page reads the budget again after the run.
    await expect.poll(() => meter.getAttribute('aria-label'), { timeout: 30_000 }).not.toContain('ε 0.00');
    expect(await page.getByRole('combobox', { name: 'Collection' }).inputValue()).toBe('careful');
    await expectContrast(page, 'careful');
    await picture(page, 'careful');
  });

  it('did nothing that the page’s policy forbids, and loaded nothing from elsewhere', () => {
    expect(watched.faults).toEqual([]);
  });
});
