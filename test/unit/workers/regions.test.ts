import { expect, it, vi } from 'vitest';
import { createApp } from '../../../workers/app.ts';
import type { Env } from '../../../workers/env.ts';
import { memoryServices } from '../../helpers/memory-services.ts';
import { snapshotOf } from '../../helpers/snapshots.ts';

it('names the regions of the collection that do not answer beside those that do', async () => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  const services = memoryServices({
    snapshot: snapshotOf([{ item: 'a', region: 'weur', vector: [1, 0] }]),
    regions: { weur: 'answers', sam: 'fails', apac: 'hangs' },
    embed: () => Float32Array.of(1, 0),
  });
  const context = { waitUntil: () => {}, passThroughOnException: () => {} } as unknown as ExecutionContext;
  const env = { FEDCAR_ENVIRONMENT: 'development' } as Env;
  const response = await createApp(() => services).request('/v1/regions', {}, env, context);
  expect(await response.json()).toEqual({
    regions: [
      {
        region: 'weur',
        items: 1,
        passages: 1,
        waiting: 0,
        last_contribution_at: null,
        asked_for: null,
        join: null,
      },
    ],
    away: ['sam', 'apac'],
  });
});
