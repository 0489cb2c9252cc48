/** Sign-ins of an issuer on this machine: with a clock that is moved, and with the Worker in workerd. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Deployment } from '../../../../cli/deployment.ts';
import { FAILURES_PER_MINUTE } from '../../../../workers/middleware/authenticate.ts';
import { CLOCK_TOLERANCE_S, REMEMBERED_MS } from '../../../../workers/middleware/oidc.ts';
import { COOLDOWN_MS, FRESH_MS, HARD_MS } from '../../../../workers/middleware/oidc-keys.ts';
import { oidcSettings } from '../../../../workers/middleware/oidc-settings.ts';
import { caughtLog, guardedApp, PRODUCTION, SECRET } from '../../../helpers/guarded-app.ts';
import { AUDIENCE, type Issuer, startIssuer } from '../../../helpers/issuer.ts';
import { startService } from '../../../helpers/service.ts';

const time = { ms: Date.now() };
let issuer: Issuer;

const rules = [
  { claim: 'groups', value: 'search-admins', scopes: ['admin'] },
  { claim: 'groups', value: 'shop-*', scopes: ['query', 'ingest'], collections: ['shop'] },
  { claim: 'email', value: '*@shop.example', scopes: ['query'] },
];
const settings = (more: object = {}) =>
  JSON.stringify({ issuer: issuer.url, audience: AUDIENCE, rules, ...more });

beforeAll(async () => {
  caughtLog();
  issuer = await startIssuer(() => time.ms);
});
afterAll(() => issuer.close());

/** Searches are asked with a question, the rest is read. */
const bodyFor = (path: string) => (path.endsWith('/search') ? { body: { query: 'x' } } : {});

/** The application at the issuer’s time. */
function signedApp(more: object = {}) {
  const guarded = guardedApp();
  guarded.time.ms = time.ms;
  const env = { ...PRODUCTION, FEDCAR_OIDC: settings(more) };
  const get = async (token: string, path = '/v1/search', headers: Record<string, string> = {}) => {
    const { status, json } = await guarded.ask(path, { token, env, headers, ...bodyFor(path) });
    return { status, code: json.code, detail: json.detail };
  };
  return { ...guarded, env, get };
}

beforeEach(async () => {
  Object.assign(issuer, { away: false, claims: null, asked: 0 });
});

describe('what claims allow', () => {
  it.each([
    [{}, '/v1/search', 200],
    [{}, '/v1/collections', 403],
    [{ groups: ['staff', 'search-admins'] }, '/v1/collections', 200],
    // The first rule that fits counts, not all of them.
    [{ groups: ['shop-staff'] }, '/v1/search', 403],
    [{ groups: 'shop-staff' }, '/v1/collections/shop/search', 404],
    [{ email: 'ada@elsewhere.example' }, '/v1/search', 403],
    [{ email: 'shop.example' }, '/v1/search', 403],
    [{ email: ['ada@shop.example'] }, '/v1/search', 200],
    [{ email: { '*@shop.example': true } }, '/v1/search', 403],
  ])('%j at %s: %i', async (claims, path, expected) => {
    const { get } = signedApp();
    expect((await get(await issuer.sign(claims), path)).status).toBe(expected);
  });

  it('are nobody’s but the issuer’s: a deployment without settings knows no sign-in', async () => {
    const { ask } = guardedApp();
    expect((await ask('/v1/search', { token: await issuer.sign() })).status).toBe(401);
  });

  it('are written down under a name that names nobody, and leave tokens and the secret as they were', async () => {
    const { ask, env, audit, token } = signedApp();
    const admin = await issuer.sign({ groups: ['search-admins'] });
    await ask('/v1/tokens', { method: 'POST', token: admin, env, body: {} });
    expect(audit[0]?.principal).toMatch(/^person:[\w-]{16}$/);
    expect((await ask('/v1/search', { env, token: token({}), ...bodyFor('/v1/search') })).status).toBe(200);
    expect((await ask('/v1/collections', { env, token: SECRET })).status).toBe(200);
  });
});

describe('Cloudflare Access', () => {
  const path = 'https://search.example/v1/search';
  const asked = async (headers: Record<string, string>, where = path) => {
    const { ask, env } = signedApp();
    const assertion = await issuer.sign({ groups: ['search-admins'] });
    return (
      await ask(where, {
        env,
        ...bodyFor('/v1/search'),
        headers: { 'cf-access-jwt-assertion': assertion, ...headers },
      })
    ).status;
  };

  it('signs the dashboard’s requests, but none that another page has the browser make', async () => {
    expect(await asked({})).toBe(200);
    expect(await asked({ 'sec-fetch-site': 'same-origin', origin: 'https://search.example' })).toBe(200);
    expect(await asked({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await asked({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await asked({ origin: 'https://evil.example' }, 'https://search.example/v1/rounds')).toBe(403);
  });

  it('is checked like any other: the header alone is worth nothing', async () => {
    expect(await asked({ 'cf-access-jwt-assertion': issuer.unsigned({ groups: ['search-admins'] }) })).toBe(
      401,
    );
    expect(await asked({ 'cf-access-jwt-assertion': 'nonsense' })).toBe(401);
  });
});

describe('keys', () => {
  it('that were rotated are read when a token names a new one, at most every 30 s', async () => {
    const { get, time: clock } = signedApp();
    const old = await issuer.sign();
    expect((await get(old)).status).toBe(200);
    await issuer.rotate('ES256');
    const fresh = await issuer.sign();
    expect((await get(fresh)).status).toBe(401);
    expect(issuer.asked).toBe(1);
    clock.ms += COOLDOWN_MS;
    expect((await get(fresh)).status).toBe(200);
    expect(issuer.asked).toBe(2);
    // The old key is good for nothing any more, once what was remembered of it is over.
    clock.ms += REMEMBERED_MS;
    expect((await get(old)).status).toBe(401);
    await issuer.rotate('RS256');
  });

  it('are not asked for by tokens with invented names, however many', async () => {
    const { get } = signedApp();
    for (let i = 0; i < 10; i++)
      expect((await get(await issuer.sign({}, { kid: `k${i}` }))).status).toBe(401);
    expect(issuer.asked).toBe(1);
  });

  it('serve on for a time when the issuer is away, and then say so', async () => {
    const { get, time: clock } = signedApp();
    const token = await issuer.sign({}, { expires: 86_400 });
    expect((await get(token)).status).toBe(200);
    issuer.away = true;
    clock.ms += FRESH_MS;
    expect((await get(token)).status).toBe(200);
    clock.ms += HARD_MS;
    const refused = await get(token);
    expect(refused).toMatchObject({ status: 503, code: 'unavailable' });
    expect((await get(token)).status).toBe(503);
    issuer.away = false;
    clock.ms += COOLDOWN_MS;
    expect((await get(token)).status).toBe(200);
  });

  it('are not those of an issuer that calls itself otherwise', async () => {
    issuer.claims = 'https://another.example';
    expect((await signedApp().get(await issuer.sign())).status).toBe(503);
    expect((await signedApp({ keys: `${issuer.url}/keys` }).get(await issuer.sign())).status).toBe(200);
  });

  it('count bad tokens like others: too many of a network wait', async () => {
    const { get } = signedApp();
    const headers = { 'cf-connecting-ip': '203.0.113.9' };
    const bad = issuer.unsigned();
    for (let i = 0; i < FAILURES_PER_MINUTE; i++) await get(bad, '/v1/search', headers);
    expect((await get(bad, '/v1/search', headers)).status).toBe(429);
  });
});

describe('settings', () => {
  it.each([
    ['no JSON', '{', 'is no JSON'],
    ['no rule', settingsWith({ rules: [] }), 'FEDCAR_OIDC.rules'],
    [
      'an address without TLS',
      settingsWith({ issuer: 'http://id.example' }),
      'FEDCAR_OIDC.issuer: has to be an https',
    ],
    [
      'an unknown scope',
      settingsWith({ rules: [{ claim: 'a', value: 'b', scopes: ['all'] }] }),
      'rules.0.scopes.0',
    ],
    [
      'a star in the middle',
      settingsWith({ rules: [{ claim: 'a', value: 'b*c', scopes: ['query'] }] }),
      'rules.0',
    ],
    ['a misspelt field', settingsWith({ audiences: 'x' }), 'audiences'],
  ])('with %s are refused by name, and let nobody in', async (_what, text, said) => {
    expect(() => oidcSettings(text)).toThrow(said);
    const { ask } = guardedApp();
    const env = { ...PRODUCTION, FEDCAR_OIDC: text };
    expect(
      (await ask('/v1/search', { env, token: await issuer.sign(), ...bodyFor('/v1/search') })).json,
    ).toMatchObject({
      status: 503,
    });
    expect((await ask('/v1/search', { env, token: SECRET, ...bodyFor('/v1/search') })).status).toBe(200);
  });

  function settingsWith(more: object): string {
    return JSON.stringify({ issuer: 'https://id.example', audience: 'a', rules, ...more });
  }
});

describe('in workerd', () => {
  let folder: string;
  let service: Deployment;
  const status = async (token: string) =>
    (await fetch(`${service.url}/v1/models`, { headers: { authorization: `Bearer ${token}` } })).status;

  beforeAll(async () => {
    time.ms = Date.now();
    folder = mkdtempSync(join(tmpdir(), 'fedcar-oidc-'));
    const variables = { FEDCAR_ADMIN_TOKEN: SECRET, FEDCAR_OIDC: settings() };
    service = await startService({ folder, variables });
  }, 120_000);
  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('a sign-in counts, and everything that is not quite one does not', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    // The start took its time.
    time.ms = Date.now();
    const skew = CLOCK_TOLERANCE_S;
    const good: [string, string][] = [
      ['a good one', await issuer.sign()],
      ['several audiences', await issuer.sign({ aud: ['another', AUDIENCE] })],
      ['just over', await issuer.sign({}, { expires: -skew / 2 })],
      ['not quite yet', await issuer.sign({}, { notBefore: skew / 2 })],
    ];
    for (const [what, token] of good) expect([what, await status(token)]).toEqual([what, 200]);
    const bad: [string, string][] = [
      ['wrong audience', await issuer.sign({ aud: 'another' })],
      ['no audience', await issuer.sign({ aud: undefined })],
      ['wrong issuer', await issuer.sign({ iss: `${issuer.url}/` })],
      ['expired', await issuer.sign({}, { expires: -2 * skew })],
      ['not yet', await issuer.sign({}, { notBefore: 2 * skew })],
      ['no end', await issuer.sign({ exp: undefined })],
      ['nobody', await issuer.sign({ sub: undefined })],
      ['alg none', issuer.unsigned()],
      ['HS256 with the public key', await issuer.signWithPublicKey()],
      ['another key', await issuer.sign({}, { key: privateKey })],
      ['an unknown key', await issuer.sign({}, { kid: 'other' })],
      ['changed', (await issuer.sign()).replace(/\.[^.]{20}/, (start) => `${start.slice(0, -1)}A`)],
      ['cut', (await issuer.sign()).slice(0, -4)],
    ];
    for (const [what, token] of bad) expect([what, await status(token)]).toEqual([what, 401]);
    expect(await status(SECRET)).toBe(200);
  });
});
