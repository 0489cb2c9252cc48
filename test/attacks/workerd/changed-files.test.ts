/**
 * A version's file under a genuine certificate: with a row, the adapter, a weight or a scale changed it is refused where it
 * is imported, as is a certificate of another version, one that does not hold, and one without the list of what was learned.
 */
import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../../durable-objects/region/identity.ts';
import type { Region } from '../../../durable-objects/region/region.ts';
import { Values } from '../../../durable-objects/values.ts';
import { recordHash, statementBytes } from '../../../shared/certificate/round-log.ts';
import { verifyCertificate } from '../../../shared/certificate/verify.ts';
import { fromBase64Url, toBase64Url, toHex } from '../../../shared/crypto/bytes.ts';
import { signerFromSeed } from '../../../shared/crypto/ed25519.ts';
import { digest } from '../../../shared/crypto/hash.ts';
import type { Certificate, RoundRecord, Statement } from '../../../shared/protocol/certificate.ts';
import type { CoordinatorApi } from '../../../shared/protocol/objects.ts';
import { decodeSnapshot, type Snapshot } from '../../../shared/protocol/snapshot.ts';
import { CANDIDATE, certified, NOISED, REGIONS } from '../../workerd/certified.ts';
import {
  collection,
  FEW_ITEMS,
  fill,
  finished,
  hubOf,
  hubStub,
  regionOf,
  start,
} from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';

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
    expect(made).toMatchObject({
      ok: true,
      value: { certificate: { signed: 2, asked: 2, covers: 'content' } },
    });
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
      value: { version: 1, certificate: { signed: 2, asked: 2, covers: 'content' } },
    });
  });

  const under = async (name: string, given: Certificate) => {
    const hub = await twin(name);
    await upload(hub);
    const made = await hub.importVersion(hash, given);
    const versions = (await hub.versions()).map(({ version }) => version).join();
    return `${made.ok ? 'taken' : `refused, ${made.detail}`}; versions ${versions}`;
  };

  attack(
    'under the certificate of another version',
    `refused, certificate: of version 2 of ${from}, and the file is of version ${CANDIDATE} of ${from}; versions 0`,
    () => under('certified-other', { ...certificate, version: 2 }),
  );
  attack(
    'under a certificate with one member’s signature below another’s statement',
    /^refused, certificate: does not hold: statement of \w+: its signature does not hold.*; versions 0$/,
    () => {
      const [first, second] = certificate.statements;
      const forged = { ...first!, signature: second!.signature };
      return under('certified-forged', { ...certificate, statements: [forged, second!] });
    },
  );

  const changed = async (
    name: string,
    change: (file: Snapshot) => void,
    given: Partial<Certificate> = {},
  ) => {
    const bytes = file.slice();
    const snapshot = decodeSnapshot(bytes);
    change(snapshot);
    const hub = await twin(name);
    const of = toHex(await digest(bytes));
    await hub.importPart(of, 0, bytes);
    const made = await hub.importVersion(of, { ...certificate, ...given });
    return made.ok ? `version ${made.value.version} is taken` : `refused, ${made.detail}`;
  };
  const learned = ({ active }: Snapshot) => active.indexOf(1);
  const otherRow = (snapshot: Snapshot) => {
    snapshot.rows[learned(snapshot) * snapshot.header.width]! ^= 1;
  };
  const otherPlace = (snapshot: Snapshot) => {
    snapshot.ordinals[learned(snapshot)]! += 1;
  };
  const turned = (snapshot: Snapshot) => {
    snapshot.scales[learned(snapshot)]! *= -1;
  };

  attack(
    'a row that learned says something else',
    /^refused, certificate: not of this file: rows: that of passage 0 of "[^"]+" is none of the \d+ that were signed$/,
    () => changed('changed-row', otherRow),
  );
  attack(
    'a row that learned is turned round by its scale',
    /^refused, rows: .* has the scale -0\.\d+, and /,
    () => changed('changed-scale', turned),
  );
  attack(
    'a row that learned is given to another passage',
    /^refused, certificate: not of this file: rows: that of passage 1 of /,
    () => changed('changed-place', otherPlace),
  );
  attack(
    'the list of rows is left out beside a changed row',
    /^refused, certificate: not of this file: rows: not those that were signed, and the list to look them up in is missing$/,
    () => changed('changed-list', otherRow, { learned: null }),
  );
  attack(
    'a list that goes with the changed row',
    /^refused, certificate: does not hold: learned: not the list/,
    () =>
      changed('changed-both', otherRow, {
        learned: { ...certificate.learned!, rows: certificate.learned!.rows.slice(128) },
      }),
  );
  attack('nothing is changed', 'version 1 is taken', () => changed('changed-nothing', () => {}));
});

describe('a member that signs what cannot hold', () => {
  const from = 'certified-source';
  const member = 'enam';
  type Reports = { report(message: unknown): Promise<{ current: boolean }> };

  /** Says something else in the place of its statement, with its own key; the others have signed. */
  async function says(
    change: (statement: Statement, rounds: RoundRecord[]) => [Partial<Statement>, RoundRecord[]],
    signed: 'not yet' | 'already' = 'not yet',
  ): Promise<string> {
    const before = (await hubOf(from).certificate(CANDIDATE))!;
    const identity = await runInDurableObject(
      regionOf(from, member) as unknown as DurableObjectStub<Region>,
      (_, { storage }) => new Values(storage).get<Identity>('identity')!,
    );
    const signer = await signerFromSeed(fromBase64Url(identity.seed, 32));
    if (signed === 'not yet')
      await runInDurableObject(hubStub(from), (_, { storage }) => {
        storage.sql.exec('UPDATE statements SET signed = NULL WHERE participant = ?', member);
      });
    const own = before.statements.find(({ statement }) => statement.participant === member)!;
    const [more, rounds] = change(own.statement, before.rounds);
    const statement = { ...own.statement, rounds: rounds.map(recordHash), ...more };
    const signature = toBase64Url(await signer.sign(statementBytes(statement)));
    const message = { type: 'statement', participant: member, signed: { statement, signature }, rounds };
    const hub = hubOf(from) as unknown as Reports;
    const taken = await hub.report(message).then(
      ({ current }) => (current ? 'taken' : 'refused'),
      () => 'refused',
    );
    // What it says honestly goes in afterwards.
    await regionOf(from, member).wake();
    const after = await certified(from, CANDIDATE, 2);
    const same = JSON.stringify(after) === JSON.stringify(before);
    return `${taken}; the certificate is ${same ? 'what it was' : 'another one'}`;
  }
  const spoilt = (more: Partial<RoundRecord>) => (_: Statement, rounds: RoundRecord[]) =>
    [{}, rounds.map((each) => ({ ...each, ...more }))] as [Partial<Statement>, RoundRecord[]];

  attack('more who may collude than take part', 'refused; the certificate is what it was', () =>
    says(spoilt({ colluders: 9 })),
  );
  attack('fewer survivors than the threshold', 'refused; the certificate is what it was', () =>
    says(spoilt({ survivors: 0 })),
  );
  attack('rounds of another run', 'refused; the certificate is what it was', () =>
    says(spoilt({ round: 'other.0' })),
  );
  attack('a promise with δ = 1', 'refused; the certificate is what it was', () =>
    says(({ promise }, rounds) => [{ promise: { ...promise, delta: 1 } }, rounds]),
  );
  attack('another collection', 'refused; the certificate is what it was', () =>
    says((_, rounds) => [{ collection: 'other' }, rounds]),
  );
  attack('something else a second time', 'taken; the certificate is what it was', () =>
    says(spoilt({ task: 'f'.repeat(64) }), 'already'),
  );
});
