/** Who may do what, over HTTP: the secret, tokens, scopes, collections, and how soon a revocation counts. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mintToken } from '../../../../shared/crypto/bearer-token.ts';
import { systemRandom } from '../../../../shared/crypto/random.ts';
import { SCOPES, type Scope } from '../../../../shared/protocol/access.ts';
import { FAILURES_PER_MINUTE } from '../../../../workers/middleware/authenticate.ts';
import { LEAST_SECRET } from '../../../../workers/middleware/secret.ts';
import { HARD_MS, SOFT_MS } from '../../../../workers/middleware/token-cache.ts';
import { caughtLog, guardedApp, SECRET } from '../../../helpers/guarded-app.ts';

beforeEach(() => void caughtLog());
afterEach(() => void vi.restoreAllMocks());

const SEARCH = { query: 'x' };

describe('without its secret', () => {
  it.each([
    [{}],
    [{ FEDCAR_ENVIRONMENT: 'production' }],
    [{ FEDCAR_ENVIRONMENT: 'Development' }],
    [{ FEDCAR_ADMIN_TOKEN: '  \n' }],
    [{ FEDCAR_ADMIN_TOKEN: 'x'.repeat(LEAST_SECRET - 1) }],
    [{ FEDCAR_ADMIN_TOKEN: 'short', FEDCAR_ENVIRONMENT: 'development' }],
  ])('a deployment with %j serves nothing under /v1 and is not ready', async (env) => {
    const { ask } = guardedApp();
    for (const path of [
      '/readyz',
      '/v1/items',
      '/v1/nothing',
      '/v1/collections/x/search',
      '/v1/fl/instruction',
    ]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        if (path === '/readyz' && method !== 'GET') continue;
        const { status, json } = await ask(path, { method, env });
        expect(json, `${method} ${path}`).toMatchObject({ status: 503, code: 'secret_missing' });
        expect(status).toBe(503);
        expect(json.detail).toContain('FEDCAR_ADMIN_TOKEN');
        expect(JSON.stringify(json)).not.toContain('short');
      }
    }
  });

  it('it still says that it lives, and describes itself', async () => {
    const { ask } = guardedApp();
    expect((await ask('/healthz', { env: {} })).status).toBe(200);
    expect((await ask('/openapi.json', { env: {} })).status).toBe(200);
  });

  it('development is open', async () => {
    const { ask } = guardedApp();
    const { status } = await ask('/v1/search', { body: SEARCH, env: { FEDCAR_ENVIRONMENT: 'development' } });
    expect(status).toBe(200);
  });
});

describe('the secret', () => {
  it('is a token with every scope, also when it was stored with a line break', async () => {
    const { ask } = guardedApp();
    const env = { FEDCAR_ADMIN_TOKEN: `${SECRET}\n` };
    expect((await ask('/v1/search', { body: SEARCH, token: SECRET, env })).status).toBe(200);
    expect((await ask('/v1/collections', { token: SECRET, env })).status).toBe(200);
  });

  it('closes development, too, where it is set', async () => {
    const { ask } = guardedApp();
    const env = { FEDCAR_ADMIN_TOKEN: SECRET, FEDCAR_ENVIRONMENT: 'development' };
    expect((await ask('/v1/search', { body: SEARCH, env })).status).toBe(401);
    expect((await ask('/v1/search', { body: SEARCH, env, token: SECRET })).status).toBe(200);
  });

  it.each([`${SECRET}x`, SECRET.slice(1), SECRET.toUpperCase(), 'x', `fc_${SECRET}`])(
    'is not %j',
    async (token) => {
      const { ask } = guardedApp();
      expect((await ask('/v1/collections', { token })).json).toMatchObject({
        status: 401,
        code: 'unauthorized',
      });
    },
  );
});

describe('a request without a good token', () => {
  it.each([
    [undefined, undefined],
    ['Basic abc', undefined],
    ['Bearer', undefined],
    [`Bearer ${SECRET} ${SECRET}`, undefined],
    [`Bearer ${mintToken(systemRandom).text}`, 'invalid_token'],
    ['Bearer nonsense', 'invalid_token'],
  ])('with the header %j is refused, with the challenge of RFC 6750', async (authorization, error) => {
    const { ask } = guardedApp();
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const { json, headers: answered } = await ask('/v1/search', { body: SEARCH, headers });
    expect(json).toMatchObject({ status: 401, code: 'unauthorized' });
    const challenge = answered.get('www-authenticate') ?? '';
    expect(challenge).toMatch(/^Bearer realm="fedcar"/);
    expect(challenge.includes('error=')).toBe(error !== undefined);
    expect(JSON.stringify(json)).not.toContain(SECRET);
  });

  it('learns nothing of what exists: an unknown route and an unknown collection look the same', async () => {
    const { ask } = guardedApp();
    for (const path of ['/v1/nothing', '/v1/collections/other/items', '/v1/tokens', '/v1']) {
      expect((await ask(path)).status, path).toBe(401);
    }
  });

  it('waits after too many, and does not keep a neighbour’s good token from working', async () => {
    const { ask, token, told } = guardedApp();
    const good = token({});
    const headers = { 'cf-connecting-ip': '203.0.113.7' };
    expect((await ask('/v1/search', { body: SEARCH, token: good, headers })).status).toBe(200);
    for (let i = 0; i < FAILURES_PER_MINUTE; i++) {
      const { text } = mintToken(systemRandom);
      expect((await ask('/v1/search', { body: SEARCH, token: text, headers })).status).toBe(401);
    }
    const before = told.length;
    const more = await ask('/v1/search', { body: SEARCH, token: mintToken(systemRandom).text, headers });
    expect(more.json).toMatchObject({ status: 429, code: 'too_many_requests' });
    expect(Number(more.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(told.length).toBe(before);
    // Not even the secret is compared: guesses of it count like any others.
    expect((await ask('/v1/collections', { token: SECRET, headers })).status).toBe(429);
    expect((await ask('/v1/search', { body: SEARCH, token: good, headers })).status).toBe(200);
    const elsewhere = { 'cf-connecting-ip': '203.0.113.8' };
    expect((await ask('/v1/collections', { token: SECRET, headers: elsewhere })).status).toBe(200);
  });
});

describe('scopes', () => {
  const ROUTES: [string, string, Scope][] = [
    ['POST', '/v1/search', 'query'],
    ['GET', '/v1/items', 'query'],
    ['POST', '/v1/feedback', 'feedback'],
    ['POST', '/v1/items', 'ingest'],
    ['DELETE', '/v1/items/a', 'ingest'],
    ['POST', '/v1/rounds', 'train'],
    ['POST', '/v1/models/0/activate', 'train'],
    ['GET', '/v1/collections', 'admin'],
    ['DELETE', '/v1/collections/default', 'admin'],
    ['POST', '/v1/tokens', 'admin'],
    ['GET', '/v1/audit', 'admin'],
    ['GET', '/v1/participants', 'admin'],
    ['GET', '/v1/no-such-route', 'admin'],
  ];

  it.each(ROUTES)('%s %s needs %s', async (method, path, needed) => {
    const { ask, token } = guardedApp();
    for (const scope of SCOPES) {
      const { status, json, headers } = await ask(path, { method, token: token({ scopes: [scope] }) });
      if (scope === needed || scope === 'admin') expect([401, 403], scope).not.toContain(status);
      else {
        expect(json, scope).toMatchObject({ status: 403, code: 'forbidden' });
        expect(headers.get('www-authenticate')).toContain(`scope="${needed}"`);
      }
    }
  });

  it('of a token for some collections do not reach others, nor the deployment', async () => {
    const { ask, token } = guardedApp();
    const own = token({ scopes: ['admin'], collections: ['default'] });
    expect((await ask('/v1/search', { body: SEARCH, token: own })).status).toBe(200);
    expect((await ask('/v1/collections/default/search', { body: SEARCH, token: own })).status).toBe(200);
    for (const path of [
      '/v1/collections/other/items',
      '/v1/collections',
      '/v1/tokens',
      '/v1/audit',
      '/v1/metrics',
    ]) {
      expect((await ask(path, { token: own })).json, path).toMatchObject({ code: 'forbidden' });
    }
  });

  it.each([
    '/v1/collections/%64efault/items',
    '/v1/collections/other%2f..%2fdefault/items',
    '/v1//collections',
  ])('are not escaped by the spelling %s', async (path) => {
    const { ask, token } = guardedApp();
    const other = token({ scopes: ['query'], collections: ['mine'] });
    expect((await ask(path, { token: other })).status).toBe(403);
  });
});

describe('a revoked token', () => {
  it('works on for at most 30 s in an isolate that knows it, however often it is used', async () => {
    const { ask, token, revoke, time, settled } = guardedApp();
    const text = token({});
    expect((await ask('/v1/search', { body: SEARCH, token: text })).status).toBe(200);
    revoke(text);
    time.ms += SOFT_MS - 1;
    expect((await ask('/v1/search', { body: SEARCH, token: text })).status).toBe(200);
    time.ms += 1;
    // This one is still let through, and has the directory asked again.
    expect((await ask('/v1/search', { body: SEARCH, token: text })).status).toBe(200);
    await settled();
    expect((await ask('/v1/search', { body: SEARCH, token: text })).status).toBe(401);
  });

  it('is not used unasked after 30 s of silence', async () => {
    const { ask, token, revoke, time } = guardedApp();
    const text = token({});
    expect((await ask('/v1/search', { body: SEARCH, token: text })).status).toBe(200);
    revoke(text);
    time.ms += HARD_MS;
    expect((await ask('/v1/search', { body: SEARCH, token: text })).status).toBe(401);
  });

  it('does not outlive the directory’s absence', async () => {
    const { ask, token, state, time, settled } = guardedApp();
    const text = token({});
    expect((await ask('/v1/search', { body: SEARCH, token: text })).status).toBe(200);
    state.away = true;
    time.ms += HARD_MS - 1;
    expect((await ask('/v1/search', { body: SEARCH, token: text })).status).toBe(200);
    await settled();
    time.ms += 1;
    const { json } = await ask('/v1/search', { body: SEARCH, token: text });
    expect(json).toMatchObject({ status: 503, code: 'unavailable' });
  });
});

it('ends with its time, also where it is remembered', async () => {
  const { ask, token, time } = guardedApp();
  const text = token({ expiresAt: time.ms + 1000 });
  expect((await ask('/v1/search', { body: SEARCH, token: text })).status).toBe(200);
  time.ms += 999;
  expect((await ask('/v1/search', { body: SEARCH, token: text })).status).toBe(200);
  time.ms += 1;
  // The directory of this test knows no clock: what refuses is the edge.
  const { status } = await ask('/v1/search', { body: SEARCH, token: text });
  expect(status).toBe(401);
});
