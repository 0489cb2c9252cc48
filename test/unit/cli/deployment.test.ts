/** The real Worker in workerd, as `npm start` runs it. */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from '../../../cli/client.ts';
import { startDeployment } from '../../../cli/deployment.ts';
import type { Item } from '../../../shared/protocol/api/item.ts';
import type { Runs } from '../../../shared/protocol/api/run.ts';
import type { SearchResponse } from '../../../shared/protocol/api/search.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-deployment-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('keeps its state from one start to the next, and runs the cron handler', {
  timeout: 120_000,
}, async () => {
  const first = await startDeployment({ folder });
  try {
    const client = new Client(first.url);
    await client.post('/items', { key: 'late', title: 'Delays', text: 'When a parcel is late.' });
    await client.post('/items', { key: 'zoo', title: 'Zoo', text: 'What giraffes eat.' });
  } finally {
    await first.stop();
  }
  const second = await startDeployment({ folder });
  try {
    const client = new Client(second.url);
    const { chunks } = await client.post<SearchResponse>('/search', { query: 'my parcel is late' });
    expect(chunks.map(({ item }) => item.key)).toEqual(['late', 'zoo']);
    await second.tick();
    // Documents are there, so the first scheduled run is due.
    const { runs } = await client.get<Runs>('/rounds');
    expect(runs[0]?.reason).toBe('schedule');
  } finally {
    await second.stop();
  }
});

it('finds the objects where earlier versions kept them', { timeout: 120_000 }, async () => {
  renameSync(join(folder, 'do'), join(folder, 'objects'));
  const deployment = await startDeployment({ folder });
  try {
    const item = await new Client(deployment.url).get<Item>('/items/late');
    expect(item.title).toBe('Delays');
  } finally {
    await deployment.stop();
  }
});
