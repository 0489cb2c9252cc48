/** What the statements of a certificate say of the version that it is of: what it learned, and what it serves with. */
import { canonicalJson } from '../crypto/canonical-json.ts';
import type { Certificate, MadeVersion, SignedStatement, Statement } from '../protocol/certificate.ts';
import { learnedHash, vouchesFor } from './content.ts';
import { namedBy } from './round-log.ts';
import { type Standing, standingIn } from './standing.ts';

function namedIn({ versions }: Statement, version: number): MadeVersion | undefined {
  return versions?.find((made) => made.version === version);
}

/** Who said what of the version; those that most said first. */
function groupsOf(statements: readonly SignedStatement[], version: number) {
  const groups = new Map<string, { made: MadeVersion; by: string[] }>();
  for (const { statement } of statements) {
    const made = namedIn(statement, version);
    if (made === undefined) continue;
    const key = canonicalJson(made);
    const group = groups.get(key) ?? { made, by: [] };
    group.by.push(statement.participant);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.by.length - a.by.length);
}

/** What most signed. Null in a certificate of an earlier release: it tells of rounds alone. */
export function signedVersion(certificate: Certificate): MadeVersion | null {
  return groupsOf(standingIn(certificate).statements, certificate.version)[0]?.made ?? null;
}

/**
 * What is wrong with what is signed of the version, and who signed something else. Of m + 1 who say the same one at least
 * is honest, and says only what its own gate judged.
 */
export function contentProblems(
  { version, learned }: Certificate,
  { statements, records, sure }: Pick<Standing, 'statements' | 'records' | 'sure'>,
): { problems: string[]; aside: string[] } {
  const judging = (all: Standing['records']) =>
    [...all.values()].filter(({ judged }) => judged !== undefined);
  const certain = judging(sure);
  const gates = certain.length > 0 ? certain : judging(records);
  const of = `version ${version}`;
  const [most, ...others] = groupsOf(statements, version);
  if (most === undefined) {
    const unsigned = `${of}: a gate judged its content, and nobody signed that it is this one`;
    return { problems: gates.length === 0 ? [] : [unsigned], aside: [] };
  }
  const problems: string[] = [];
  const aside: string[] = [];
  const colluders = Math.max(0, ...gates.map((gate) => gate.colluders));
  for (const { by } of others) {
    const told = `${of}: ${most.by[0]} and ${by.join(', ')} were told that different things came of the run`;
    (by.length > colluders ? problems : aside).push(told);
  }
  const silent = statements.filter(({ statement }) => namedIn(statement, version) === undefined);
  for (const { statement } of silent) {
    if (namedBy(statement, records).some(({ judged }) => judged !== undefined))
      aside.push(`${of}: ${statement.participant} judged it, and did not sign its content`);
  }
  if (!gates.some(({ judged }) => vouchesFor(judged, most.made)))
    problems.push(`${of}: no signed gate judged this content with these weights`);
  if (most.by.length <= colluders)
    problems.push(
      `${of}: ${most.by.length} signed its content, and ${colluders} may collude: ${colluders + 1} are needed`,
    );
  if (learned != null && learnedHash(learned) !== most.made.learned)
    problems.push(`learned: not the list whose hash was signed`);
  return { problems, aside };
}
