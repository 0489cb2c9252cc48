/**
 * A deployment whose rosters an earlier release signed: where it holds the key, the next epoch is made in the present
 * form and training goes on; where it does not, it says who has to sign, and trains when that is done.
 */
import { abortAllDurableObjects, runInDurableObject, SELF } from 'cloudflare:test';
import { expect, it } from 'vitest';
import { directory } from '../../durable-objects/names.ts';
import type { Region } from '../../durable-objects/region/region.ts';
import { Values } from '../../durable-objects/values.ts';
import { fromBase64Url, toBase64Url, toHex } from '../../shared/crypto/bytes.ts';
import { type Signer, signerFromSeed } from '../../shared/crypto/ed25519.ts';
import { hashJson, labelled } from '../../shared/crypto/hash.ts';
import type { Rosters } from '../../shared/protocol/api/participant.ts';
import type { Federation } from '../../shared/protocol/enrolment.ts';
import { type AnySignedRoster, ROSTER_VERSION } from '../../shared/protocol/secagg.ts';
import { hasHash, type RosterPin, rosterHash, signRoster } from '../../shared/secagg/roster.ts';
import { BRIEF, collection, fill, finished, hubStub, objects, regionOf, stored } from './objects.ts';

const REGIONS = ['east', 'west'];
const SETTINGS = {
  training: { ...BRIEF, seed: 7 },
  heldOutShare: 0.25,
  gate: { probeTolerance: 1, margin: -1 },
  privacy: { noise: 'off' },
};
type Stub = DurableObjectStub<Region>;
const JUDGED = ['published', 'rejected'];

async function call<T>(name: string, method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, headers: { 'content-type': 'application/json' } };
  if (body !== undefined) init.body = JSON.stringify(body);
  return (await SELF.fetch(`https://fedcar.test/v1/collections/${name}${path}`, init)).json();
}
const rosterOf = (name: string) => call<Rosters>(name, 'GET', '/participants/roster');

async function train(name: string): Promise<void> {
  const started = await call<{ run: string; detail?: string }>(name, 'POST', '/rounds');
  expect(started.detail).toBeUndefined();
  const info = await finished(name, started.run);
  expect(JUDGED, info.error ?? '').toContain(info.state);
}

/** The rosters as the release signed them that spoke this version of the round protocol. */
async function signedThen(version: 1 | 2, chain: AnySignedRoster[], admin: Signer) {
  const label = `fedcar-secagg/${version} roster`;
  const then: AnySignedRoster[] = [];
  let { previous } = chain[0]!.roster;
  for (const { roster } of chain) {
    const { collection, epoch, threshold, colluders } = roster;
    const members = roster.members.map(({ id, key }) => ({ id, key }));
    const content = { collection, epoch, previous, members, threshold, colluders };
    const signature = toBase64Url(await admin.sign(labelled(`${label} signature`, content)));
    then.push({ roster: content, signature });
    previous = toHex(hashJson(label, content));
  }
  return { then, pin: { epoch: chain.at(-1)!.roster.epoch, hash: previous! } satisfies RosterPin };
}

/** Puts directory, coordinator and regions back to before rosters had versions. */
async function goBack(name: string, version: 1 | 2, admin: (own: Signer) => Signer): Promise<RosterPin> {
  const back = await runInDurableObject(
    directory(objects) as unknown as Stub,
    async (_, { storage: { sql } }) => {
      const rows = sql.exec<{ signed: string }>(
        'SELECT signed FROM rosters WHERE collection = ? ORDER BY epoch',
        name,
      );
      const chain = rows.toArray().map(({ signed }) => JSON.parse(signed) as AnySignedRoster);
      const { admin_seed } = sql
        .exec<{ admin_seed: string }>('SELECT admin_seed FROM collections WHERE name = ?', name)
        .one();
      const own = await signerFromSeed(fromBase64Url(admin_seed, 32));
      const made = await signedThen(version, chain, admin(own));
      for (const signed of made.then) {
        const { epoch } = signed.roster;
        const json = JSON.stringify(signed);
        sql.exec('UPDATE rosters SET signed = ? WHERE collection = ? AND epoch = ?', json, name, epoch);
      }
      sql.exec('UPDATE federations SET roster_version = 0');
      return made;
    },
  );
  await runInDurableObject(hubStub(name) as unknown as Stub, (_, { storage }) => {
    const values = new Values(storage);
    const federation = values.get<Federation>('federation');
    values.set('federation', { ...federation, rosters: back.then });
    values.set('roundRosters', back.then);
  });
  for (const each of REGIONS) {
    await runInDurableObject(regionOf(name, each) as unknown as Stub, (_, { storage }) =>
      new Values(storage).set('pin', back.pin),
    );
  }
  await abortAllDurableObjects();
  // A new release is a new isolate, whose first request asks the directory; this one remembers the collection.
  await directory(objects).collection(name);
  return back.pin;
}

it.each([1, 2] as const)('signed by the deployment under fedcar-secagg/%i', async (version) => {
  const name = `rosters-${version}`;
  await collection(name, SETTINGS, REGIONS);
  await fill(name, REGIONS);
  await train(name);
  const pin = await goBack(name, version, (own) => own);
  await train(name);
  const { current, problem } = await rosterOf(name);
  expect(problem).toBeNull();
  expect(current?.roster).toMatchObject({ version: ROSTER_VERSION, epoch: 1 });
  for (const each of REGIONS) {
    expect(await stored(regionOf(name, each), 'pin')).toEqual({
      epoch: 1,
      hash: rosterHash(current!.roster),
    });
  }
  // What the regions had pinned is what the new one names, under one of the hashes that it goes by.
  const [first] = await hubStub(name).rostersAfter(-1);
  expect(hasHash(first!.roster, pin.hash) && hasHash(first!.roster, current!.roster.previous!)).toBe(true);
});

it('signed by a key that the deployment does not have', async () => {
  const name = 'rosters-outside';
  const admin = await signerFromSeed(new Uint8Array(32).fill(9));
  await collection(name, SETTINGS, REGIONS);
  await fill(name, REGIONS);
  const { draft } = await call<Rosters>(name, 'PUT', '/participants/admin-key', {
    key: toBase64Url(admin.key),
  });
  // Signed outside from the first on, so that the chain has one signer.
  await call(name, 'PUT', '/participants/roster', await signRoster(draft!, admin));
  await train(name);
  await goBack(name, 2, () => admin);
  const refused = await call<{ code: string; detail: string }>(name, 'POST', '/rounds');
  expect(refused.code).toBe('no_roster');
  expect(refused.detail).toContain('has the form of an earlier release');
  expect(refused.detail).toContain('fedcar participants sign');
  const waiting = await rosterOf(name);
  expect(waiting).toMatchObject({ problem: refused.detail, draft: { version: ROSTER_VERSION } });
  await call(name, 'PUT', '/participants/roster', await signRoster(waiting.draft!, admin));
  expect(await rosterOf(name)).toMatchObject({ problem: null, draft: null });
  await train(name);
});
