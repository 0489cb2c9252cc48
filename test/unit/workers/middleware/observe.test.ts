/** What is told of a request, and above all what is not. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dataPoint } from '../../../../workers/middleware/analytics.ts';
import { partsOf } from '../../../../workers/middleware/observe.ts';
import { caughtLog, guardedApp, PRODUCTION, SECRET } from '../../../helpers/guarded-app.ts';

let lines: string[];
beforeEach(() => {
  lines = caughtLog();
});
afterEach(() => void vi.restoreAllMocks());

const events = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log', () => {
  it('has one line for each request, with the route’s pattern and the principal’s public id', async () => {
    const { ask, token } = guardedApp();
    const mine = token({ scopes: ['query'] });
    const headers = { 'x-request-id': 'request-1' };
    await ask('/v1/collections/default/search', { body: { query: 'x' }, token: mine, headers });
    expect(events()).toEqual([
      {
        level: 'info',
        event: 'request',
        request_id: 'request-1',
        method: 'POST',
        route: '/v1/search',
        status: 200,
        ms: 0,
        collection: 'default',
        principal: mine.split('_')[1],
      },
    ]);
  });

  it('bears the request’s id on lines from deep inside', async () => {
    const { ask } = guardedApp({ weur: 'fails' });
    await ask('/v1/search', { body: { query: 'x' }, token: SECRET, headers: { 'x-request-id': 'deep-1' } });
    const failed = events().find(({ event }) => event === 'region_failed');
    expect(failed).toMatchObject({ request_id: 'deep-1', region: 'weur' });
  });

  it('holds nothing that a person wrote, and no token, whatever happens to the request', async () => {
    const { ask, token } = guardedApp({ weur: 'fails' });
    const words = 'the-words-of-a-person';
    const mine = token({ scopes: ['query', 'ingest', 'feedback', 'admin'] });
    const asks: [string, string, unknown][] = [
      ['POST', '/v1/search', { query: words }],
      ['POST', '/v1/search', { query: 7, [words]: words }],
      ['POST', '/v1/search', `{"query": "${words}`],
      ['POST', '/v1/feedback', { query: words, item: words, contributor: words }],
      ['POST', '/v1/items', { key: words, text: words, title: words }],
      ['GET', `/v1/items/${words}`, undefined],
      ['DELETE', `/v1/contributors/${words}`, undefined],
      ['GET', `/v1/${words}?${words}=${words}`, undefined],
      ['POST', '/v1/chat/completions', { messages: [{ role: 'user', content: words }] }],
    ];
    for (const [method, path, body] of asks) {
      for (const bearer of [mine, SECRET, `${SECRET}-wrong`]) {
        const given = body === undefined ? {} : { body: body as string };
        await ask(path, {
          method,
          token: bearer,
          ...given,
          headers: { 'user-agent': words, referer: words },
        });
      }
    }
    const whole = lines.join('\n');
    expect(events().filter(({ event }) => event === 'request')).toHaveLength(asks.length * 3);
    expect(whole).not.toContain(words);
    expect(whole).not.toContain(SECRET);
    expect(whole).not.toContain(mine.split('_').slice(2).join('_'));
  });

  it('is quiet about what went well in development, and where it is told to be', async () => {
    const { ask } = guardedApp();
    await ask('/healthz', { env: { FEDCAR_ENVIRONMENT: 'development' } });
    await ask('/healthz', { env: { ...PRODUCTION, FEDCAR_LOG_LEVEL: 'error' } });
    expect(lines).toEqual([]);
  });
});

describe('Analytics Engine', () => {
  it('gets a point for each request, of fixed places, within what the platform takes', async () => {
    const points: AnalyticsEngineDataPoint[] = [];
    const env = {
      ...PRODUCTION,
      FEDCAR_ANALYTICS: { writeDataPoint: (point) => void points.push(point as AnalyticsEngineDataPoint) },
    } as typeof PRODUCTION;
    const { ask } = guardedApp();
    await ask('/v1/search', { body: { query: 'secret words' }, token: SECRET, env });
    await ask('/v1/items', { env });
    expect(points).toEqual([
      {
        indexes: ['/v1/search'],
        blobs: ['/v1/search', 'POST', '200', '', 'default', 'root', ''],
        doubles: [0, expect.any(Number), expect.any(Number), expect.any(Number), 0],
      },
      {
        indexes: ['/v1/items'],
        blobs: ['/v1/items', 'GET', '401', 'unauthorized', '', 'anonymous', ''],
        doubles: [0, 0, 0, 0, 0],
      },
    ]);
    expect(JSON.stringify(points)).not.toContain('secret words');
  });

  it('gets no more than a point may hold', () => {
    const long = 'x'.repeat(1000);
    const facts = {
      route: long,
      method: 'GET',
      status: 200,
      code: '',
      collection: long,
      principal: '',
      colo: '',
    };
    const { indexes, blobs, doubles } = dataPoint({ ...facts, milliseconds: 1, parts: {} });
    expect(indexes).toHaveLength(1);
    expect(String(indexes?.[0]).length).toBeLessThanOrEqual(96);
    expect(blobs?.length).toBeLessThanOrEqual(20);
    expect(doubles?.length).toBeLessThanOrEqual(20);
    expect((blobs as string[]).join('').length).toBeLessThan(16_384);
  });
});

it('reads the parts of an answer from its server-timing header, the known ones only', () => {
  expect(partsOf('total;dur=9, embed;dur=1.5, score;desc="s";dur=2, passages;dur=0, other;dur=4')).toEqual({
    embed: 1.5,
    score: 2,
    passages: 0,
  });
  expect(partsOf('')).toEqual({});
});
