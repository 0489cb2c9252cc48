/**
 * Participants in the same deployment and participants of another operator's run the same code over two transports.
 * One suite for both: the port's promises, and a training run that ends in the same parameters bit for bit.
 */
import { runInDurableObject, SELF } from 'cloudflare:test';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Region } from '../../durable-objects/region/region.ts';
import { verifyCertificate } from '../../shared/certificate/verify.ts';
import { signerFromSeed } from '../../shared/crypto/ed25519.ts';
import type { CoordinatorPort } from '../../shared/participant/coordinator-port.ts';
import { enrol } from '../../shared/participant/enrol.ts';
import { type HttpPortOptions, httpPort } from '../../shared/participant/http-port.ts';
import type { Run } from '../../shared/protocol/api/run.ts';
import { PART_BYTES } from '../../shared/protocol/parameters.ts';
import { fetchHub, guestRegion, ORIGIN } from './guest-regions.ts';
import {
  BRIEF,
  collection,
  contentOf,
  FEW_ITEMS,
  FEW_RECORDS,
  finished,
  HALVES,
  hubOf,
  hubStub,
  regionOf,
  start,
} from './objects.ts';

const settings = (more: object = {}) => ({
  schedule: { everyHours: 0, secureDeadlineMs: 20_000, minParticipants: 3 },
  training: { ...BRIEF, seed: 7 },
  heldOutShare: 0.25,
  gate: { probeTolerance: 1, margin: -1 },
  privacy: { noise: 'off', aggregation: 'secure' },
  ...more,
});

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  const response = await SELF.fetch(`${ORIGIN}${path}`, init);
  const text = await response.text();
  expect(response.ok, `${method} ${path}: ${text}`).toBe(true);
  return (text === '' ? null : JSON.parse(text)) as T;
}

const invite = (name: string, who: string) =>
  call<{ invitation: string }>('POST', `/v1/collections/${name}/participants/invitations`, { name: who });

async function connection(seed: number): Promise<Omit<HttpPortOptions, 'url' | 'name'>> {
  return {
    signer: await signerFromSeed(new Uint8Array(32).fill(seed)),
    fetch: fetchHub,
    now: () => Date.now(),
    pause: async () => {},
    waitS: 1,
  };
}

/** Enrols and returns a port that speaks for the participant. */
async function outsider(name: string, who: string, seed: number) {
  const { invitation } = await invite(name, who);
  const options = await connection(seed);
  const agreement = await enrol(invitation, { ...options, url: ORIGIN, agree: () => {} });
  return {
    agreement,
    invitation,
    port: httpPort({ ...options, url: `${ORIGIN}/v1/collections/${name}`, name: who }),
  };
}

/** Bytes of a count of the documents. */
const VECTOR = 4 * FEW_ITEMS.length;
const MEMBERS = ['east', 'south', 'west'];

/** Where documents lie and who trains, for each transport. */
const TRANSPORTS = {
  rpc: {
    /** Three regions of one collection. */
    async gather(name: string) {
      await collection(name, settings(), MEMBERS);
      return { host: regionOf(name, 'east'), trainers: MEMBERS.map((each) => regionOf(name, each)) };
    },
    async port(name: string): Promise<{ self: string; port: CoordinatorPort }> {
      await collection(name, settings({ privacy: { noise: 'off', aggregation: 'plain' } }), ['east', 'west']);
      return { self: 'east', port: hubStub(name) as unknown as CoordinatorPort };
    },
  },
  http: {
    /** One region that has the documents and does not train; three regions of other deployments join over HTTP. */
    async gather(name: string) {
      await collection(name, settings({ regionsTrain: false }), ['hall']);
      const trainers = [];
      for (const who of MEMBERS) {
        const { invitation } = await invite(name, who);
        const allowed = { noNoise: true, maxEpsilon: 100 };
        const stub = await guestRegion(
          name,
          who,
          { regions: MEMBERS, ...settings() },
          { invitation, allowed },
        );
        trainers.push(stub);
      }
      const haveJoined = async () => {
        const list = await call<{ participants: { state: string }[] }>(
          'GET',
          `/v1/collections/${name}/participants`,
        );
        return list.participants.filter(({ state }) => state === 'member').length === 3;
      };
      await vi.waitUntil(haveJoined, { timeout: 60_000 });
      return { host: regionOf(name, 'hall'), trainers };
    },
    async port(name: string): Promise<{ self: string; port: CoordinatorPort }> {
      await collection(name, settings({ privacy: { noise: 'off', aggregation: 'plain' } }), ['west']);
      const { port } = await outsider(name, 'east', 1);
      return { self: 'east', port };
    },
  },
};

const results: Partial<Record<string, { run: Run; content: Awaited<ReturnType<typeof contentOf>> }>> = {};

describe.each(['rpc', 'http'] as const)('over %s', (transport) => {
  const name = `transport-${transport}`;

  it('three participants train and publish a version', async () => {
    const { host, trainers } = await TRANSPORTS[transport].gather(name);
    // Again with every look: an object that was idle for long begins anew.
    const halve = () =>
      Promise.all(
        trainers.map((stub) =>
          runInDurableObject(stub as DurableObjectStub<Region>, (region) => {
            region.random = HALVES;
          }),
        ),
      );
    await halve();
    await host.putItems(FEW_ITEMS);
    const half = FEW_RECORDS.length / 2;
    await trainers[0]?.addFeedback(FEW_RECORDS.slice(0, half));
    await trainers[1]?.addFeedback(FEW_RECORDS.slice(half));
    const id = await start(name);
    for (const stub of trainers) await stub.wake();
    const run = await finished(name, id, halve);
    expect(run).toMatchObject({ error: null, state: 'published' });
    for (const round of run.rounds) expect(round.contributors).toBe(3);
    results[transport] = { run, content: await contentOf(name, 1) };
    // All of them sign what they know of the run, by the same transport; each has its own operator, or one has all.
    await vi.waitUntil(async () => (await hubOf(name).certificate(1))?.missing.length === 0, {
      timeout: 60_000,
    });
    const certificate = await hubOf(name).certificate(1);
    expect((await verifyCertificate(certificate!)).problems).toEqual([]);
    expect(certificate!.claims!.operators).toHaveLength(transport === 'rpc' ? 1 : 3);
    expect(certificate!.rounds).toHaveLength(run.rounds.length);
  });

  describe('the port', () => {
    const ports = `ports-${transport}`;
    let self = '';
    let port: CoordinatorPort;
    let round = '';
    let width = 0;

    beforeAll(async () => {
      ({ self, port } = await TRANSPORTS[transport].port(ports));
      await regionOf(ports, 'west').putItems(FEW_ITEMS);
    });

    it('waits without end while no run is on', async () => {
      expect(await port.poll(self)).toEqual({ do: 'wait', ms: 0, round: null });
    });

    it('gives work once a run is on, and the same again', async () => {
      // Nobody but the test speaks: the regions try to get somewhere else.
      for (const each of ['east', 'west']) {
        await runInDurableObject(regionOf(ports, each) as DurableObjectStub<Region>, (region) => {
          region.joins = () => ({ url: 'https://nowhere.test', invitation: '', allowed: {}, limits: {} });
        });
      }
      await start(ports);
      const instruction = await vi.waitUntil(
        async () => {
          const next = await port.poll(self);
          return next.do === 'work' && next;
        },
        { timeout: 30_000 },
      );
      expect(instruction.spec).toMatchObject({ kind: 'count', collection: ports });
      expect(await port.poll(self)).toEqual(instruction);
      round = instruction.spec.id;
    });

    it('shows rows in pages, and their embeddings', async () => {
      const all = await port.rowsSince(0, 100);
      expect(all.map(({ item }) => item).sort()).toEqual(FEW_ITEMS.map(({ key }) => key).sort());
      const first = await port.rowsSince(0, 2);
      expect(first).toEqual(all.slice(0, 2));
      expect(await port.rowsSince(first.at(-1)?.changedAt ?? 0, 100)).toEqual(all.slice(2));
      const found = await port.rowEmbeddings(all.map(({ row }) => row));
      width = found.length / all.length;
      expect(width).toBe(384);
      expect(Math.hypot(...found.subarray(0, width))).toBeCloseTo(1, 4);
    });

    it('takes pieces of the round’s vector alone', async () => {
      const header = { participant: self, round, chunks: 4096 };
      const none = { current: false };
      expect(await port.putChunk({ ...header, chunk: 4095 }, new Uint8Array(PART_BYTES))).toEqual(none);
      expect(await port.putChunk({ ...header, chunk: 1 }, new Uint8Array(VECTOR))).toEqual(none);
      expect(await port.putChunk({ ...header, chunk: 0 }, new Uint8Array(PART_BYTES))).toEqual(none);
      expect(await port.putChunk({ ...header, chunk: 0 }, new Uint8Array(VECTOR - 4))).toEqual(none);
      expect(await port.arrived(self, round)).toEqual({ chunks: [], frames: [] });
    });

    it('tells from a round that is over', async () => {
      const old = `${round.split('.')[0]}.99`;
      const header = { participant: self, round: old, chunk: 0, chunks: 1 };
      expect(await port.putChunk(header, new Uint8Array(4))).toEqual({ current: false });
      expect(await port.report({ type: 'working', participant: self, round: old })).toEqual({
        current: false,
      });
      expect(await port.putFrame(self, old, new Uint8Array(52))).toEqual({ current: false });
      expect(await port.arrived(self, old)).toEqual({ chunks: [], frames: [] });
      expect(await port.statePart('parameters:r.99', 0)).toBeNull();
    });

    it('brings the next instruction with an answer that was asked for it', async () => {
      const report = { type: 'working', participant: self, round } as const;
      const answer = await port.report(report, true);
      expect(answer).toEqual({ current: true, next: await port.poll(self) });
      expect(answer.next).toMatchObject({ do: 'work', spec: { id: round } });
      const over = `${round.split('.')[0]}.99`;
      expect(await port.report({ ...report, round: over }, true)).toEqual({ current: false });
    });

    it('refuses a vector that has not come in, and the round goes on without its sender', async () => {
      const report = { participant: self, round };
      expect(await port.report({ ...report, type: 'working' })).toEqual({ current: true });
      expect(await port.report({ ...report, type: 'ready', probe: null })).toEqual({ current: false });
      const run = await hubOf(ports).run(round.split('.')[0]!);
      expect(run?.rounds.at(-1)?.participants[self]).toMatchObject({ phase: 'failed' });
    });
  });
});

it('both transports lead to the same version, bit for bit', () => {
  const { rpc, http } = results;
  expect(rpc?.content.active).toContain(1);
  const { watermarks: _, ...ofRpc } = rpc?.content ?? { watermarks: {} };
  const { watermarks: __, ...ofHttp } = http?.content ?? { watermarks: {} };
  expect(ofHttp).toEqual(ofRpc);
  expect(http?.run.rounds.map(({ loss }) => loss)).toEqual(rpc?.run.rounds.map(({ loss }) => loss));
});
