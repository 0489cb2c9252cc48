/** A deployment in workerd with the help desk's documents and questions, and pages that must behave. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { type Deployment, startDeployment } from '../../cli/deployment.ts';
import type { WorkerModule } from '../../cli/worker-bundle.ts';
import { feedback, ITEMS } from '../helpers/help-desk.ts';

export const REGIONS = ['weur', 'apac', 'sam'];

const PHASES = [
  {
    train: 'head',
    rounds: 'local',
    passes: 6,
    optimiser: { kind: 'momentum', momentum: 0, headRate: 1, decay: 'constant' },
  },
];

/** A few rounds that are enough to beat plain search on these documents. */
export const LEARNING = {
  regions: REGIONS,
  training: { seed: 7, phases: PHASES },
  heldOutShare: 0.25,
  gate: { probeTolerance: 1 },
  privacy: { noise: 'off' },
  schedule: { everyHours: 0 },
};

export interface Desk extends Deployment {
  send(method: string, path: string, body?: unknown): Promise<unknown>;
}

/** The deployment's secret, which is a token with every scope. */
export const SECRET = 'a-secret-that-only-this-test-knows';

/** @param modules the Worker, where it is bundled already */
export async function startDesk(modules?: WorkerModule[]): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'fedcar-browser-'));
  const variables = { FEDCAR_ADMIN_TOKEN: SECRET, FEDCAR_ENVIRONMENT: 'production' };
  const deployment = await startDeployment({ folder, variables, bench: { ...(modules && { modules }) } });
  return {
    ...deployment,
    async send(method, path, body) {
      const headers = { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' };
      const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
      const response = await fetch(deployment.url + path, init);
      if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
      return response.status === 204 ? null : await response.json();
    },
    async stop() {
      await deployment.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Documents in one region, questions in the two others. */
export async function fill(desk: Desk): Promise<void> {
  const [home, ...others] = REGIONS;
  await desk.send('POST', '/v1/items', { items: ITEMS, region: home });
  const records = feedback(2);
  for (const [index, region] of others.entries()) {
    const share = records.filter((_, place) => place % others.length === index);
    await desk.send('POST', '/v1/feedback', { records: share, region });
  }
}

export interface Watched {
  page: Page;
  /** What a page must not do: errors, and requests to other origins. */
  faults: string[];
}

export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const faults: string[] = [];
  // A first upload loads the encoder, beside whatever else the machine does.
  page.setDefaultTimeout(60_000);
  const { origin } = new URL(url);
  page.on('pageerror', (error) => faults.push(`thrown: ${error.message}`));
  page.on('console', (message) => {
    // A refused token is an answer, which the page explains.
    const refused = /status of 40[13]/.test(message.text());
    if (message.type() === 'error' && !refused) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  return { page, faults };
}
