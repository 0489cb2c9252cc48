/** A certificate of a run of three operators or more, signed with their keys, and what a forger may change of it. */
import { claimsOf } from '../../../../shared/certificate/claims.ts';
import { learnedHash, learnedOf } from '../../../../shared/certificate/content.ts';
import {
  type RoundLog,
  recordHash,
  statementBytes,
  stateRun,
} from '../../../../shared/certificate/round-log.ts';
import { standingIn } from '../../../../shared/certificate/standing.ts';
import { toBase64Url } from '../../../../shared/crypto/bytes.ts';
import { generateSigner, type Signer } from '../../../../shared/crypto/ed25519.ts';
import { systemRandom } from '../../../../shared/crypto/random.ts';
import { mainFilter } from '../../../../shared/privacy/ledger.ts';
import {
  CERTIFICATE_FORMAT,
  type Certificate,
  type MadeVersion,
  type OwnPromise,
  type RoundRecord,
  type SignedStatement,
  type Statement,
} from '../../../../shared/protocol/certificate.ts';
import { ROSTER_VERSION, type Roster } from '../../../../shared/protocol/secagg.ts';
import { START_PARAMETERS } from '../../../../shared/protocol/serving-parameters.ts';
import { blankSnapshot, decodeSnapshot, type Snapshot } from '../../../../shared/protocol/snapshot.ts';
import { quantiseRow } from '../../../../shared/retrieval/head.ts';
import { defaultThreshold, rosterHash, signRoster } from '../../../../shared/secagg/roster.ts';

export const NAMES = ['clinic-a', 'clinic-b', 'clinic-c'];
const hex = (digit: string) => digit.repeat(64);
export const ENCODER = hex('e');
export const SNAPSHOT = hex('5');
const RUN = 'run';
const PROMISE: OwnPromise = {
  ...{ noise: 'on', unit: 'record', epsilon: 3, delta: 1e-6, retentionMs: 1e9 },
  filter: mainFilter(3, 1e-6, 1),
};

/** Documents of the file, in the order of its rows; the last never learned. */
const ITEMS = ['a', 'b', 'c', 'd'];

/** A small file of the version that is certified, which a test may change before it reads it. */
export function versionFile(change: (snapshot: Snapshot) => void = () => {}, items = ITEMS): Uint8Array {
  const encoded = new TextEncoder().encode(items.join('\0'));
  const width = 4;
  const { bytes, parts, keys } = blankSnapshot({
    ...{ format: 'fedcar-snapshot/1', collection: 'health', version: 1, revision: 0 },
    ...{ model: { name: 'mini', sha256: ENCODER }, width, rows: items.length, regions: ['weur'] },
    ...{ watermarks: {}, temperature: 20, inactiveOffset: 0.1, keyBytes: encoded.length },
    ...{ adapter: { kind: 'low-rank', rank: 1 }, training: {}, serving: START_PARAMETERS },
  });
  keys.set(encoded);
  parts.adapter.set(Float32Array.from({ length: 2 * width }, (_, i) => i / 8));
  for (const [row, item] of items.entries()) {
    const vector = Float32Array.from({ length: width }, (_, i) => item.charCodeAt(0) - 96 + i * i);
    parts.scales[row] = quantiseRow(vector, parts.rows.subarray(row * width, (row + 1) * width));
    parts.active[row] = item === 'd' ? 0 : 1;
  }
  change(decodeSnapshot(bytes));
  return bytes;
}

export const LEARNED = learnedOf(decodeSnapshot(versionFile()));
const MADE: MadeVersion = { version: 1, learned: learnedHash(LEARNED), serving: START_PARAMETERS };
const weights = { words: [START_PARAMETERS.words, 1], offset: [null], memory: [START_PARAMETERS.memory, 0] };
const JUDGED = {
  candidate: { learned: MADE.learned, weights },
  serving: { learned: hex('0'), weights },
};

export interface Signed {
  certificate: Certificate;
  admin: Signer;
  signers: Signer[];
  rounds: RoundRecord[];
  roster: Roster;
  /** The certificate with `told` said to this member, signed by it. */
  telling(member: number, told: RoundRecord[], more?: Partial<Statement>): Promise<Certificate>;
}

function recordsUnder(roster: Roster): RoundRecord[] {
  const { threshold, colluders, members } = roster;
  const n = members.length;
  const common = {
    ...{ aggregation: 'secure' as const, samplingRate: 1, clipNorm: 1, dimension: 8, members: n },
    ...{ threshold, colluders, survivors: n, lists: hex('1') },
    roster: { epoch: roster.epoch, hash: rosterHash(roster) },
  };
  const of = (index: number, kind: RoundRecord['kind'], noiseMultiplier: number, model: string) => ({
    ...{ ...common, round: `${RUN}.${index}`, serial: 10 + index, kind, startedAt: 1000 + index },
    ...{ task: hex(String(index)), model, noiseMultiplier },
  });
  return [
    of(0, 'counts', 8, ENCODER),
    of(1, 'train', 6, hex('a')),
    of(2, 'train', 6, hex('b')),
    { ...of(3, 'gate', 5, SNAPSHOT), judged: JUDGED },
  ];
}

/** What is said anew, signed, in the place of the same member's. */
export function withStatement(
  certificate: Certificate,
  signed: SignedStatement,
  records: readonly RoundRecord[],
): Certificate {
  const of = signed.statement.participant;
  const statements = certificate.statements.map((each) =>
    each.statement.participant === of ? signed : each,
  );
  const all = new Map([...certificate.rounds, ...records].map((record) => [recordHash(record), record]));
  const told = new Set(statements.flatMap(({ statement }) => statement.rounds));
  return reclaimed({
    ...certificate,
    statements,
    rounds: [...all].flatMap(([hash, r]) => (told.has(hash) ? [r] : [])),
  });
}

/** With the claims that follow from it: as a service would spell them that forged the rest. */
export function reclaimed(certificate: Certificate): Certificate {
  const { statements, records } = standingIn(certificate);
  const claims = claimsOf(
    statements.map(({ statement }) => statement),
    records,
    certificate.rosters.map(({ roster }) => roster),
  );
  return { ...certificate, claims };
}

export async function resigned(statement: Statement, signer: Signer): Promise<SignedStatement> {
  return { statement, signature: toBase64Url(await signer.sign(statementBytes(statement))) };
}

/** @param names of the members, each its own operator; with more than three not all of them have to sign */
export async function signedCertificate(names: readonly string[] = NAMES): Promise<Signed> {
  const { signer: admin } = await generateSigner(systemRandom);
  const signers = await Promise.all(names.map(async () => (await generateSigner(systemRandom)).signer));
  const members = names.map((id, i) => ({ id, key: toBase64Url(signers[i]!.key), operator: id }));
  const roster: Roster = {
    ...{ version: ROSTER_VERSION, collection: 'health', epoch: 0, previous: null, members },
    ...{ threshold: defaultThreshold(names.length, 2), colluders: 2 },
  };
  const rounds = recordsUnder(roster);
  const say = async (member: number, told: RoundRecord[], more: Partial<Statement> = {}) => {
    const log: RoundLog = { add: () => {}, of: () => told };
    const entries = told.map(({ serial, kind, startedAt, samplingRate, noiseMultiplier }) => ({
      ...{ round: serial, kind, atMs: startedAt, samplingRate, noiseMultiplier, steps: 1 },
    }));
    const { statement } = await stateRun(
      { log, promise: () => PROMISE, entries: () => entries },
      {
        ...{ collection: 'health', run: RUN, versions: [MADE] },
        ...{ participant: names[member]!, signer: signers[member]! },
      },
    );
    return resigned({ ...statement, ...more }, signers[member]!);
  };
  const statements = await Promise.all(names.map((_, member) => say(member, rounds)));
  const certificate = reclaimed({
    ...{ format: CERTIFICATE_FORMAT, collection: 'health', version: 1, run: RUN },
    ...{ encoder: ENCODER, snapshot: SNAPSHOT, admin_key: toBase64Url(admin.key) },
    ...{ rosters: [await signRoster(roster, admin)], rounds, statements, missing: [], claims: null },
    learned: LEARNED,
  });
  return {
    ...{ certificate, admin, signers, rounds, roster },
    telling: async (member, told, more) => withStatement(certificate, await say(member, told, more), told),
  };
}
