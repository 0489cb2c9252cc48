/** What the statements of a certificate say of the version that it is of: what it learned, and what it serves with. */
import { canonicalJson } from '../crypto/canonical-json.ts';
import type { Certificate, MadeVersion, Statement } from '../protocol/certificate.ts';
import { learnedHash, vouchesFor } from './content.ts';

function namedIn({ versions }: Statement, version: number): MadeVersion | undefined {
  return versions?.find((made) => made.version === version);
}

/** Null in a certificate of an earlier release: it tells of rounds alone. Of one that holds, all that named it say the same. */
export function signedVersion({ statements, version }: Certificate): MadeVersion | null {
  for (const { statement } of statements) {
    const made = namedIn(statement, version);
    if (made !== undefined) return made;
  }
  return null;
}

/**
 * What is wrong with what is signed of the version. Of m + 1 who say the same one at least is honest, and says only what
 * its own gate judged.
 */
export function contentProblems(certificate: Certificate): string[] {
  const { version, rounds, statements, learned } = certificate;
  const gates = rounds.filter(({ judged }) => judged !== undefined);
  const of = `version ${version}`;
  const signed = signedVersion(certificate);
  if (signed === null)
    return gates.length === 0
      ? []
      : [`${of}: a gate judged its content, and nobody signed that it is this one`];
  const problems: string[] = [];
  const told = statements.flatMap(({ statement }) => {
    const made = namedIn(statement, version);
    return made === undefined ? [] : [{ by: statement.participant, made }];
  });
  const [first] = told;
  for (const { by, made } of told) {
    if (canonicalJson(made) !== canonicalJson(signed))
      problems.push(`${of}: ${first!.by} and ${by} were told that different things came of the run`);
  }
  if (!gates.some(({ judged }) => vouchesFor(judged, signed)))
    problems.push(`${of}: no signed gate judged this content with these weights`);
  const most = Math.max(0, ...gates.map(({ colluders }) => colluders));
  if (told.length <= most)
    problems.push(
      `${of}: ${told.length} signed its content, and ${most} may collude: ${most + 1} are needed`,
    );
  if (learned != null && learnedHash(learned) !== signed.learned)
    problems.push(`learned: not the list whose hash was signed`);
  return problems;
}
