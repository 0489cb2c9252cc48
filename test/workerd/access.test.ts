/** Tokens, the audit log and request ids over real objects, in a deployment that is not in development. */
import {
  abortAllDurableObjects,
  createExecutionContext,
  env,
  runInDurableObject,
  SELF,
} from 'cloudflare:test';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AuditLog } from '../../durable-objects/directory/audit-log.ts';
import { Directory } from '../../durable-objects/directory/directory.ts';
import { MAX_TOKENS } from '../../durable-objects/directory/tokens.ts';
import { directory } from '../../durable-objects/names.ts';
import { inRequest, traced } from '../../durable-objects/request-context.ts';
import { mintToken, readToken } from '../../shared/crypto/bearer-token.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import type { AuditEntry } from '../../shared/protocol/api/audit.ts';
import type { Token } from '../../shared/protocol/api/token.ts';
import { createApp } from '../../workers/app.ts';
import { servicesOf } from '../../workers/bindings.ts';
import type { Env } from '../../workers/env.ts';
import { objects } from './objects.ts';

const SECRET = 'correct-horse-battery-staple';
const production = {
  ...env,
  FEDCAR_ENVIRONMENT: 'production',
  FEDCAR_ADMIN_TOKEN: SECRET,
  FEDCAR_LOG_LEVEL: 'error',
} as unknown as Env;

/** A Worker of its own, with its own memory: another isolate, as far as tokens are concerned. */
function isolate() {
  const app = createApp(servicesOf);
  return async (method: string, path: string, token?: string, body?: unknown) => {
    const init: RequestInit = { method, headers: {} };
    if (token !== undefined) Object.assign(init.headers as object, { authorization: `Bearer ${token}` });
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      Object.assign(init.headers as object, { 'content-type': 'application/json' });
    }
    const response = await app.request(path, init, production, createExecutionContext());
    const json = (await response.json().catch(() => null)) as Record<string, unknown>;
    return { status: response.status, json };
  };
}

const made = async (ask: ReturnType<typeof isolate>, more: object) =>
  (await ask('POST', '/v1/tokens', SECRET, { name: 'test', scopes: ['query'], ...more })).json as {
    id: string;
    token: string;
  };

afterEach(() => void vi.restoreAllMocks());

describe('a token', () => {
  it('is made by an admin, shown once, listed without its secret, and kept as a hash', async () => {
    const ask = isolate();
    const { status, json } = await ask('POST', '/v1/tokens', SECRET, {
      name: 'the help desk',
      scopes: ['query', 'feedback', 'query'],
      collections: ['default'],
      requests_per_minute: 60,
      expires_in_days: 30,
    });
    expect(status).toBe(201);
    expect(json).toMatchObject({
      name: 'the help desk',
      scopes: ['query', 'feedback'],
      collections: ['default'],
    });
    expect((json.expires_at as number) - (json.created_at as number)).toBe(30 * 86_400_000);
    const { token, ...rest } = json as { token: string };
    const { tokens } = (await ask('GET', '/v1/tokens', SECRET)).json as { tokens: object[] };
    expect(tokens).toContainEqual(rest);
    const secret = token.split('_').slice(2).join('_');
    const stored = await runInDurableObject(directory(objects), (_, state) =>
      JSON.stringify(state.storage.sql.exec('SELECT * FROM tokens').toArray()),
    );
    expect(stored).toContain(readToken(token)?.hash);
    expect(stored).not.toContain(secret);
  });

  it('works in every isolate, over an eviction, for its scopes and collections', async () => {
    const ask = isolate();
    const { token } = await made(ask, { collections: ['default'] });
    expect((await ask('GET', '/v1/items', token)).status).toBe(200);
    await abortAllDurableObjects();
    const other = isolate();
    expect((await other('GET', '/v1/items', token)).status).toBe(200);
    expect((await other('POST', '/v1/rounds', token)).json).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await other('GET', '/v1/collections/x/items', token)).status).toBe(403);
    expect((await other('GET', '/v1/tokens', token)).status).toBe(403);
  });

  it('is refused at once where it was revoked and where it was never seen, for good', async () => {
    const ask = isolate();
    const { id, token } = await made(ask, {});
    expect((await ask('GET', '/v1/regions', token)).status).toBe(200);
    const revoked = await ask('DELETE', `/v1/tokens/${id}`, SECRET);
    expect(revoked.json).toMatchObject({ id, revoked_at: expect.any(Number) });
    expect((await ask('GET', '/v1/regions', token)).status).toBe(401);
    expect((await isolate()('GET', '/v1/regions', token)).status).toBe(401);
    const again = await ask('DELETE', `/v1/tokens/${id}`, SECRET);
    expect(again.json).toEqual(revoked.json);
    expect((await ask('DELETE', '/v1/tokens/0123456789abcdef', SECRET)).json).toMatchObject({
      code: 'unknown_token',
    });
  });

  it('is not good with another’s secret', async () => {
    const ask = isolate();
    const { id } = await made(ask, {});
    const [, , ...secret] = (await made(ask, {})).token.split('_');
    expect((await ask('GET', '/v1/regions', `fc_${id}_${secret.join('_')}`)).status).toBe(401);
  });

  it.each([
    [{ scopes: [] }, '#/scopes'],
    [{ scopes: ['root'] }, '#/scopes/0'],
    [{ scopes: ['query'], admin: true }, '#/admin'],
    [{ scopes: ['query'], expires_in_days: 0 }, '#/expires_in_days'],
    [{ scopes: ['query'], collections: [] }, '#/collections'],
  ])('is not made of %j', async (body, pointer) => {
    const { status, json } = await isolate()('POST', '/v1/tokens', SECRET, { name: 'x', ...body });
    expect(status).toBe(400);
    expect(json.errors).toContainEqual({ pointer, detail: expect.any(String) });
  });
});

describe('the directory', () => {
  const info = (over: Partial<Token> = {}) => ({
    id: mintToken(systemRandom).id,
    name: 'x',
    scopes: ['query' as const],
    collections: null,
    origins: null,
    requests_per_minute: null,
    created_at: Date.now(),
    expires_at: null,
    ...over,
  });
  const hash = mintToken(systemRandom).hash;

  it('adds a token once however often it is told, and none under an id that is taken', async () => {
    const token = info();
    const first = await directory(objects).addToken(token, hash);
    expect(await directory(objects).addToken(token, hash)).toEqual(first);
    const other = await directory(objects).addToken(token, mintToken(systemRandom).hash);
    expect(other).toMatchObject({ ok: false, code: 'conflict' });
  });

  it('does not grant what has ended, and says when a minute’s requests are used up', async () => {
    const over = info({ expires_at: Date.now() - 1 });
    await directory(objects).addToken(over, hash);
    expect(await directory(objects).authenticate(over.id, hash, 0)).toBeNull();
    const slow = info({ requests_per_minute: 10 });
    await directory(objects).addToken(slow, hash);
    expect(await directory(objects).authenticate(slow.id, hash, 6)).toMatchObject({ spentUntil: null });
    // Two locations together.
    const spent = await directory(objects).authenticate(slow.id, hash, 6);
    expect(spent?.spentUntil).toBeGreaterThan(Date.now() - 60_000);
    expect(spent?.requestsPerMinute).toBe(10);
  });

  it('keeps which pages a token is bound to', async () => {
    const bound = info({ origins: ['https://shop.example'] });
    await directory(objects).addToken(bound, hash);
    await abortAllDurableObjects();
    expect(await directory(objects).authenticate(bound.id, hash, 0)).toMatchObject({
      origins: bound.origins,
    });
  });

  it('has room for so many tokens that are good', async () => {
    await runInDurableObject(directory(objects), (_, { storage }) => {
      const row = 'INSERT INTO tokens (id, hash, info, created_at) VALUES (?, ?, ?, 0)';
      for (let i = 0; i < MAX_TOKENS; i++) storage.sql.exec(row, `full-${i}`, hash, '{}');
    });
    expect(await directory(objects).addToken(info(), hash)).toMatchObject({ ok: false, code: 'conflict' });
    await runInDurableObject(directory(objects), (_, { storage }) => {
      storage.sql.exec("UPDATE tokens SET revoked_at = 1 WHERE id GLOB 'full-*'");
    });
    expect(await directory(objects).addToken(info(), hash)).toMatchObject({ ok: true });
    // What is over for long is forgotten on the way.
    const left = await directory(objects).tokens();
    expect(left.filter(({ id }) => id.startsWith('full-'))).toEqual([]);
  });
});

describe('the audit log', () => {
  it('is read in pages, newest first, and says how each action ended', async () => {
    const ask = isolate();
    const { id } = await made(ask, {});
    await ask('DELETE', `/v1/tokens/${id}`, SECRET);
    await ask('POST', '/v1/collections', SECRET, { name: 'NOT A NAME' });
    // How an action ended is added after its answer has left.
    await vi.waitFor(
      async () => {
        const { json } = await ask('GET', '/v1/audit?limit=3', SECRET);
        expect((json.entries as AuditEntry[]).map(({ status }) => status)).not.toContain(null);
      },
      { timeout: 30_000 },
    );
    const entries: AuditEntry[] = [];
    let next: unknown = null;
    do {
      const before: string = next === null ? '' : `&before=${next}`;
      const { json } = await ask('GET', `/v1/audit?limit=2${before}`, SECRET);
      entries.push(...(json.entries as AuditEntry[]));
      next = json.next;
    } while (next !== null);
    const ids = entries.map((entry) => entry.id);
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
    expect(new Set(ids).size).toBe(ids.length);
    expect(entries.slice(0, 3)).toMatchObject([
      { principal: 'root', action: 'POST /v1/collections', status: 400 },
      { principal: 'root', action: 'DELETE /v1/tokens/:id', target: id, status: 200 },
      { principal: 'root', action: 'POST /v1/tokens', target: null, status: 201 },
    ]);
  });

  it('keeps entries by their age, and refuses a token that would fill it', async () => {
    await runInDurableObject(directory(objects), (_, { storage }) => {
      storage.sql.exec('DELETE FROM audit');
      const log = new AuditLog(storage, { keptDays: 10, ofTokenPerDay: 5, inAll: 12 });
      const day = 86_400_000;
      const begin = (principal: string, at: number) => {
        const entry = { at, principal, action: 'x', collection: null, target: null, request_id: '' };
        const begun = log.begin(entry, at);
        return begun.ok ? begun.value : begun.code;
      };
      const first = begin('root', 0) as number;
      log.end(first, 200);
      log.end(first, 500);
      const noise = Array.from({ length: 7 }, () => begin('token', day));
      expect(noise.slice(5)).toEqual(['too_many_requests', 'too_many_requests']);
      // Another token, another day, and the secret.
      expect(begin('other', day)).toBeTypeOf('number');
      expect(begin('token', 2 * day)).toBeTypeOf('number');
      for (let time = 0; time < 4; time++) expect(begin('root', 2 * day)).toBeTypeOf('number');
      expect(begin('third', 2 * day)).toBe('audit_full');
      expect(begin('root', 10 * day)).toBeTypeOf('number');
      expect(log.page(null, 100).at(-1)).toMatchObject({ id: first, status: 200 });
      // The oldest are too old now, and what comes has room.
      expect(begin('third', 12 * day)).toBeTypeOf('number');
      expect(log.page(null, 100).map(({ at }) => at / day)).toEqual([12, 10, 2, 2, 2, 2, 2]);
    });
  });
});

describe('the id of a request', () => {
  // An error that crosses RPC counts as unhandled in this runner: these calls are made inside the object.
  const inside = (requestId: string, method: string, args: unknown[]) =>
    runInDurableObject(directory(objects), (object) =>
      object.traced(requestId, method, args).then(
        () => 'done',
        (error: Error) => error.message,
      ),
    );

  it('travels with a call to an object, which goes on as before', async () => {
    const calls: unknown[][] = [];
    const original = Directory.prototype.traced;
    vi.spyOn(Directory.prototype, 'traced').mockImplementation(function (this: Directory, ...args) {
      calls.push(args);
      return original.apply(this, args);
    });
    const outcome = await inRequest('request-7', () => traced(directory(objects)).collection('no-such'));
    expect(outcome).toMatchObject({ ok: false, code: 'unknown_collection' });
    expect(calls).toEqual([['request-7', 'collection', ['no-such']]]);
    await traced(directory(objects)).collection('no-such');
    expect(calls).toHaveLength(1);
  });

  it('is on what objects log while they work for it', async () => {
    const lines: string[] = [];
    vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
    expect(await inside('request-7', 'create', ['no', { regions: 7 }])).not.toBe('done');
    const line = JSON.parse(lines.find((each) => each.includes('object_call_failed')) as string);
    expect(line).toMatchObject({ request_id: 'request-7', object: 'Directory', method: 'create' });
  });

  it.each(['constructor', 'alarm', 'toString', 'hasOwnProperty', 'ctx', 'env', 'no-such', 'traced'])(
    'brings no caller to %s',
    async (method) => {
      vi.spyOn(console, 'error').mockImplementation(() => {});
      expect(await inside('x', method, [])).toMatch(/has no method/);
    },
  );
});

it('a deployment without its secret is locked, in workerd as well', async () => {
  const app = createApp(servicesOf);
  const locked = { ...production, FEDCAR_ADMIN_TOKEN: undefined } as unknown as Env;
  for (const path of ['/readyz', '/v1/items']) {
    const response = await app.request(path, {}, locked, createExecutionContext());
    expect(await response.json()).toMatchObject({ status: 503, code: 'secret_missing' });
  }
  // The tests themselves run in development.
  expect((await SELF.fetch('https://fedcar.test/v1/items')).status).toBe(200);
});

it('takes a compressed body', async () => {
  const token = JSON.stringify({ name: 'compressed', scopes: ['query'] });
  const stream = new Blob([token]).stream().pipeThrough(new CompressionStream('gzip'));
  const body = await new Response(stream).arrayBuffer();
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const response = await SELF.fetch('https://fedcar.test/v1/tokens', { method: 'POST', headers, body });
  expect(await response.json()).toMatchObject({ name: 'compressed' });
});
