/**
 * Rosters as large as the settings allow, through the real Directory and Coordinator: everybody is from outside and
 * answers by the code that participants run. A round that is charged must also be stored and released.
 */
import { describe } from 'vitest';
import type { Coordinator } from '../../../durable-objects/coordinator/coordinator.ts';
import { SecureSum } from '../../../durable-objects/coordinator/secure-sum.ts';
import { directory } from '../../../durable-objects/names.ts';
import { toBase64Url, utf8 } from '../../../shared/crypto/bytes.ts';
import { generateSigner, type Signer } from '../../../shared/crypto/ed25519.ts';
import { sha256 } from '../../../shared/crypto/hash.ts';
import { systemRandom } from '../../../shared/crypto/random.ts';
import { addInto } from '../../../shared/crypto/ring.ts';
import { cryptoSource } from '../../../shared/privacy/random-source.ts';
import { ItemInput } from '../../../shared/protocol/api/item.ts';
import type { Run } from '../../../shared/protocol/api/run.ts';
import type { RoundSpec } from '../../../shared/protocol/rounds.ts';
import { encodeContribution } from '../../../shared/round/mechanism.ts';
import { SecaggClient } from '../../../shared/secagg/client.ts';
import { vectorSource } from '../../../shared/secagg/client-state.ts';
import { MemoryClientStore } from '../../../shared/secagg/memory-store.ts';
import { signRoster } from '../../../shared/secagg/roster.ts';
import { collection, hubOf, hubStub, objects, regionOf, replaced, start } from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';

const HOUR = 3_600_000;
const DOCUMENTS = 40;

interface Guest {
  name: string;
  client: SecaggClient;
  vector: Uint32Array;
}

/** Enrols participants under a roster that an admin signs once. */
async function guestsOf(collectionName: string, count: number): Promise<Guest[]> {
  const { signer: admin } = await generateSigner(systemRandom);
  const book = directory(objects);
  await book.setAdminKey(collectionName, toBase64Url(admin.key));
  const signers = new Map<string, Signer>();
  for (let i = 0; i < count; i++) {
    const name = `guest-${String(i).padStart(3, '0')}`;
    const { signer } = await generateSigner(systemRandom);
    const hash = toBase64Url(sha256(utf8(name)));
    await book.invite(collectionName, name, hash, Date.now() + HOUR);
    const enrolled = await book.enrol(collectionName, { name, key: toBase64Url(signer.key) }, hash);
    if (!enrolled.ok) throw new Error(enrolled.detail);
    signers.set(name, signer);
  }
  const roster = await book.roster(collectionName);
  if (!roster.ok || roster.value.draft === null) throw new Error('no draft');
  const put = await book.putRoster(collectionName, await signRoster(roster.value.draft, admin));
  if (!put.ok) throw new Error(put.detail);
  const trust = {
    collection: collectionName,
    adminKey: toBase64Url(admin.key),
    pin: null,
    approve: () => null,
  };
  return [...signers].map(([name, signer]) => ({
    name,
    client: new SecaggClient({ self: name, signer, trust, store: new MemoryClientStore() }),
    vector: new Uint32Array(0),
  }));
}

/** One thing that a participant does when it is asked. */
async function act(hub: DurableObjectStub<Coordinator>, guest: Guest): Promise<void> {
  const told = await hub.poll(guest.name);
  if (told.do === 'work') {
    const { spec } = told as { spec: RoundSpec };
    // Who has not been heard of is not waited for: everybody asks for work before anybody is done with it.
    if (guest.vector.length === 0) {
      guest.vector = encodeContribution(new Float64Array(spec.dimension), spec, cryptoSource());
      return;
    }
    await hub.report({ type: 'ready', participant: guest.name, round: spec.id, probe: null });
  } else if (told.do === 'answer') {
    const { round } = told;
    const message = await guest.client.handle(told.message, vectorSource(guest.vector));
    await hub.report({ type: 'secagg', participant: guest.name, round, message });
    if (message.kind !== 'masked') return;
    for await (const frame of guest.client.frames()) await hub.putFrame(guest.name, round, frame);
  }
}

/** Counting rounds without queries end in a run that has too few of them, released and charged all the same. */
async function outcomeOf(name: string, members: number, completeUpTo: number): Promise<string> {
  const phaseMs = 300_000;
  const schedule = { everyHours: 0, secureDeadlineMs: phaseMs, phaseDeadlineMs: phaseMs };
  await collection(name, { regionsTrain: false, privacy: { completeUpTo }, schedule }, ['east']);
  const guests = await guestsOf(name, members);
  await regionOf(name, 'east').putItems(
    Array.from({ length: DOCUMENTS }, (_, i) => ItemInput.parse({ key: `d${i}`, text: `document ${i}` })),
  );
  const hub = hubOf(name);
  let seen = 'nothing was released';
  const sum = (original: SecureSum['sum']) =>
    function (this: SecureSum, ...[round, dimension]: Parameters<SecureSum['sum']>) {
      const released = original.call(this, round, dimension);
      const { parameters, survivors } = this.state(round)!;
      const plain = new Uint32Array(dimension);
      for (const { vector } of guests) addInto(plain, vector);
      const exact = plain.every((word, i) => word === released[i]);
      seen = `${exact ? 'the plain sum' : 'another sum'} of ${survivors.length}, ${parameters.graph.kind}`;
      return released;
    };
  await replaced(SecureSum.prototype, 'sum', sum, async () => {
    const run = await start(name);
    let info: Run | null = null;
    for (let turn = 0; turn < 60 && info?.state !== 'failed'; turn++) {
      for (const guest of guests) await act(hubStub(name), guest);
      info = await hub.run(run);
    }
    const { charges } = await hub.privacy();
    seen += `; charged ${charges.map(({ rounds }) => rounds).join()}; ${info?.error?.split(':')[0]}`;
  });
  return seen;
}

describe('a large roster', () => {
  attack(
    'a complete graph of 100 members',
    'the plain sum of 100, complete; charged 1; too few training queries',
    () => outcomeOf('hundred', 100, 100),
  );
  attack(
    'a sparse graph of 300 members',
    'the plain sum of 300, k-regular; charged 1; too few training queries',
    () => outcomeOf('threehundred', 300, 100),
  );
});
