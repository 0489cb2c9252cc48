/** A certificate that honest members signed holds; each kind of forgery is named. */
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyCertificate } from '../../../../shared/certificate/verify.ts';
import { toBase64Url } from '../../../../shared/crypto/bytes.ts';
import { generateSigner } from '../../../../shared/crypto/ed25519.ts';
import { systemRandom } from '../../../../shared/crypto/random.ts';
import { Certificate, RoundRecord, Statement } from '../../../../shared/protocol/certificate.ts';
import { rosterHash, signRoster } from '../../../../shared/secagg/roster.ts';
import { reclaimed, resigned, type Signed, SNAPSHOT, signedCertificate } from './signed.ts';

let signed: Signed;
beforeAll(async () => {
  signed = await signedCertificate();
});

const problemsOf = async (certificate: Certificate) => (await verifyCertificate(certificate)).problems;

describe('a certificate', () => {
  it('holds as it was signed, also after a journey as JSON', async () => {
    const read = Certificate.parse(JSON.parse(JSON.stringify(signed.certificate)));
    expect(await verifyCertificate(read)).toEqual({ problems: [], notes: [] });
    expect(read.claims).toMatchObject({
      ...{ noise: 'on', unit: 'record', delta: 1e-6, budget: 3 },
      operators: ['clinic-a', 'clinic-b', 'clinic-c'].map((operator) => ({
        operator,
        members: 1,
        signed: 1,
      })),
    });
    // Every survivor keeps 1/(3 − 2) of the variance charged: three times it is in the sum.
    expect(read.claims!.noise_in_effect.train).toBeCloseTo(6 * Math.sqrt(3), 9);
    // One count and two steps at μ² = 1/64 + 2/36: by the exact filter, at 31/32 of δ.
    expect(read.claims!.run_epsilon).toBeGreaterThan(1);
    expect(read.claims!.run_epsilon).toBe(read.claims!.spent);
  });

  it('says who has not signed, and holds without them as long as one more than may collude did', async () => {
    const { certificate } = signed;
    const without = (names: string[]) =>
      reclaimed({
        ...certificate,
        statements: certificate.statements.filter((each) => !names.includes(each.statement.participant)),
        missing: names,
      });
    expect((await verifyCertificate(without([]))).problems).toEqual([]);
    const { problems, notes } = await verifyCertificate(without(['clinic-c']));
    expect(notes).toContain('clinic-c has not signed yet');
    expect(problems).toEqual([
      'version 1: 2 signed its content, and 2 may collude: 3 are needed',
      'round run.3: 2 signed it, and 2 may collude: 3 are needed',
    ]);
    expect(await problemsOf(without(['clinic-a', 'clinic-b', 'clinic-c']))).toContain(
      'statements: nobody who took part has signed',
    );
  });
});

describe('what a forger may try', () => {
  it('another statement under the same signature', async () => {
    const [first, ...others] = signed.certificate.statements;
    const statement = { ...first!.statement, promise: { ...first!.statement.promise, epsilon: 2.9 } };
    const forged = reclaimed({ ...signed.certificate, statements: [{ ...first!, statement }, ...others] });
    expect(await problemsOf(forged)).toEqual(['statement of clinic-a: its signature does not hold']);
  });

  it('a statement by a key that is not the member’s', async () => {
    const [first, ...others] = signed.certificate.statements;
    const stranger = await generateSigner(systemRandom);
    const forged = await resigned(first!.statement, stranger.signer);
    expect(await problemsOf({ ...signed.certificate, statements: [forged, ...others] })).toEqual([
      'statement of clinic-a: its signature does not hold',
    ]);
  });

  it('a statement of somebody who is no member, or two of one', async () => {
    const { certificate, signers } = signed;
    const [first, ...others] = certificate.statements;
    const ghost = await resigned({ ...first!.statement, participant: 'ghost' }, signers[0]!);
    expect(await problemsOf({ ...certificate, statements: [...certificate.statements, ghost] })).toContain(
      'statement of ghost: it is no member of the roster',
    );
    expect(await problemsOf({ ...certificate, statements: [first!, first!, ...others] })).toContain(
      'statement of clinic-a: there are two',
    );
  });

  it('a record with more noise, less sampling or another task than was signed', async () => {
    for (const change of [{ noiseMultiplier: 60 }, { samplingRate: 0.1 }, { task: 'f'.repeat(64) }]) {
      const rounds = signed.rounds.map((record, i) => (i === 1 ? { ...record, ...change } : record));
      const problems = await problemsOf(reclaimed({ ...signed.certificate, rounds }));
      expect(problems).toContain('round run.1: nobody signed this record of it');
      expect(problems).toContain('statement of clinic-a: names a round whose record is not here');
    }
  });

  it('a round left out', async () => {
    const rounds = signed.rounds.filter((_, i) => i !== 2);
    expect(await problemsOf(reclaimed({ ...signed.certificate, rounds }))).toContain(
      'statement of clinic-b: names a round whose record is not here',
    );
  });

  it('claims that the statements do not bear out', async () => {
    const claims = signed.certificate.claims!;
    for (const [name, value] of Object.entries({
      run_epsilon: 0.1,
      noise_in_effect: { gate: 99 },
      delta: 1e-9,
    })) {
      const [problem] = await problemsOf({ ...signed.certificate, claims: { ...claims, [name]: value } });
      expect(problem).toMatch(`claims: ${name} is`);
    }
    expect(await problemsOf({ ...signed.certificate, claims: null })).toEqual([
      'claims: there are no statements to go by',
    ]);
  });

  it('a member told of other rounds than the others: in each field that was told', async () => {
    const told = signed.rounds.map((record, i) =>
      i === 1 ? { ...record, task: 'f'.repeat(64), lists: 'c'.repeat(64) } : record,
    );
    expect(await problemsOf(await signed.telling(2, told))).toEqual([
      'round run.1: clinic-a and clinic-c were told different things: lists, task',
    ]);
  });

  it('a field that one member was told of and another was not, whoever of the two speaks first', async () => {
    // Of four rounds, against the two others.
    for (const [member, differ] of [
      [0, 8],
      [2, 4],
    ] as const) {
      const told = signed.rounds.map((record) => ({ ...record, from: 7 }));
      const problems = await problemsOf(await signed.telling(member, told));
      expect(problems.filter((problem) => problem.endsWith('were told different things: from'))).toHaveLength(
        differ,
      );
    }
  });

  it('numbers at the ends of their ranges: every certificate that can be read is judged, and soon', async () => {
    const odd = [0, 1e-320, 1e-300, 0.5, 1024, 2 ** 53 - 1, 1.7e308];
    const fields = ['noiseMultiplier', 'samplingRate', 'threshold', 'colluders', 'members', 'survivors'];
    let judged = 0;
    for (const [field, value] of fields.flatMap((field) => odd.map((value) => [field, value] as const))) {
      const rounds = signed.rounds.map((record) => ({ ...record, [field]: value }));
      if (!rounds.every((record) => RoundRecord.safeParse(record).success)) continue;
      expect((await problemsOf(await signed.telling(0, rounds))).length, `${field} ${value}`).toBeGreaterThan(
        0,
      );
      judged += 1;
    }
    expect(judged).toBeGreaterThan(10);
    const { statement } = signed.certificate.statements[0]!;
    for (const promise of [{ delta: 1 }, { delta: 1e-310 }, { filter: 2 ** 40 }])
      expect(
        Statement.safeParse({ ...statement, promise: { ...statement.promise, ...promise } }).success,
      ).toBe(false);
    const charges = Array.from({ length: 1025 }, (_, i) => ({
      ...statement.charges[0]!,
      noiseMultiplier: 9 + i,
    }));
    expect(Statement.safeParse({ ...statement, charges }).success).toBe(false);
    expect(Statement.safeParse({ ...statement, charges: charges.slice(1) }).success).toBe(true);
  });

  it('the serial of one round given to another', async () => {
    const told = signed.rounds.map((record, i) => (i === 1 ? { ...record, round: 'run.9' } : record));
    expect(await problemsOf(await signed.telling(2, told))).toContain(
      'round run.9: clinic-a and clinic-c were told different things: round',
    );
  });

  it('charges that leave a round out, or exceed what was promised', async () => {
    const { charges, promise } = signed.certificate.statements[0]!.statement;
    const fewer = charges.filter(({ kind }) => kind !== 'train');
    expect(await problemsOf(await signed.telling(0, signed.rounds, { charges: fewer }))).toContain(
      'statement of clinic-a: round run.1 is not among its charges',
    );
    const less = { ...promise, epsilon: 0.5 };
    const [problem] = await problemsOf(await signed.telling(0, signed.rounds, { promise: less }));
    expect(problem).toMatch(/statement of clinic-a: its charges come to ε 1\.\d+, and it promised 0\.5/);
  });

  it('noise that is said to be off, or was', async () => {
    const { promise } = signed.certificate.statements[0]!.statement;
    const off = { ...promise, noise: 'off' as const };
    const [problem] = await problemsOf(await signed.telling(0, signed.rounds, { promise: off }));
    expect(problem).toBe('statement of clinic-a: says that noise is off, and round run.0 had noise');
    const bare = signed.rounds.map((record, i) => (i === 1 ? { ...record, noiseMultiplier: 0 } : record));
    expect(await problemsOf(await signed.telling(0, bare))).toContain(
      'statement of clinic-a: round run.1 had no noise',
    );
  });

  it('another snapshot, another encoder, a version that no gate judged', async () => {
    const other = { ...signed.certificate, snapshot: '6'.repeat(64), encoder: 'd'.repeat(64) };
    expect(await problemsOf(other)).toEqual([
      'round run.0: of the encoder eeeeeeeeeeee…',
      `round run.3: judged the snapshot ${SNAPSHOT.slice(0, 12)}…, not 666666666666…`,
    ]);
    const few = signed.rounds.slice(0, 3);
    const statements = await Promise.all(
      [0, 1, 2].map(async (i) => (await signed.telling(i, few)).statements[i]!),
    );
    expect(await problemsOf(reclaimed({ ...signed.certificate, statements, rounds: few }))).toContain(
      'gate: no signed round judged the version',
    );
  });

  it('another run or collection', async () => {
    expect(await problemsOf({ ...signed.certificate, run: 'other' })).toContain(
      'statement of clinic-a: it is about run run of health',
    );
    expect(await problemsOf({ ...signed.certificate, collection: 'other' })).toContain(
      'roster of epoch 0: of collection health',
    );
  });

  it('a roster that another key signed, that is missing, or does not follow', async () => {
    const { certificate, roster, admin } = signed;
    const stranger = await generateSigner(systemRandom);
    const foreign = await signRoster(roster, stranger.signer);
    expect(await problemsOf({ ...certificate, rosters: [foreign] })).toContain(
      'roster of epoch 0: signature: not by the admin key',
    );
    expect(await problemsOf({ ...certificate, admin_key: toBase64Url(stranger.signer.key) })).toContain(
      'roster of epoch 0: signature: not by the admin key',
    );
    expect(await problemsOf({ ...certificate, rosters: [] })).toContain(
      'statement of clinic-a: round run.0 went by a roster that is not here',
    );
    const gap = await signRoster({ ...roster, epoch: 2, previous: rosterHash(roster) }, admin);
    expect(await problemsOf({ ...certificate, rosters: [...certificate.rosters, gap] })).toContain(
      'roster of epoch 2: does not follow epoch 0',
    );
  });
});
