/** A version's certificate through the objects: members sign when the run ends, who is away signs later. */
import { runInDurableObject } from 'cloudflare:test';
import { expect, it } from 'vitest';
import type { Region } from '../../durable-objects/region/region.ts';
import { RoundLogStore } from '../../durable-objects/region/round-log-store.ts';
import { verifyCertificate } from '../../shared/certificate/verify.ts';
import { CANDIDATE, certified, NOISED, REGIONS } from './certified.ts';
import { collection, fill, finished, hubOf, hubStub, regionOf, start } from './objects.ts';

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
  const all = { signed: 2, asked: 2, covers: 'content' };
  const weightsAlone = run.version === CANDIDATE ? [] : [[run.version, all]];
  expect(listed).toEqual([...weightsAlone, [CANDIDATE, all], [0, null]]);
  expect(await hubOf(name).certificate(0)).toBeNull();
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
