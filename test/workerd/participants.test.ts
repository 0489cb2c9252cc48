/** Separate operators: invitations, keys, signed requests, rosters, and how a membership ends. Through HTTP. */
import { SELF } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { toBase64Url } from '../../shared/crypto/bytes.ts';
import { type Signer, signerFromSeed } from '../../shared/crypto/ed25519.ts';
import { fingerprint } from '../../shared/crypto/fingerprint.ts';
import { signRequest } from '../../shared/crypto/request-signature.ts';
import { catchUp, enrol } from '../../shared/participant/enrol.ts';
import { type HttpPortOptions, httpPort } from '../../shared/participant/http-port.ts';
import { signTerms } from '../../shared/participant/terms.ts';
import type { Participants, Rosters } from '../../shared/protocol/api/participant.ts';
import type { Privacy } from '../../shared/protocol/api/privacy.ts';
import { readInvitation, type TermsDocument } from '../../shared/protocol/enrolment.ts';
import { type RosterPin, rosterHash, signRoster } from '../../shared/secagg/roster.ts';
import { collection, hubStub } from './objects.ts';

const ORIGIN = 'https://fedcar.test';
const NAME = 'federation';
const PREFIX = `/v1/collections/${NAME}`;

async function call<T>(method: string, path: string, body?: unknown): Promise<{ status: number; json: T }> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  const response = await SELF.fetch(`${ORIGIN}${path}`, init);
  const text = await response.text();
  return { status: response.status, json: (text === '' ? null : JSON.parse(text)) as T };
}

type Problem = { code: string; detail: string };
const signer = (seed: number) => signerFromSeed(new Uint8Array(32).fill(seed));
const options = (by: Signer): Omit<HttpPortOptions, 'url' | 'name'> => ({
  signer: by,
  fetch: (url, init) => SELF.fetch(url, init),
  now: () => Date.now(),
  pause: async () => {},
  waitS: 0,
});
const own = (by: Signer) => ({ ...options(by), url: ORIGIN, agree: () => {} });
const invite = async (who: string, more: object = {}, prefix = PREFIX) =>
  (await call<{ invitation: string }>('POST', `${prefix}/participants/invitations`, { name: who, ...more }))
    .json.invitation;
const participants = async (prefix = PREFIX) =>
  (await call<Participants>('GET', `${prefix}/participants`)).json.participants;
const rosterOf = async (prefix = PREFIX) =>
  (await call<Rosters>('GET', `${prefix}/participants/roster`)).json;
const portOf = async (who: string, seed: number, collection = NAME) =>
  httpPort({ ...options(await signer(seed)), url: `${ORIGIN}/v1/collections/${collection}`, name: who });

beforeAll(async () => {
  await collection(NAME, { privacy: { colluders: 0 } }, ['east', 'west']);
});

describe('an invitation', () => {
  it('works once: the same key may ask again, another may not', async () => {
    const invitation = await invite('clinic-a');
    const mine = own(await signer(1));
    const agreement = await enrol(invitation, mine);
    expect(agreement).toMatchObject({ collection: NAME, name: 'clinic-a', terms: { retentionDays: 365 } });
    expect(agreement.admin_key).toBe((await rosterOf()).admin_key);
    expect(await enrol(invitation, mine)).toEqual(agreement);
    await expect(enrol(invitation, own(await signer(2)))).rejects.toMatchObject({
      status: 403,
      code: 'invitation_used',
    });
  });

  it.each([
    [
      'a secret that nobody gave out',
      (text: string) => `${text.slice(0, -43)}${'A'.repeat(43)}`,
      'invitation_unknown',
    ],
    ['another name', (text: string) => text.replace('.guest.', '.other.'), 'invitation_unknown'],
  ])('does not work with %s', async (_, change, code) => {
    const invitation = change(await invite('guest'));
    const mine = own(await signer(3));
    await expect(enrol(invitation, mine)).rejects.toMatchObject({ status: 403, code });
  });

  it('does not work in another collection, when it has expired, or was replaced', async () => {
    const mine = own(await signer(3));
    await collection('elsewhere', {}, ['east', 'west']);
    const first = await invite('guest');
    const moved = first.replace(`.${NAME}.`, '.elsewhere.');
    await expect(enrol(moved, mine)).rejects.toMatchObject({ code: 'invitation_unknown' });
    const second = await invite('guest', { expires_hours: 1e-7 });
    await expect(enrol(first, mine)).rejects.toMatchObject({ code: 'invitation_unknown' });
    await expect(enrol(second, mine)).rejects.toMatchObject({ code: 'invitation_expired' });
  });

  it('is refused by the participant when the service names another admin key', async () => {
    const invitation = await invite('guest');
    const { adminKey } = readInvitation(invitation);
    const forged = invitation.replace(adminKey, toBase64Url((await signer(9)).key));
    const mine = own(await signer(3));
    await expect(enrol(forged, mine)).rejects.toThrow('not by the admin key');
    expect((await call('DELETE', `${PREFIX}/participants/guest`)).status).toBe(204);
  });

  it('is good for the terms of its day: when they change, it has to be made again', async () => {
    const prefix = '/v1/collections/moving';
    await collection('moving', { privacy: { colluders: 0 } }, ['east', 'west']);
    const invitation = await invite('guest', {}, prefix);
    const change = (privacy: object) => call('PATCH', prefix, { settings: { privacy } });
    expect((await change({ epsilon: 3 })).status).toBe(200);
    const mine = own(await signer(41));
    await expect(enrol(invitation, mine)).rejects.toMatchObject({ status: 403, code: 'terms_changed' });
    const shown: number[] = [];
    const agree = ({ terms }: TermsDocument) => void shown.push(terms.privacy.epsilon);
    const taken = await enrol(await invite('guest', {}, prefix), { ...mine, agree });
    expect([shown, taken.terms.privacy.epsilon]).toEqual([[3], 3]);
    // Who has enrolled holds rounds against what it took.
    await change({ epsilon: 2 });
    expect(await participants(prefix)).toContainEqual(
      expect.objectContaining({ name: 'guest', state: 'member' }),
    );
  });

  it('is not used up by who reads the terms and does not take them', async () => {
    const invitation = await invite('careful');
    const mine = own(await signer(42));
    const agree = () => {
      throw new Error('not taken');
    };
    await expect(enrol(invitation, { ...mine, agree })).rejects.toThrow('not taken');
    expect(await participants()).toContainEqual(
      expect.objectContaining({ name: 'careful', state: 'invited' }),
    );
    await enrol(invitation, own(await signer(43)));
    await call('DELETE', `${PREFIX}/participants/careful`);
  });

  it('is not used up by a key that takes part under another name', async () => {
    const seed = 47;
    await enrol(await invite('first-name'), own(await signer(seed)));
    const second = await invite('second-name');
    await expect(enrol(second, own(await signer(seed)))).rejects.toMatchObject({
      status: 403,
      code: 'participant_exists',
    });
    expect(await participants()).toContainEqual(
      expect.objectContaining({ name: 'second-name', state: 'invited' }),
    );
    for (const name of ['first-name', 'second-name']) {
      expect((await call('DELETE', `${PREFIX}/participants/${name}`)).status).toBe(204);
    }
  });

  it('is not given out for a region or a participant', async () => {
    for (const name of ['east', 'clinic-a']) {
      const { status, json } = await call<Problem>('POST', `${PREFIX}/participants/invitations`, { name });
      expect([status, json.code]).toEqual([409, 'participant_exists']);
    }
  });
});

describe('a signed request', () => {
  const target = `${PREFIX}/fl/instruction?wait=0`;
  const send = async (by: {
    seed: number;
    keyId: string;
    createdS?: number;
    nonce?: string;
    target?: string;
    authority?: string;
  }) => {
    const signed = await signRequest(
      {
        method: 'GET',
        authority: by.authority ?? new URL(ORIGIN).host,
        target: by.target ?? target,
        body: new Uint8Array(0),
      },
      {
        signer: await signer(by.seed),
        keyId: by.keyId,
        createdS: by.createdS ?? Math.floor(Date.now() / 1000),
        nonce: by.nonce ?? toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
      },
    );
    const response = await SELF.fetch(`${ORIGIN}${target}`, { headers: signed });
    return { status: response.status, json: (await response.json()) as Problem };
  };

  it('counts once', async () => {
    const nonce = toBase64Url(new Uint8Array(16).fill(5));
    const createdS = Math.floor(Date.now() / 1000);
    expect(await send({ seed: 1, keyId: 'clinic-a', nonce, createdS })).toMatchObject({ status: 200 });
    const again = await send({ seed: 1, keyId: 'clinic-a', nonce, createdS });
    expect([again.status, again.json.code]).toEqual([409, 'signature_replayed']);
    expect(await send({ seed: 1, keyId: 'clinic-a' })).toMatchObject({ status: 200 });
  });

  it.each([
    ['of a stranger', { seed: 1, keyId: 'clinic-x' }, 403, 'not_a_participant'],
    ['with another key', { seed: 2, keyId: 'clinic-a' }, 401, 'signature_invalid'],
    ['of a region', { seed: 1, keyId: 'east' }, 403, 'not_a_participant'],
    ['from six minutes ago', { seed: 1, keyId: 'clinic-a', createdS: -360 }, 401, 'clock_skew'],
    ['from in six minutes', { seed: 1, keyId: 'clinic-a', createdS: 360 }, 401, 'clock_skew'],
    [
      'for another service',
      { seed: 1, keyId: 'clinic-a', authority: 'other.example.org' },
      401,
      'signature_invalid',
    ],
    [
      'for another path',
      { seed: 1, keyId: 'clinic-a', target: `${PREFIX}/fl/rows?after=0` },
      401,
      'signature_invalid',
    ],
  ])('%s is refused', async (_, by, status, code) => {
    const { createdS } = by as { createdS?: number };
    const moved = createdS === undefined ? {} : { createdS: Math.floor(Date.now() / 1000) + createdS };
    const answer = await send({ ...by, ...moved });
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  it('is needed, over this very body, and for oneself', async () => {
    expect((await call<Problem>('GET', target)).json.code).toBe('signature_missing');
    const port = await portOf('clinic-a', 1);
    const report = { type: 'working' as const, participant: 'clinic-a', round: 'r.0' };
    expect(await port.report(report)).toEqual({ current: false });
    const tampering = httpPort({
      ...options(await signer(1)),
      url: `${ORIGIN}${PREFIX}`,
      name: 'clinic-a',
      fetch: (url, init) => SELF.fetch(url, { ...init, body: '{"type":"poll"}' }),
    });
    await expect(tampering.report(report)).rejects.toMatchObject({ code: 'signature_missing' });
    await expect(port.report({ ...report, participant: 'east' })).rejects.toThrow(
      'speaks for clinic-a alone',
    );
  });

  it('shows when its signer last spoke', async () => {
    const rows = await (await portOf('clinic-a', 1)).rowsSince(0, 10);
    expect(rows).toEqual([]);
    const seen = (await participants()).find(({ name }) => name === 'clinic-a')?.last_seen_at;
    expect(Date.now() - (seen ?? 0)).toBeLessThan(60_000);
  });
});

describe('the roster', () => {
  it('follows who joins, leaves and is removed, epoch by epoch, signed by the deployment', async () => {
    const before = await rosterOf();
    expect(before).toMatchObject({ signed_by: 'deployment', draft: null, problem: null });
    expect(before.current?.roster.members.map(({ id }) => id)).toEqual(['clinic-a', 'east', 'west']);
    const shown = await participants();
    expect(shown.find(({ name }) => name === 'clinic-a')).toMatchObject({
      kind: 'outside',
      state: 'member',
      fingerprint: fingerprint((await signer(1)).key),
    });
    await enrol(await invite('clinic-b'), own(await signer(4)));
    const four = (await rosterOf()).current?.roster;
    const epoch = (before.current?.roster.epoch ?? 0) + 1;
    expect(four).toMatchObject({ epoch, threshold: 4, colluders: 2, previous: before.current_hash });
    const pins: { pin: RosterPin | null } = { pin: null };
    const keep = {
      get: () => pins.pin,
      set: (pin: RosterPin) => {
        pins.pin = pin;
      },
    };
    const agreed = { collection: NAME, admin_key: before.admin_key };
    await catchUp(await portOf('clinic-b', 4), agreed, keep);
    expect(pins.pin).toEqual({ epoch, hash: (await rosterOf()).current_hash });

    await (await portOf('clinic-b', 4)).leave();
    await expect((await portOf('clinic-b', 4)).poll('clinic-b')).rejects.toMatchObject({
      code: 'not_a_participant',
    });
    expect((await call('DELETE', `${PREFIX}/participants/clinic-a`)).status).toBe(204);
    expect((await call('DELETE', `${PREFIX}/participants/clinic-a`)).status).toBe(404);
    const after = await rosterOf();
    expect(after.current?.roster.epoch).toBe(epoch + 2);
    expect(after.current?.roster.members.map(({ id }) => id)).toEqual(['east', 'west']);
    const chain = await hubStub(NAME).rostersAfter(pins.pin?.epoch ?? -1);
    expect(chain.map(({ roster }) => roster.epoch)).toEqual([epoch + 1, epoch + 2]);
  });

  it('says what to change where nothing would protect the one beside the deployment’s regions', async () => {
    const name = 'beside';
    await collection(name, {}, ['east', 'west']);
    const prefix = `/v1/collections/${name}`;
    const privacy = async () => (await call<Privacy>('GET', `${prefix}/privacy`)).json;
    expect(await privacy()).toMatchObject({
      protects: 'storage',
      colluders: 1,
      operators: [{ operator: '@deployment', members: 2 }],
    });
    await enrol(await invite('lone', {}, prefix), own(await signer(31)));
    const { json } = await call<Problem>('POST', `${prefix}/rounds`);
    expect(json).toMatchObject({
      code: 'no_roster',
      detail: expect.stringContaining('at least 2 of other operators, and there are 1'),
    });
    await enrol(await invite('second', {}, prefix), own(await signer(32)));
    expect((await rosterOf(prefix)).current?.roster).toMatchObject({ threshold: 4, colluders: 3 });
    expect(await privacy()).toMatchObject({ protects: 'operators', colluders: 3, honest: 1, members: 4 });
  });

  it('of a hall without members lets no run begin', async () => {
    await collection('hall', { regionsTrain: false }, ['hall']);
    const prefix = '/v1/collections/hall';
    expect((await call<Problem>('POST', `${prefix}/rounds`)).json).toMatchObject({ code: 'no_roster' });
    await enrol(await invite('only', {}, prefix), own(await signer(5)));
    const { json } = await call<Problem>('POST', `${prefix}/rounds`);
    expect(json).toMatchObject({
      code: 'no_roster',
      detail: expect.stringContaining('nobody to hide among'),
    });
  });
});

describe('an admin key that the deployment does not have', () => {
  const prefix = '/v1/collections/apart';
  const put = (path: string, body: unknown) =>
    call<Rosters & Problem>('PUT', `${prefix}/participants/${path}`, body);

  it('signs drafts; what it did not sign is not in force', async () => {
    await collection('apart', { privacy: { colluders: 0 } }, ['east', 'west']);
    const admin = await signer(20);
    const key = toBase64Url(admin.key);
    const pending = (await put('admin-key', { key })).json;
    expect(pending).toMatchObject({ signed_by: 'outside', signing_key: key, draft: { epoch: 1 } });
    expect(pending.admin_key).not.toBe(key);
    const draft = pending.draft;
    if (draft === null) throw new Error('no draft');
    const wrong = await put('roster', await signRoster(draft, await signer(21)));
    expect(wrong.json).toMatchObject({
      code: 'roster_refused',
      detail: expect.stringContaining('admin key'),
    });
    const longer = { ...draft, colluders: 1 };
    expect((await put('roster', await signRoster(longer, admin))).json.detail).toContain('not the draft');
    const signed = await signRoster(draft, admin);
    expect((await put('roster', signed)).json).toMatchObject({
      admin_key: key,
      draft: null,
      current: signed,
    });
    expect((await put('roster', signed)).status).toBe(200);

    const early = await call<Problem>('POST', `${prefix}/participants/invitations`, { name: 'guest' });
    expect([early.status, early.json]).toMatchObject([409, { code: 'terms_unsigned' }]);
    expect(early.json.detail).toContain('fedcar participants sign');
    const { document, hash } = pending.terms;
    expect(pending.terms.signed).toBe(false);
    const forged = await put('terms', await signTerms(document, await signer(21)));
    expect(forged.json).toMatchObject({
      code: 'invalid_request',
      detail: expect.stringContaining('admin key'),
    });
    const others = await put('terms', await signTerms(document.replace('365', '366'), admin));
    expect(others.json.code).toBe('conflict');
    expect((await put('terms', await signTerms(document, admin))).json.terms.signed).toBe(true);

    const invitation = await invite('guest', {}, prefix);
    expect(readInvitation(invitation)).toMatchObject({ adminKey: key, terms: hash });
    await enrol(invitation, own(await signer(22)));
    const states = async () => (await participants(prefix)).map(({ name, state }) => `${name} ${state}`);
    expect(await states()).toEqual(['east member', 'guest enrolled', 'west member']);
    const next = await rosterOf(prefix);
    expect(next.current).toEqual(signed);
    expect(next.draft).toMatchObject({ epoch: 2, previous: rosterHash(draft) });
    if (next.draft === null) throw new Error('no draft');
    await put('roster', await signRoster(next.draft, admin));
    expect(await states()).toEqual(['east member', 'guest member', 'west member']);
    expect(await (await portOf('guest', 22, 'apart')).rosters(0)).toHaveLength(2);

    const other = await put('admin-key', { key: toBase64Url((await signer(23)).key) });
    expect(other.json.code).toBe('admin_key_pinned');
    // Removed at once for all requests; from the roster when that is signed.
    await call('DELETE', `${prefix}/participants/guest`);
    expect(await states()).toEqual(['east member', 'guest leaving', 'west member']);
    const gone = await portOf('guest', 22, 'apart');
    await expect(gone.poll('guest')).rejects.toMatchObject({ code: 'not_a_participant' });
  });
});
