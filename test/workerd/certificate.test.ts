/** A version's certificate through the objects: members sign when the run ends, who is away signs later. */
import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Region } from '../../durable-objects/region/region.ts';
import { RoundLogStore } from '../../durable-objects/region/round-log-store.ts';
import { verifyCertificate } from '../../shared/certificate/verify.ts';
import type { Certificate } from '../../shared/protocol/certificate.ts';
import type { CoordinatorApi } from '../../shared/protocol/objects.ts';
import { BRIEF, collection, FEW_ITEMS, fill, finished, hubOf, hubStub, regionOf, start } from './objects.ts';

const REGIONS = ['weur', 'enam'];
const NOISED = {
  training: { ...BRIEF, activeThreshold: 1 },
  heldOutShare: 0.25,
  gate: { margin: -1, probeTolerance: 1, confidence: 0 },
  privacy: { aggregation: 'secure', noise: 'on', epsilon: 100, runEpsilon: 100, training: { steps: 2 } },
};

/** What the first run trains. */
const CANDIDATE = 1;

/** The certificate once it is signed by so many. */
async function certified(name: string, version: number, signed: number): Promise<Certificate> {
  for (let i = 0; i < 300; i++) {
    const found = await hubOf(name).certificate(version);
    if (found !== null && found.statements.length >= signed) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the certificate was not signed');
}

it('is signed by all members at the end of a run with noise, and holds', async () => {
  const name = 'certified';
  await collection(name, NOISED, REGIONS);
  await fill(name, REGIONS);
  const run = await finished(name, await start(name));
  // Whether it serves, or weights alone do, is for the noise to say; it was judged, and that is signed.
  expect(run.version).not.toBeNull();
  const certificate = await certified(name, CANDIDATE, 2);
  expect(await verifyCertificate(certificate)).toEqual({
    problems: [],
    notes: ['all members are of one operator, who could have signed anything for them'],
  });
  expect(certificate).toMatchObject({ collection: name, run: run.run, missing: [] });
  expect(certificate.rounds.map(({ kind }) => kind)).toEqual(['counts', 'train', 'train', 'gate']);
  const privacy = await hubOf(name).privacy();
  expect(certificate.claims!.run_epsilon).toBeCloseTo(privacy.epsilon, 6);
  const rounds = run.rounds.map(({ noise_in_effect }) => noise_in_effect!);
  expect(Math.min(...rounds.slice(1, 3))).toBeCloseTo(certificate.claims!.noise_in_effect.train!, 6);
  const listed = (await hubOf(name).versions()).map(({ version, certificate: has }) => [version, has]);
  const weightsAlone = run.version === CANDIDATE ? [] : [[run.version, null]];
  expect(listed).toEqual([...weightsAlone, [CANDIDATE, { signed: 2, asked: 2 }], [0, null]]);
  expect(await hubOf(name).certificate(0)).toBeNull();
});

describe('a version in a file', () => {
  const from = 'certified-source';
  let file: Uint8Array;
  let hash: string;
  let certificate: Certificate;

  /** A collection with the same documents, into which nothing was imported yet. */
  async function twin(name: string): Promise<CoordinatorApi> {
    await collection(name, { ...NOISED, privacy: { aggregation: 'plain', noise: 'off' } }, REGIONS);
    await regionOf(name, REGIONS[0]!).putItems(FEW_ITEMS);
    await hubOf(name).refresh();
    return hubOf(name);
  }
  const upload = (hub: CoordinatorApi) => hub.importPart(hash, 0, file);

  beforeAll(async () => {
    await collection(from, { ...NOISED, privacy: { ...NOISED.privacy, noise: 'off' } }, REGIONS);
    await fill(from, REGIONS);
    await finished(from, await start(from));
    certificate = await certified(from, CANDIDATE, 2);
    const pointer = (await hubOf(from).complete(CANDIDATE))!;
    hash = pointer.hash;
    file = (await hubOf(from).snapshotPart(hash, 0))!;
  });

  it('keeps its certificate, which is given out again as it came, and from there once more', async () => {
    const hub = await twin('certified-twin');
    await upload(hub);
    const made = await hub.importVersion(hash, certificate);
    expect(made).toMatchObject({ ok: true, value: { certificate: { signed: 2, asked: 2 } } });
    const { version } = (made as { value: { version: number } }).value;
    const kept = await hub.certificate(version);
    expect(kept).toEqual(certificate);
    expect((await verifyCertificate(kept!)).problems).toEqual([]);
    const { hash: again } = (await hub.complete(version))!;
    const bytes = (await hub.snapshotPart(again, 0))!;
    const next = await twin('certified-grandchild');
    await next.importPart(again, 0, bytes);
    expect(await next.importVersion(again, kept)).toMatchObject({ ok: true });
    expect(await next.certificate(1)).toEqual(certificate);
  });

  it('has none without one, and takes it later', async () => {
    const hub = await twin('certified-twice');
    await upload(hub);
    const made = await hub.importVersion(hash, null);
    expect(made).toMatchObject({ ok: true, value: { version: 1, certificate: null } });
    expect(await hub.certificate(1)).toBeNull();
    expect(await hub.importVersion(hash, certificate)).toMatchObject({
      ok: true,
      value: { version: 1, certificate: { signed: 2, asked: 2 } },
    });
  });

  it('is refused with one of another version, or one that does not hold', async () => {
    const hub = await twin('certified-wrong');
    await upload(hub);
    const other = { ...certificate, version: certificate.version + 1 };
    expect(await hub.importVersion(hash, other)).toEqual({
      ok: false,
      code: 'invalid_request',
      detail: `certificate: of version ${other.version} of ${from}, and the file is of version ${certificate.version} of ${from}`,
    });
    expect(await hub.importVersion(hash, { ...certificate, encoder: '0'.repeat(64) })).toMatchObject({
      detail: expect.stringMatching(/^certificate: of the encoder 0{64}, and the file is of [0-9a-f]{64}$/),
    });
    const [first, second] = certificate.statements;
    const forged = { ...first!, signature: second!.signature };
    expect(await hub.importVersion(hash, { ...certificate, statements: [forged, second!] })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('certificate: does not hold: '),
    });
    expect((await hub.versions()).map(({ version }) => version)).toEqual([0]);
  });
});

it('says whose statement is missing, and takes it later; one that its participant did not sign is not taken', async () => {
  const name = 'certified-later';
  await collection(name, { ...NOISED, privacy: { ...NOISED.privacy, noise: 'off' } }, REGIONS);
  await fill(name, REGIONS);
  const run = await finished(name, await start(name));
  const certificate = await certified(name, CANDIDATE, 2);
  const { statement } = certificate.statements[0]!;
  const hub = hubOf(name) as unknown as { report(message: unknown): Promise<{ current: boolean }> };
  const forged = { ...certificate.statements[0]!, statement: { ...statement, rounds: [] } };
  const message = { type: 'statement', participant: statement.participant, signed: forged, rounds: [] };
  expect(await hub.report(message)).toEqual({ current: false });
  expect((await hubOf(name).certificate(CANDIDATE))!.statements).toEqual(certificate.statements);
  // As if the region had been away when the run ended: it signs when it next asks for work.
  await runInDurableObject(hubStub(name), (_, { storage }) => {
    storage.sql.exec("UPDATE statements SET signed = NULL WHERE participant = 'enam'");
  });
  expect(await hubOf(name).certificate(CANDIDATE)).toMatchObject({ missing: ['enam'] });
  const away = regionOf(name, 'enam');
  await away.wake();
  expect(await certified(name, CANDIDATE, 2)).toEqual(certificate);
  // What a region signs is what its own log holds.
  await runInDurableObject(away as unknown as DurableObjectStub<Region>, (_, { storage }) => {
    expect(new RoundLogStore(storage).of(run.run)).toEqual(certificate.rounds);
    expect(new RoundLogStore(storage).of('another')).toEqual([]);
  });
});
