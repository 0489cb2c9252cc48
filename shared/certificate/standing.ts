/**
 * Which statements of a certificate count. A member may sign anything: what cannot hold, and what differs from a record
 * that more than m members signed, is set aside with its signer's name, and the others' word stands. Of m + 1 signers of
 * one record one at least is honest, and honest members that let a secure round be released were told the same of it.
 */
import { addTo } from '../multimap.ts';
import type { Certificate, RoundRecord, SignedStatement } from '../protocol/certificate.ts';
import { fieldsThatDiffer } from './compare.ts';
import { namedBy, recordHash } from './round-log.ts';
import { statementProblems } from './statement-problems.ts';

export interface Standing {
  /** Those that count. */
  statements: SignedStatement[];
  /** The records that they name, by hash. */
  records: Map<string, RoundRecord>;
  /** Of these, those that more than m members signed. */
  sure: Map<string, RoundRecord>;
  /** Who signed each record. */
  signers: Map<string, Set<string>>;
  /** Why others do not count, a sentence each. */
  aside: string[];
}

export function standingIn(
  certificate: Pick<Certificate, 'statements' | 'rounds' | 'rosters' | 'run' | 'collection'>,
): Standing {
  const all = new Map(certificate.rounds.map((record) => [recordHash(record), record]));
  const about = { ...certificate, rosters: certificate.rosters.map(({ roster }) => roster) };
  const aside: string[] = [];
  const possible = certificate.statements.filter((signed) => {
    const problems = statementProblems(signed, namedBy(signed.statement, all), about);
    aside.push(...problems);
    return problems.length === 0;
  });
  const before = counted(possible, all);
  const contradicted = contradictions(before);
  aside.push(...new Set(contradicted.values()));
  const statements = possible.filter(({ statement }) => !contradicted.has(statement.participant));
  return { statements, aside, ...counted(statements, all) };
}

function counted(
  statements: readonly SignedStatement[],
  all: ReadonlyMap<string, RoundRecord>,
): Pick<Standing, 'records' | 'sure' | 'signers'> {
  const signers = new Map<string, Set<string>>();
  for (const { statement } of statements) {
    for (const hash of statement.rounds) {
      if (all.has(hash)) signers.set(hash, (signers.get(hash) ?? new Set()).add(statement.participant));
    }
  }
  const records = new Map([...all].filter(([hash]) => signers.has(hash)));
  const sure = new Map([...records].filter(([hash, { colluders }]) => signers.get(hash)!.size > colluders));
  return { records, sure, signers };
}

/** A sentence for each member that signed something else of a round, or of a serial, of which one record is sure. */
function contradictions({
  records,
  sure,
  signers,
}: Pick<Standing, 'records' | 'sure' | 'signers'>): Map<string, string> {
  const same = new Map<string, string[]>();
  for (const [hash, { round, serial }] of records) {
    addTo(same, `round ${round}`, hash);
    addTo(same, `serial ${serial}`, hash);
  }
  const found = new Map<string, string>();
  for (const hashes of same.values()) {
    const [truth, ...more] = hashes.filter((hash) => sure.has(hash));
    if (truth === undefined || more.length > 0) continue;
    for (const hash of hashes) {
      if (hash === truth) continue;
      const fields = fieldsThatDiffer(records.get(truth)!, records.get(hash)!).join(', ');
      for (const name of signers.get(hash)!) {
        const { round } = records.get(hash)!;
        const others = signers.get(truth)!.size;
        if (!found.has(name))
          found.set(name, `round ${round}: ${name} signed otherwise than ${others} others: ${fields}`);
      }
    }
  }
  return found;
}
