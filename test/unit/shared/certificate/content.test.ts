/** What is signed of a version’s content: a file with another row, adapter, weight or scale is found, one with fewer rows holds. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  contentProblem,
  judgedIn,
  learnedHash,
  learnedOf,
  rowsIn,
  vouchesFor,
} from '../../../../shared/certificate/content.ts';
import { stateRun } from '../../../../shared/certificate/round-log.ts';
import { signedVersion } from '../../../../shared/certificate/signed-version.ts';
import { verifyCertificate } from '../../../../shared/certificate/verify.ts';
import type { Certificate, MadeVersion } from '../../../../shared/protocol/certificate.ts';
import { Learned } from '../../../../shared/protocol/certificate.ts';
import type { GateRound } from '../../../../shared/protocol/rounds.ts';
import { START_PARAMETERS } from '../../../../shared/protocol/serving-parameters.ts';
import { decodeSnapshot, type Snapshot } from '../../../../shared/protocol/snapshot.ts';
import { reclaimed, type Signed, signedCertificate, versionFile, withStatement } from './signed.ts';

let signed: Signed;
let made: MadeVersion;
beforeAll(async () => {
  signed = await signedCertificate();
  made = signedVersion(signed.certificate)!;
});

const fileOf = (...change: Parameters<typeof versionFile>) => decodeSnapshot(versionFile(...change));
const problemOf = (file: Snapshot) => contentProblem(file, made, signed.certificate.learned!);

describe('a file', () => {
  it('holds as it was judged, with documents gone or come, and with other rows that never learned', () => {
    expect(problemOf(fileOf())).toBeNull();
    expect(problemOf(fileOf(() => {}, ['a', 'c', 'd']))).toBeNull();
    expect(rowsIn(learnedOf(fileOf(() => {}, ['a', 'c', 'd'])))).toBe(2);
    expect(problemOf(fileOf(({ rows }) => rows.fill(1, 12)))).toBeNull();
    // The order of rows is another one where it was imported.
    expect(learnedHash(learnedOf(fileOf(() => {}, ['d', 'b', 'c', 'a'])))).toBe(made.learned);
  });

  const CHANGES: [string, (file: Snapshot) => void, RegExp][] = [
    ['a row that learned something else', ({ rows }) => { rows[1]! += 1; }, /^rows: that of passage 0 of "a"/],
    ['two documents exchanged', ({ items }) => { [items[0], items[1]] = [items[1]!, items[0]!]; }, /^rows: that of passage 0 of "b" is none of the 3/],
    ['another passage of the document', ({ ordinals }) => { ordinals[0] = 1; }, /^rows: that of passage 1 of "a"/],
    ['a row that never learned made one that did', ({ active }) => { active[3] = 1; }, /^rows: that of passage 0 of "d"/],
    ['a mark that is neither', ({ active }) => { active[0] = 2; }, /^rows: that of passage 0 of "a" is marked 2/],
    ['another adapter', ({ adapter }) => { adapter[0] = 0.5; }, /^adapter: the file’s has the hash [0-9a-f]{64}/],
    ['minus nothing in the adapter', ({ adapter }) => { adapter[0] = -0; }, /^adapter: the file’s has the hash/],
    ['an adapter that is no number', ({ adapter }) => { adapter[0] = Number.NaN; }, /^adapter: holds a number that is not finite/],
    ['a row turned round by its scale', ({ scales }) => { scales[0] = -scales[0]!; }, /^rows: that of passage 0 of "a" has the scale -0\.\d+/],
    ['a row made louder', ({ scales }) => { scales[0]! *= 2; }, /^rows: .* has the scale/],
    ['a scale that is no number', ({ scales }) => { scales[0] = Number.NaN; }, /^rows: .* has the scale NaN/],
    ['a denormal scale', ({ scales }) => { scales[0] = 1e-42; }, /^rows: .* has the scale 1\.\d+e-42/],
    ['other weights', ({ header }) => { header.serving = { ...header.serving, words: 1.5 }; }, /^weights: the file has .*1\.5.*were signed$/],
  ]; // biome-ignore format: one change a line

  it.each(CHANGES)('is found out with %s', (_, change, problem) => {
    const file = fileOf();
    change(file);
    expect(problemOf(file)).toMatch(problem);
  });

  it('is compared as a whole where the list of rows is missing', () => {
    expect(contentProblem(fileOf(), made, null)).toBeNull();
    expect(
      contentProblem(
        fileOf(() => {}, ['a', 'c', 'd']),
        made,
        null,
      ),
    ).toMatch(/the list to look them up in is missing/);
  });
});

describe('a certificate', () => {
  const problemsOf = async (certificate: Certificate) => (await verifyCertificate(certificate)).problems;
  const saying = async (members: readonly number[], versions: MadeVersion[]) => {
    let { certificate } = signed;
    for (const member of members) {
      const told = (await signed.telling(member, signed.rounds, { versions })).statements[member]!;
      certificate = withStatement(certificate, told, signed.rounds);
    }
    return certificate;
  };

  it('does not hold with a list of rows that was not signed, nor one that is no list', async () => {
    const { learned } = signed.certificate;
    const other = learnedOf(fileOf(({ rows }) => rows.fill(3, 0, 4)));
    expect(await problemsOf({ ...signed.certificate, learned: other })).toEqual([
      'learned: not the list whose hash was signed',
    ]);
    for (const rows of [learned!.rows.slice(1), `${learned!.rows}A`, `${learned!.rows.slice(0, -1)}_x`, '='])
      expect(Learned.safeParse({ ...learned, rows }).success, rows).toBe(false);
  });

  it('does not hold as that of another version', async () => {
    expect(await problemsOf({ ...signed.certificate, version: 2 })).toEqual([
      'version 2: a gate judged its content, and nobody signed that it is this one',
    ]);
  });

  it('does not hold where members were told different things, or too few signed the content', async () => {
    const lied = await saying([1], [{ ...made, serving: { ...made.serving, words: 1 } }]);
    expect(await problemsOf(lied)).toEqual([
      'version 1: clinic-a and clinic-b were told that different things came of the run',
      'version 1: 2 signed its content, and 2 may collude: 3 are needed',
    ]);
    expect(await problemsOf(await saying([2], []))).toEqual([
      'version 1: clinic-c judged it, and did not sign its content',
      'version 1: 2 signed its content, and 2 may collude: 3 are needed',
    ]);
  });

  it('does not hold for content or weights that no signed gate judged, whoever signs them', async () => {
    const all = [0, 1, 2];
    const none = 'version 1: no signed gate judged this content with these weights';
    expect(await problemsOf(await saying(all, [{ ...made, learned: 'f'.repeat(64) }]))).toContain(none);
    const weighed = { ...made, serving: { ...made.serving, words: 3 } };
    expect(await problemsOf(await saying(all, [weighed]))).toEqual([none]);
  });

  it('of an earlier release holds, and is shown as one that says nothing of a file', async () => {
    const old = signed.rounds.map(({ judged: _, ...record }) => record);
    let { certificate } = signed;
    for (const member of [0, 1, 2]) {
      const { statements } = await signed.telling(member, old);
      certificate = withStatement(certificate, statements[member]!, old);
    }
    const { learned: _, ...before } = reclaimed({ ...certificate, rounds: old });
    expect(before.statements.every(({ statement }) => statement.versions === undefined)).toBe(true);
    expect(await verifyCertificate(before)).toEqual({
      problems: [],
      notes: [
        'of an earlier release: it says what rounds cost, and nothing of what a file of the version holds',
      ],
    });
  });
});

describe('a participant', () => {
  const ref = (hash: string) => ({ key: hash, hash, bytes: 1, parts: 1 });
  const spec = {
    ...{ id: 'run.1', candidate: ref('c'), serving: ref('s') },
    parameters: { candidate: START_PARAMETERS, serving: { ...START_PARAMETERS, words: 1 } },
    tried: [{ of: 'candidate', parameters: { ...START_PARAMETERS, words: 0.7 } }],
  } as unknown as GateRound;
  const judged = judgedIn(
    spec,
    new Map([
      ['c', 'C'],
      ['s', 'S'],
    ]),
  );
  const of = (learned: string, more: Partial<MadeVersion['serving']> = {}) => ({
    ...{ version: 1, learned, serving: { ...START_PARAMETERS, ...more } },
  });

  it.each([
    ['the candidate as it began', of('C'), true],
    ['the candidate with weights that were tried', of('C', { words: 0.7 }), true],
    ['the serving version with its own', of('S', { words: 1 }), true],
    ['weights that were tried of the other one', of('S', { words: 0.7 }), false],
    ['weights that nobody tried', of('C', { words: 0.8 }), false],
    ['an offset that nobody tried', of('C', { offset: 0.1 }), false],
    ['a weight of memory that nobody tried', of('C', { memory: 1 }), false],
    ['what it never looked at', of('X'), false],
  ])('says of %s whether it judged it', async (_, version, vouches) => {
    expect(vouchesFor(judged, version)).toBe(vouches);
    const record = { ...signed.rounds[3]!, judged };
    const log = { add: () => {}, of: () => [record] };
    const entries = () => [];
    const { promise } = signed.certificate.statements[0]!.statement;
    const { statement } = await stateRun(
      { log, promise: () => promise, entries },
      {
        ...{ collection: 'health', run: 'run', versions: [version] },
        ...{ participant: 'clinic-a', signer: signed.signers[0]! },
      },
    );
    expect(statement.versions).toEqual(vouches ? [version] : []);
  });

  it('signs nothing of a snapshot that it did not look at', () => {
    expect(() => judgedIn(spec, new Map())).toThrow(/the candidate snapshot was not looked at/);
  });
});
