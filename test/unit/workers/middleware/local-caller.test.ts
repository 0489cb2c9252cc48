/** Development without a secret answers this machine and no page of another origin. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { caughtLog, guardedApp, SECRET } from '../../../helpers/guarded-app.ts';

beforeEach(() => void caughtLog());
afterEach(() => void vi.restoreAllMocks());

const DEVELOPMENT = { FEDCAR_ENVIRONMENT: 'development' };

describe('development without a secret', () => {
  it.each([
    ['http://evil.example/v1/search', {}],
    ['http://127.0.0.1.evil.example/v1/search', {}],
    ['http://192.168.1.7:8787/v1/search', {}],
    ['http://localhost:8787/v1/search', { origin: 'https://evil.example' }],
    ['http://localhost:8787/v1/search', { origin: 'null' }],
    ['http://127.0.0.1:8787/v1/search', { origin: 'http://localhost.evil.example' }],
  ])('does not answer %s %j', async (path, headers) => {
    const { ask } = guardedApp();
    const refused = await ask(path, { body: { query: 'x' }, headers, env: DEVELOPMENT });
    expect(refused).toMatchObject({ status: 403, json: { code: 'forbidden' } });
    // With a secret tokens decide, wherever the page is from.
    const env = { ...DEVELOPMENT, FEDCAR_ADMIN_TOKEN: SECRET };
    expect((await ask(path, { body: { query: 'x' }, headers, env, token: SECRET })).status).toBe(200);
  });

  it.each([
    ['http://localhost:8787/v1/search', {}],
    ['http://[::1]:8787/v1/search', {}],
    ['http://127.0.0.1:8787/v1/search', { origin: 'http://localhost:3000' }],
    ['http://app.localhost/v1/search', { origin: 'http://app.localhost' }],
    ['http://workstation/v1/search', { origin: 'https://help.example' }],
  ])('answers %s %j', async (path, headers) => {
    const more = { FEDCAR_HOSTS: 'container, workstation', FEDCAR_CORS_ORIGINS: 'https://help.example' };
    const { status } = await guardedApp().ask(path, {
      body: { query: 'x' },
      headers,
      env: { ...DEVELOPMENT, ...more },
    });
    expect(status).toBe(200);
  });
});
