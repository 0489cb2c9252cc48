/** Participants from outside, driven by hand against the real Directory and Coordinator by the code that they run. */
import type { Coordinator } from '../../../durable-objects/coordinator/coordinator.ts';
import { directory } from '../../../durable-objects/names.ts';
import { toBase64Url, utf8 } from '../../../shared/crypto/bytes.ts';
import { generateSigner, type Signer } from '../../../shared/crypto/ed25519.ts';
import { sha256 } from '../../../shared/crypto/hash.ts';
import { systemRandom } from '../../../shared/crypto/random.ts';
import { signTerms } from '../../../shared/participant/terms.ts';
import { cryptoSource } from '../../../shared/privacy/random-source.ts';
import { ItemInput } from '../../../shared/protocol/api/item.ts';
import type { Run } from '../../../shared/protocol/api/run.ts';
import type { RoundSpec } from '../../../shared/protocol/rounds.ts';
import type { ClientMessage } from '../../../shared/protocol/secagg.ts';
import { encodeContribution } from '../../../shared/round/mechanism.ts';
import { SecaggClient } from '../../../shared/secagg/client.ts';
import { MemoryClientStore } from '../../../shared/secagg/memory-store.ts';
import { signRoster } from '../../../shared/secagg/roster.ts';
import { vectorSource } from '../../helpers/vector-source.ts';
import { collection, hubOf, hubStub, objects, regionOf } from '../../workerd/objects.ts';

const HOUR = 3_600_000;
const DOCUMENTS = 40;
const TURN_MS = 50;
/** A run of which nobody has been asked anything for so long has lost a wake-up: between turns there are alarms alone. */
const IDLE_MS = 90_000;
/** Members are one after another here: where hundreds share a busy processor, one step of all of them takes minutes. */
const PHASE_MS = 3_600_000;

export interface Guest {
  name: string;
  signer: Signer;
  client: SecaggClient;
  vector: Uint32Array;
  /** The round that the vector is of. */
  round: string;
  /** What a hostile one makes of its vector. */
  poison?: (words: Uint32Array, spec: RoundSpec) => void;
  /** What a hostile one sends in the place of its answer. */
  twist?: (guest: Guest, message: ClientMessage) => Promise<ClientMessage>;
}

/** Puts the roster that waits in force. */
export async function signWaiting(collectionName: string, admin: Signer): Promise<void> {
  const book = directory(objects);
  const roster = await book.roster(collectionName);
  if (!roster.ok || roster.value.draft === null) throw new Error('no draft');
  const put = await book.putRoster(collectionName, await signRoster(roster.value.draft, admin));
  if (!put.ok) throw new Error(put.detail);
}

/** Enrols participants under a roster that the admin signs once. */
export async function guestsOf(collectionName: string, count: number, admin: Signer): Promise<Guest[]> {
  const book = directory(objects);
  await book.setAdminKey(collectionName, toBase64Url(admin.key));
  const unsigned = await book.roster(collectionName);
  if (!unsigned.ok) throw new Error(unsigned.detail);
  const { document, hash: terms } = unsigned.value.terms;
  await book.putTerms(collectionName, await signTerms(document, admin));
  const signers = new Map<string, Signer>();
  for (let i = 0; i < count; i++) {
    const name = `guest-${String(i).padStart(3, '0')}`;
    const { signer } = await generateSigner(systemRandom);
    const hash = toBase64Url(sha256(utf8(name)));
    await book.invite(collectionName, name, hash, Date.now() + HOUR);
    const enrolled = await book.enrol(collectionName, { name, key: toBase64Url(signer.key) }, hash, terms);
    if (!enrolled.ok) throw new Error(enrolled.detail);
    signers.set(name, signer);
  }
  await signWaiting(collectionName, admin);
  const trust = {
    collection: collectionName,
    adminKey: toBase64Url(admin.key),
    pin: null,
    approve: () => null,
    charge: () => {},
  };
  return [...signers].map(([name, signer]) => ({
    name,
    signer,
    client: new SecaggClient({ self: name, signer, trust, store: new MemoryClientStore() }),
    vector: new Uint32Array(0),
    round: '',
  }));
}

/** One thing that a participant does when it is asked. @returns what it was asked for; null: to wait */
export async function act(hub: DurableObjectStub<Coordinator>, guest: Guest): Promise<string | null> {
  const told = await hub.poll(guest.name);
  if (told.do === 'work') {
    const { spec } = told as { spec: RoundSpec };
    // Who has not been heard of is not waited for: everybody asks for work before anybody is done with it.
    if (guest.round !== spec.id) {
      await guest.client.forget();
      guest.round = spec.id;
      guest.vector = encodeContribution(new Float64Array(spec.dimension), spec, cryptoSource());
      guest.poison?.(guest.vector, spec);
      return 'work';
    }
    await hub.report({ type: 'ready', participant: guest.name, round: spec.id, probe: null });
    return 'vector';
  }
  if (told.do === 'answer') {
    const { round } = told;
    const answer = await guest.client.handle(told.message, vectorSource(guest.vector));
    const message = guest.twist === undefined ? answer : await guest.twist(guest, answer);
    await hub.report({ type: 'secagg', participant: guest.name, round, message });
    if (message.kind === 'masked') {
      for await (const frame of guest.client.frames()) await hub.putFrame(guest.name, round, frame);
    }
    return message.kind;
  }
  return null;
}

/**
 * Has the guests act until the run is over. Everything between turns is the alarms', which come late on a busy machine: a
 * run may take long, but somebody has to be asked for something.
 * @throws Error that says what was asked for, and of how many, when nobody is
 */
export async function played(name: string, run: string, guests: readonly Guest[]): Promise<Run> {
  const asked: string[] = [];
  let at = Date.now();
  for (;;) {
    const turn = new Map<string, number>();
    for (const guest of guests) {
      const what = await act(hubStub(name), guest);
      if (what !== null) turn.set(what, (turn.get(what) ?? 0) + 1);
    }
    if (turn.size > 0) {
      asked.push(Array.from(turn, ([what, many]) => `${what} of ${many}`).join(', '));
      at = Date.now();
    }
    const info = await hubOf(name).run(run);
    if (info !== null && info.state !== 'running') return info;
    if (Date.now() - at > IDLE_MS) {
      throw new Error(`nobody is asked anything after ${asked.join('; ')}: ${JSON.stringify(info)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, TURN_MS));
  }
}

/** A collection with documents, whose regions do not train. */
export async function hubFor(
  name: string,
  members: number,
  privacy: object = {},
  admin?: Signer,
): Promise<Guest[]> {
  const schedule = { everyHours: 0, secureDeadlineMs: PHASE_MS, phaseDeadlineMs: PHASE_MS };
  await collection(name, { regionsTrain: false, privacy, schedule }, ['east']);
  const guests = await guestsOf(name, members, admin ?? (await generateSigner(systemRandom)).signer);
  await regionOf(name, 'east').putItems(
    Array.from({ length: DOCUMENTS }, (_, i) => ItemInput.parse({ key: `d${i}`, text: `document ${i}` })),
  );
  return guests;
}
