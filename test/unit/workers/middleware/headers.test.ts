import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { caughtLog, guardedApp, PRODUCTION, SECRET } from '../../../helpers/guarded-app.ts';

beforeEach(() => void caughtLog());
afterEach(() => void vi.restoreAllMocks());

const directives = (policy: string | null) =>
  Object.fromEntries(
    (policy ?? '').split(';').map((directive) => {
      const [name, ...values] = directive.trim().split(' ');
      return [name as string, values];
    }),
  );

describe('every answer', () => {
  it.each([
    ['/v1/search', 'POST', SECRET, 400],
    ['/v1/search', 'GET', SECRET, 405],
    ['/v1/search', 'POST', undefined, 401],
    ['/v1/nothing', 'GET', SECRET, 404],
    ['/nothing', 'GET', undefined, 404],
    ['/healthz', 'GET', undefined, 200],
    ['/openapi.json', 'GET', undefined, 200],
    ['/dashboard', 'GET', undefined, 200],
    ['/docs', 'GET', undefined, 200],
  ])('%s by %s may not be sniffed, framed, or run anything foreign', async (path, method, token, status) => {
    const { ask } = guardedApp();
    const answer = await ask(path, { method, ...(token === undefined ? {} : { token }) });
    expect(answer.status).toBe(status);
    const { headers } = answer;
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('strict-transport-security')).toMatch(/max-age=\d{7,}/);
    expect(headers.get('x-request-id')).toBeTruthy();
    const policy = directives(headers.get('content-security-policy'));
    expect(policy).toMatchObject({
      'default-src': ["'none'"],
      'base-uri': ["'none'"],
      'frame-ancestors': ["'none'"],
    });
    for (const [name, values] of Object.entries(policy)) {
      for (const value of values) expect(["'none'", "'self'", 'data:'], name).toContain(value);
    }
  });

  it('under /v1 is not stored', async () => {
    const { ask } = guardedApp();
    expect(
      (await ask('/v1/search', { body: { query: 'x' }, token: SECRET })).headers.get('cache-control'),
    ).toBe('no-store');
  });

  it('bears the id that the client gave, unless that is no id', async () => {
    const { ask } = guardedApp();
    const given = await ask('/healthz', { headers: { 'x-request-id': 'abc-123' } });
    expect(given.headers.get('x-request-id')).toBe('abc-123');
    for (const id of ['a b', 'x'.repeat(65), '{"a":1}']) {
      const { headers } = await ask('/healthz', { headers: { 'x-request-id': id } });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe('other origins', () => {
  const env = { ...PRODUCTION, FEDCAR_CORS_ORIGINS: 'https://help.example, https://www.example/' };
  const preflight = (origin: string, given: typeof env | typeof PRODUCTION, path = '/v1/search') =>
    guardedApp().ask(path, {
      method: 'OPTIONS',
      env: given,
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    });

  it('that are listed may ask by every method that a route has, and read refusals, too', async () => {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
    const routes = guardedApp().app.routes.map(({ method }) => method);
    expect(methods).toEqual(
      expect.arrayContaining([...new Set(routes)].filter((method) => method !== 'ALL')),
    );
    for (const origin of ['https://help.example', 'https://www.example']) {
      const { status, headers } = await preflight(origin, env);
      expect(status).toBe(204);
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-allow-headers')).toContain('authorization');
      expect(headers.get('access-control-allow-methods')).toBe(methods.join(','));
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
    const refused = await guardedApp().ask('/v1/search', {
      body: { query: 'x' },
      env,
      headers: { origin: 'https://help.example' },
    });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://help.example');
    expect(refused.headers.get('access-control-expose-headers')).toContain('retry-after');
    expect(refused.headers.get('vary')?.toLowerCase()).toContain('origin');
  });

  it.each([
    ['https://evil.example', env],
    ['https://help.example.evil.example', env],
    ['http://help.example', env],
    ['null', env],
    ['https://help.example', PRODUCTION],
    ['*', { ...env, FEDCAR_CORS_ORIGINS: '*' }],
    ['https://any.example', { ...env, FEDCAR_CORS_ORIGINS: '*' }],
  ])('%s may not, unless it is listed letter by letter', async (origin, given) => {
    const { headers } = await preflight(origin, given, '/v1/items');
    if (origin === '*') return expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
    // Of what a page's token may do the token decides: no other answer can be read.
    const answered = await guardedApp().ask('/v1/search', {
      body: { query: 'x' },
      token: SECRET,
      env: given,
      headers: { origin },
    });
    expect(answered.headers.get('access-control-allow-origin')).toBeNull();
  });
});
