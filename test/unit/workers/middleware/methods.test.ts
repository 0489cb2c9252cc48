import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { caughtLog, guardedApp, SECRET } from '../../../helpers/guarded-app.ts';

beforeEach(() => void caughtLog());
afterEach(() => void vi.restoreAllMocks());

it.each([
  ['DELETE', '/v1/search', 'POST'],
  ['PATCH', '/v1/items', 'GET, HEAD, POST'],
  ['PATCH', '/v1/items/a', 'DELETE, GET, HEAD, PUT'],
  // Known by its name, and not as a participant that is called so.
  ['DELETE', '/v1/participants/roster', 'GET, HEAD, PUT'],
  ['POST', '/v1/collections/default/privacy', 'GET, HEAD'],
  // Before the route looks for a signature.
  ['DELETE', '/v1/fl/instruction', 'GET, HEAD'],
  ['POST', '/healthz', 'GET, HEAD'],
])('%s %s is none of %s', async (method, path, allow) => {
  const { status, json, headers } = await guardedApp().ask(path, { method, token: SECRET });
  expect(status).toBe(405);
  expect(json).toMatchObject({ code: 'method_not_allowed' });
  expect(headers.get('allow')).toBe(allow);
});

it('a path that fits no route stays one, whatever the method', async () => {
  for (const method of ['GET', 'POST', 'OPTIONS']) {
    const { json } = await guardedApp().ask('/v1/no/such/route', { method, token: SECRET });
    expect(json).toMatchObject({ status: 404, code: 'unknown_route' });
  }
});

it('a GET with a body is a GET', async () => {
  const { app } = guardedApp();
  const request = new Request('http://fedcar.test/healthz');
  // Clients cannot be made to do so here, but others do.
  Object.defineProperty(request, 'body', { value: new ReadableStream() });
  expect((await app.request(request, {}, {})).status).toBe(200);
});
