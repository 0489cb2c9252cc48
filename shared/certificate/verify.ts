/**
 * Checks a certificate without asking anybody: rosters under the admin key, statements under the keys of the roster,
 * records against the hashes that were signed, one telling of each round, ε worked out again. What it finds wrong is
 * said in sentences; what it can not know (whose the admin key is) is for the reader to compare.
 */
import { fromBase64Url } from '../crypto/bytes.ts';
import { canonicalJson } from '../crypto/canonical-json.ts';
import { verify } from '../crypto/ed25519.ts';
import type { Certificate, RoundRecord, SignedStatement } from '../protocol/certificate.ts';
import type { AnyRoster } from '../protocol/secagg.ts';
import { ProtocolError } from '../secagg/errors.ts';
import { hasHash, verifyRoster } from '../secagg/roster.ts';
import { claimsOf, spentOf } from './claims.ts';
import { differences, tellingsOf } from './compare.ts';
import { namedBy, recordHash, runOf, statementBytes } from './round-log.ts';
import { contentProblems, signedVersion } from './signed-version.ts';

export interface Verdict {
  /** What is wrong; empty: the certificate holds. */
  problems: string[];
  /** What its reader should know all the same. */
  notes: string[];
}

/** Two computations of one ε may differ in their last digits. */
const SAME = 1e-9;

export async function verifyCertificate(certificate: Certificate): Promise<Verdict> {
  const problems: string[] = [];
  const rosters = await checkedRosters(certificate, problems);
  const records = new Map(certificate.rounds.map((record) => [recordHash(record), record]));
  const { statements } = certificate;
  const signers = new Set<string>();
  for (const signed of statements) {
    const { participant } = signed.statement;
    const of = `statement of ${participant}`;
    if (signers.has(participant)) problems.push(`${of}: there are two`);
    signers.add(participant);
    const rounds = namedBy(signed.statement, records);
    if (rounds.length < signed.statement.rounds.length)
      problems.push(`${of}: names a round whose record is not here`);
    problems.push(...statementProblems(signed, rounds, certificate));
    problems.push(...(await keyProblems(of, signed, rounds, rosters)));
  }
  const told = new Set(statements.flatMap(({ statement }) => statement.rounds));
  for (const [hash, { round }] of records) {
    if (!told.has(hash)) problems.push(`round ${round}: nobody signed this record of it`);
  }
  problems.push(...differences(tellingsOf(certificate)));
  problems.push(...modelProblems(certificate));
  problems.push(...contentProblems(certificate));
  const covered = coverage(certificate, records);
  problems.push(...covered.problems);
  problems.push(...claimProblems(certificate, records, rosters));
  return { problems, notes: [...covered.notes, ...notesOf(certificate)] };
}

/** What of a statement cannot hold, whoever signed it and whatever the others say. @param rounds that it names */
export function statementProblems(
  signed: SignedStatement,
  rounds: readonly RoundRecord[],
  { run, collection }: Pick<Certificate, 'run' | 'collection'>,
): string[] {
  const { statement } = signed;
  const of = `statement of ${statement.participant}`;
  const about =
    statement.run === run && statement.collection === collection
      ? []
      : [`${of}: it is about run ${statement.run} of ${statement.collection}`];
  return [...about, ...roundProblems(of, rounds, run), ...promiseProblems(of, signed, rounds)];
}

async function checkedRosters(
  { rosters, admin_key, collection }: Certificate,
  problems: string[],
): Promise<AnyRoster[]> {
  const good: AnyRoster[] = [];
  let before: AnyRoster | null = null;
  for (const signed of rosters) {
    const { roster } = signed;
    const of = `roster of epoch ${roster.epoch}`;
    try {
      await verifyRoster(signed, admin_key);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      problems.push(`${of}: ${error.detail}`);
      continue;
    }
    if (roster.collection !== collection) problems.push(`${of}: of collection ${roster.collection}`);
    else if (before !== null && !follows(before, roster)) {
      problems.push(`${of}: does not follow epoch ${before.epoch}`);
    } else good.push(roster);
    before = roster;
  }
  return good;
}

function follows(before: AnyRoster, { epoch, previous }: AnyRoster): boolean {
  return epoch === before.epoch + 1 && previous !== null && hasHash(before, previous);
}

function roundProblems(of: string, rounds: readonly RoundRecord[], run: string): string[] {
  const problems = rounds
    .filter(({ round }) => runOf(round) !== run)
    .map(({ round }) => `${of}: round ${round} is not of run ${run}`);
  for (let i = 1; i < rounds.length; i++) {
    if (rounds[i]!.serial > rounds[i - 1]!.serial) continue;
    problems.push(`${of}: serial ${rounds[i]!.serial} does not follow ${rounds[i - 1]!.serial}`);
  }
  return problems;
}

/** By the key that the roster of its last round gives the participant. */
async function keyProblems(
  of: string,
  { statement, signature }: SignedStatement,
  rounds: readonly RoundRecord[],
  rosters: readonly AnyRoster[],
): Promise<string[]> {
  const problems: string[] = [];
  for (const { round, roster } of rounds) {
    const known =
      roster !== null && rosters.some((each) => each.epoch === roster.epoch && hasHash(each, roster.hash));
    if (!known) problems.push(`${of}: round ${round} went by a roster that is not here`);
  }
  const last = rounds.at(-1)?.roster ?? null;
  const roster = last === null ? rosters.at(-1) : rosters.find(({ epoch }) => epoch === last.epoch);
  const key = roster?.members.find(({ id }) => id === statement.participant)?.key;
  if (key === undefined) return [...problems, `${of}: it is no member of the roster`];
  const holds = await verify(fromBase64Url(key, 32), statementBytes(statement), fromBase64Url(signature, 64));
  return holds ? problems : [...problems, `${of}: its signature does not hold`];
}

/** The ledger of the signer covers the rounds, and keeps to what it promised. */
function promiseProblems(
  of: string,
  { statement }: SignedStatement,
  rounds: readonly RoundRecord[],
): string[] {
  const problems: string[] = [];
  const { promise, charges } = statement;
  if (promise.noise === 'off') {
    const noised = rounds.find(({ noiseMultiplier }) => noiseMultiplier > 0);
    return noised === undefined ? [] : [`${of}: says that noise is off, and round ${noised.round} had noise`];
  }
  const count = new Map<string, number>();
  for (const { kind, samplingRate, noiseMultiplier, rounds: charged } of charges) {
    const key = `${kind} ${samplingRate} ${noiseMultiplier}`;
    count.set(key, (count.get(key) ?? 0) + charged);
  }
  for (const { round, kind, samplingRate, noiseMultiplier } of rounds) {
    const key = `${kind} ${samplingRate} ${noiseMultiplier}`;
    const left = (count.get(key) ?? 0) - 1;
    count.set(key, left);
    if (left < 0) problems.push(`${of}: round ${round} is not among its charges`);
    if (!(noiseMultiplier > 0)) problems.push(`${of}: round ${round} had no noise`);
  }
  const spent = spentOf(statement);
  if (spent > promise.epsilon * (1 + SAME)) {
    problems.push(`${of}: its charges come to ε ${figure(spent)}, and it promised ${promise.epsilon}`);
  }
  return problems;
}

function modelProblems({ rounds, snapshot, encoder }: Certificate): string[] {
  const problems = rounds.flatMap(({ round, kind, model }) => {
    if (kind === 'gate' && model !== snapshot) {
      return [`round ${round}: judged the snapshot ${model.slice(0, 12)}…, not ${snapshot.slice(0, 12)}…`];
    }
    return kind === 'counts' && model !== encoder
      ? [`round ${round}: of the encoder ${model.slice(0, 12)}…`]
      : [];
  });
  const judged = rounds.length === 0 || rounds.some(({ kind }) => kind === 'gate');
  return judged ? problems : [...problems, 'gate: no signed round judged the version'];
}

/**
 * Of m + 1 signers one at least is honest, whoever the m that collude are. The gate is what the version stands on; another
 * round that few signed may have been tried again before the others let it be released.
 */
function coverage({ statements }: Certificate, records: ReadonlyMap<string, RoundRecord>): Verdict {
  const signers = new Map<string, number>();
  for (const { statement } of statements) {
    for (const hash of new Set(statement.rounds)) signers.set(hash, (signers.get(hash) ?? 0) + 1);
  }
  const found: Verdict = { problems: [], notes: [] };
  for (const [hash, { round, kind, colluders }] of records) {
    const signed = signers.get(hash) ?? 0;
    if (signed > colluders) continue;
    const few = `round ${round}: ${signed} signed it, and ${colluders} may collude`;
    if (kind === 'gate') found.problems.push(`${few}: ${colluders + 1} are needed`);
    else found.notes.push(few);
  }
  if (signers.size === 0) found.problems.push('statements: nobody who took part has signed');
  return found;
}

function claimProblems(
  { claims, statements }: Certificate,
  records: ReadonlyMap<string, RoundRecord>,
  rosters: readonly AnyRoster[],
): string[] {
  const own = claimsOf(
    statements.map(({ statement }) => statement),
    records,
    rosters,
  );
  if (claims === null || own === null)
    return claims === own ? [] : ['claims: there are no statements to go by'];
  return Object.keys(own).flatMap((name) => {
    const [claimed, found] = [claims, own].map((each) => each[name as keyof typeof own]);
    if (sameFigure(claimed, found)) return [];
    return [
      `claims: ${name} is ${canonicalJson(claimed)}, and follows from the statements as ${canonicalJson(found)}`,
    ];
  });
}

function sameFigure(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) <= SAME * Math.abs(b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  const names = Object.keys(right);
  return (
    names.length === Object.keys(left).length && names.every((name) => sameFigure(left[name], right[name]))
  );
}

function notesOf(certificate: Certificate): string[] {
  const { missing, statements, claims } = certificate;
  const notes = missing.map((name) => `${name} has not signed yet`);
  if (statements.length > 0 && signedVersion(certificate) === null)
    notes.push(
      'of an earlier release: it says what rounds cost, and nothing of what a file of the version holds',
    );
  for (const { statement } of statements) {
    if (statement.rounds.length === 0) notes.push(`${statement.participant} took no part, by its own word`);
  }
  if (claims?.noise === 'off')
    notes.push('noise was off: nothing bounds what the version says of single questions');
  if (claims?.operators.length === 1) {
    notes.push('all members are of one operator, who could have signed anything for them');
  }
  return notes;
}

function figure(epsilon: number): string {
  return epsilon.toPrecision(4);
}
