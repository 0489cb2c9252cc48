/**
 * Logs of several participants against each other: what was told of one round must be the same to all. Two records that
 * differ prove a coordinator that told its participants different things, for each of them is signed.
 */
import { fromBase64Url } from '../crypto/bytes.ts';
import { canonicalJson } from '../crypto/canonical-json.ts';
import { verify } from '../crypto/ed25519.ts';
import type { Certificate, RoundLogFile, RoundRecord } from '../protocol/certificate.ts';
import { logBytes, namedBy, recordHash } from './round-log.ts';

/** What one participant was told. */
export interface Telling {
  by: string;
  rounds: readonly RoundRecord[];
}

/** What each signer of a certificate was told: the records that its statement names, as far as they are there. */
export function tellingsOf({ statements, rounds }: Pick<Certificate, 'statements' | 'rounds'>): Telling[] {
  const records = new Map(rounds.map((record) => [recordHash(record), record]));
  return statements.map(({ statement }) => ({
    by: statement.participant,
    rounds: namedBy(statement, records),
  }));
}

/** A sentence for each round that two of them were told of differently. */
export function differences(tellings: readonly Telling[]): string[] {
  const problems: string[] = [];
  const byName = new Map<string, { by: string; record: RoundRecord }>();
  const bySerial = new Map<number, { by: string; record: RoundRecord }>();
  for (const { by, rounds } of tellings) {
    for (const record of rounds) {
      const known = byName.get(record.round) ?? bySerial.get(record.serial);
      if (known === undefined) {
        byName.set(record.round, { by, record });
        bySerial.set(record.serial, { by, record });
        continue;
      }
      const fields = fieldsThatDiffer(known.record, record);
      if (fields.length > 0) {
        problems.push(
          `round ${record.round}: ${known.by} and ${by} were told different things: ${fields.join(', ')}`,
        );
      }
    }
  }
  return problems;
}

export function fieldsThatDiffer(a: RoundRecord, b: RoundRecord): string[] {
  // One of an earlier release may lack a field that the other one has.
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort() as (keyof RoundRecord)[];
  return names.filter((name) => canonicalJson(a[name] ?? null) !== canonicalJson(b[name] ?? null));
}

/** Why an exported log is not its participant's, or null. */
export async function logProblem(log: RoundLogFile): Promise<string | null> {
  const holds = await verify(fromBase64Url(log.key, 32), logBytes(log), fromBase64Url(log.signature, 64));
  return holds ? null : `log of ${log.participant}: its signature does not hold`;
}
