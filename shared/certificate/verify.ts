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
import { claimsOf } from './claims.ts';
import { differences, tellingsOf } from './compare.ts';
import { namedBy, recordHash, statementBytes } from './round-log.ts';
import { contentProblems, signedVersion } from './signed-version.ts';
import { type Standing, standingIn } from './standing.ts';
import { keyOf } from './statement-problems.ts';

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
  const signers = new Set<string>();
  for (const signed of certificate.statements) {
    const { participant, rounds: named } = signed.statement;
    if (signers.has(participant)) problems.push(`statement of ${participant}: there are two`);
    signers.add(participant);
    const rounds = namedBy(signed.statement, records);
    if (rounds.length < named.length)
      problems.push(`statement of ${participant}: names a round whose record is not here`);
    problems.push(...(await signatureProblems(signed, rounds, rosters)));
  }
  const named = new Set(certificate.statements.flatMap(({ statement }) => statement.rounds));
  for (const [hash, { round }] of records) {
    if (!named.has(hash)) problems.push(`round ${round}: nobody signed this record of it`);
  }
  const { aside, ...standing } = standingIn(certificate);
  const what = contentProblems(certificate, standing);
  problems.push(...differences(tellingsOf({ ...certificate, statements: standing.statements })));
  problems.push(...modelProblems(certificate, standing.sure), ...what.problems);
  const covered = coverage(standing);
  problems.push(...covered.problems);
  problems.push(...claimProblems(certificate, standing, rosters));
  const notes = [...covered.notes, ...notesOf(certificate)];
  // Whoever says otherwise than those that count is named: it takes nothing from what they say, but may be what is missing.
  const otherwise = [...aside, ...what.aside];
  return problems.length === 0
    ? { problems, notes: [...otherwise, ...notes] }
    : { problems: [...otherwise, ...problems], notes };
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

async function signatureProblems(
  signed: SignedStatement,
  rounds: readonly RoundRecord[],
  rosters: readonly AnyRoster[],
): Promise<string[]> {
  const { statement, signature } = signed;
  const of = `statement of ${statement.participant}`;
  const key = keyOf(signed, rounds, rosters);
  if (key === undefined) return [`${of}: it is no member of the roster`];
  const holds = await verify(fromBase64Url(key, 32), statementBytes(statement), fromBase64Url(signature, 64));
  return holds ? [] : [`${of}: its signature does not hold`];
}

function modelProblems({ snapshot, encoder }: Certificate, sure: Standing['sure']): string[] {
  return [...sure.values()].flatMap(({ round, kind, model }) => {
    if (kind === 'gate' && model !== snapshot) {
      return [`round ${round}: judged the snapshot ${model.slice(0, 12)}…, not ${snapshot.slice(0, 12)}…`];
    }
    return kind === 'counts' && model !== encoder
      ? [`round ${round}: of the encoder ${model.slice(0, 12)}…`]
      : [];
  });
}

/**
 * Of m + 1 signers one at least is honest, whoever the m that collude are. The gate is what the version stands on; another
 * round that few signed may have been tried again before the others let it be released, or one of them made it up.
 */
function coverage({ records, sure, signers }: Omit<Standing, 'aside'>): Verdict {
  const found: Verdict = { problems: [], notes: [] };
  const gates = [...records.values()].filter(({ kind }) => kind === 'gate');
  const judged = [...sure.values()].some(({ kind }) => kind === 'gate');
  for (const [hash, { round, kind, colluders }] of records) {
    if (sure.has(hash)) continue;
    const few = `round ${round}: ${signers.get(hash)!.size} signed it, and ${colluders} may collude`;
    if (kind === 'gate' && !judged) found.problems.push(`${few}: ${colluders + 1} are needed`);
    else found.notes.push(few);
  }
  if (records.size > 0 && gates.length === 0) found.problems.push('gate: no signed round judged the version');
  if (records.size === 0) found.problems.push('statements: nobody who took part has signed');
  return found;
}

function claimProblems(
  { claims }: Certificate,
  { statements, records }: Omit<Standing, 'aside'>,
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
