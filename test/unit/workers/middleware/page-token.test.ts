/** Tokens that lie in pages: good for the pages that they are bound to and for their visitors, each with a limit. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TokenCreation } from '../../../../shared/protocol/api/token.ts';
import { VISITOR_PER_MINUTE } from '../../../../workers/middleware/rate-limit.ts';
import { caughtLog, guardedApp, SECRET } from '../../../helpers/guarded-app.ts';

beforeEach(() => void caughtLog());
afterEach(() => void vi.restoreAllMocks());

const PAGE = 'https://shop.example';
const body = { query: 'x' };

function page() {
  const app = guardedApp();
  return { ...app, mine: app.token({ origins: [PAGE], scopes: ['query', 'feedback'] }) };
}

describe('a token that is bound to pages', () => {
  it('is good for them, and their answers may be read there', async () => {
    const { ask, mine } = page();
    const { status, headers } = await ask('/v1/search', { body, token: mine, headers: { origin: PAGE } });
    expect(status).toBe(200);
    expect(headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(headers.get('vary')?.toLowerCase()).toContain('origin');
  });

  it('is for no other page and for no caller that names none', async () => {
    const { ask, mine } = page();
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: `${PAGE}.evil.example` },
      { origin: 'null' },
      { 'sec-fetch-site': 'same-origin' },
      {},
    ]) {
      const answer = await ask('/v1/search', {
        body,
        token: mine,
        headers: headers as Record<string, string>,
      });
      expect(answer.json).toMatchObject({ status: 403, code: 'forbidden' });
      expect(answer.json.detail).toContain(`the token is for pages of ${PAGE}`);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('is good for reading from a page of the deployment itself, which names no origin', async () => {
    const { ask, token } = guardedApp();
    const own = token({ origins: ['http://localhost'] });
    const read = (site: string) => ask('/v1/regions', { token: own, headers: { 'sec-fetch-site': site } });
    expect((await read('same-origin')).status).not.toBe(403);
    expect((await read('cross-site')).status).toBe(403);
    expect((await read('none')).status).toBe(403);
  });

  it('gives every visitor’s network a limit of its own', async () => {
    const { ask, mine } = page();
    const from = (address: string) =>
      ask('/v1/search', { body, token: mine, headers: { origin: PAGE, 'cf-connecting-ip': address } });
    for (let i = 0; i < VISITOR_PER_MINUTE; i++) expect((await from('192.0.2.1')).status).toBe(200);
    const { json, headers } = await from('192.0.2.1');
    expect(json).toMatchObject({ status: 429, code: 'too_many_requests' });
    expect(json.detail).toContain('of one visitor');
    expect(headers.get('access-control-allow-origin')).toBe(PAGE);
    expect((await from('192.0.2.2')).status).toBe(200);
  });

  it('is made with nothing but what everybody may do', () => {
    const made = (scopes: string[], origins: string[] = [PAGE]) =>
      TokenCreation.safeParse({ name: 'page', scopes, origins });
    expect(made(['query', 'feedback']).success).toBe(true);
    expect(made(['query', 'ingest']).error?.issues[0]).toMatchObject({
      path: ['scopes'],
      message: 'a token that lies in pages may have query and feedback only, not ingest',
    });
    for (const origin of ['*', 'shop.example', `${PAGE}/`, 'https://Shop.example', 'file:///x', 'null'])
      expect(made(['query'], [origin]).success, origin).toBe(false);
    expect(made(['query'], ['http://localhost:8787', 'http://[::1]:80']).success).toBe(true);
  });
});

describe('a browser that asks whether it may', () => {
  const preflight = (path: string, method: string, env?: object) =>
    guardedApp().ask(path, {
      method: 'OPTIONS',
      ...(env === undefined ? {} : { env }),
      headers: { origin: PAGE, 'access-control-request-method': method },
    });
  it('may search, ask and give feedback from any page, since the token decides', async () => {
    for (const path of ['/v1/search', '/v1/chat/completions', '/v1/feedback', '/v1/collections/x/feedback']) {
      const { status, headers } = await preflight(path, 'POST');
      expect([status, headers.get('access-control-allow-origin')], path).toEqual([204, PAGE]);
    }
    expect((await preflight('/v1/items/a', 'GET')).headers.get('access-control-allow-origin')).toBe(PAGE);
  });

  it('may nothing that a page’s token cannot do, and nothing without a secret', async () => {
    for (const [path, method, env] of [
      ['/v1/items', 'POST'],
      ['/v1/tokens', 'POST'],
      ['/v1/rounds', 'POST'],
      ['/dashboard', 'GET'],
      ['/v1/search', 'POST', { FEDCAR_ENVIRONMENT: 'development' }],
    ] as const) {
      const { headers } = await preflight(path, method, env);
      expect(headers.get('access-control-allow-origin'), `${method} ${path}`).toBeNull();
    }
  });

  it('reads no refusal of a token that is not bound to its page', async () => {
    const { ask, token } = guardedApp();
    for (const each of [SECRET, token({}), 'fc_wrong']) {
      const { headers } = await ask('/v1/search', { body, token: each, headers: { origin: PAGE } });
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});
