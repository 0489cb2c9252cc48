import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppEnv } from '../../../../workers/env.ts';
import { CellRate } from '../../../../workers/middleware/cell-rate.ts';
import { ANONYMOUS_PER_MINUTE, type Limit, rateLimit } from '../../../../workers/middleware/rate-limit.ts';
import { SOFT_MS } from '../../../../workers/middleware/token-cache.ts';
import type { Problem } from '../../../../workers/problem.ts';
import { caughtLog, guardedApp, PRODUCTION } from '../../../helpers/guarded-app.ts';

beforeEach(() => void caughtLog());
afterEach(() => void vi.restoreAllMocks());

const body = { query: 'x' };

describe('a token', () => {
  it('has so many requests a minute, and is told when it has some again', async () => {
    const { ask, token, time } = guardedApp();
    const mine = token({ requestsPerMinute: 3 });
    const other = token({ requestsPerMinute: 3 });
    for (let i = 0; i < 3; i++) expect((await ask('/v1/search', { body, token: mine })).status).toBe(200);
    const { json, headers } = await ask('/v1/search', { body, token: mine });
    expect(json).toMatchObject({ status: 429, code: 'too_many_requests' });
    expect(json.detail).toContain('3 a minute');
    expect(headers.get('retry-after')).toBe('20');
    expect((await ask('/v1/search', { body, token: other })).status).toBe(200);
    time.ms += 20_000;
    expect((await ask('/v1/search', { body, token: mine })).status).toBe(200);
  });

  it('that was used up elsewhere waits here, too', async () => {
    const { ask, token, time } = guardedApp();
    const mine = token({ spentUntil: time.ms + 7000 });
    const { status, headers } = await ask('/v1/search', { body, token: mine });
    expect(status).toBe(429);
    expect(headers.get('retry-after')).toBe('7');
  });

  it('has its requests reported to the directory, each once', async () => {
    const { ask, token, told, time, settled } = guardedApp();
    const mine = token({});
    for (let i = 0; i < 5; i++) await ask('/v1/search', { body, token: mine });
    for (let i = 0; i < 3; i++) {
      time.ms += SOFT_MS;
      await ask('/v1/search', { body, token: mine });
      await settled();
    }
    expect(told.map(({ requests }) => requests)).toEqual([0, 6, 1, 1]);
  });

  it('is held to the location’s limit where there is one', async () => {
    const { ask, token } = guardedApp();
    const keys: string[] = [];
    const limiter = {
      async limit({ key }: { key: string }) {
        keys.push(key);
        return { success: keys.length < 3 };
      },
    } as unknown as RateLimit;
    const env = { ...PRODUCTION, FEDCAR_RATE_LIMITER: limiter };
    const mine = token({});
    for (const status of [200, 200, 429])
      expect((await ask('/v1/search', { body, token: mine, env })).status).toBe(status);
    expect((await ask('/v1/search', { body, token: mine, env })).headers.get('retry-after')).toBe('60');
    // A principal's public id, never what it bears.
    expect(new Set(keys)).toEqual(new Set([mine.split('_')[1]]));
  });
});

describe('by itself', () => {
  /** The limit and nothing else, for the principal of that kind. */
  function limited(kind: 'root' | 'anonymous') {
    const refused: Limit[] = [];
    const now = () => 1_000_000;
    const app = new Hono<AppEnv>();
    app.use(async (c, next) => {
      c.set('principal', { kind, id: kind, scopes: [], collections: null });
      await next();
    });
    app.use(
      rateLimit({
        cellRate: new CellRate({ now, capacity: 10 }),
        now,
        limited: (limit) => void refused.push(limit),
      }),
    );
    app.onError((error, c) => (error as Problem).response({ path: c.req.path, requestId: '' }));
    app.get('*', (c) => c.text('fine'));
    const ask = async (path: string, address: string) =>
      (await app.request(path, { headers: { 'cf-connecting-ip': address } }, PRODUCTION)).status;
    return { ask, refused };
  }

  it('leaves the bearer of the deployment’s secret alone', async () => {
    const { ask } = limited('root');
    for (let i = 0; i <= ANONYMOUS_PER_MINUTE; i++) expect(await ask('/v1/rounds', '203.0.113.7')).toBe(200);
  });

  it('gives a network so many requests without a token; whether the Worker lives may always be asked', async () => {
    const { ask, refused } = limited('anonymous');
    for (let i = 0; i < ANONYMOUS_PER_MINUTE; i++) expect(await ask('/docs', '203.0.113.7')).toBe(200);
    expect(await ask('/docs', '203.0.113.7')).toBe(429);
    expect(await ask('/healthz', '203.0.113.7')).toBe(200);
    expect(await ask('/docs', '203.0.113.8')).toBe(200);
    expect(refused).toEqual(['isolate']);
  });
});
