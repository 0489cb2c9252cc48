/** What follows from statements and the records that they name: ε by our own filter, the least noise, who signed. */
import type { LedgerEntry, PrivacyPolicy } from '../privacy/ledger.ts';
import { spent } from '../privacy/ledger.ts';
import { varianceInEffect } from '../privacy/noise-share.ts';
import type { CertifiedClaims, OwnPromise, RoundRecord, Statement } from '../protocol/certificate.ts';
import type { AnyRoster } from '../protocol/secagg.ts';
import { operatorsOf } from '../secagg/operators.ts';
import { isPresent } from '../secagg/roster.ts';
import { namedBy } from './round-log.ts';

/**
 * Null where nobody signed, or nobody who took part.
 * @param statements that count (standing.ts)
 * @param records that these name, by their hashes
 * @param rosters of the run, oldest first
 */
export function claimsOf(
  statements: readonly Statement[],
  records: ReadonlyMap<string, RoundRecord>,
  rosters: readonly AnyRoster[],
): CertifiedClaims | null {
  const speaking = statements.filter((statement) => statement.rounds.length > 0);
  const [first] = speaking;
  if (first === undefined) return null;
  const signers = new Set(speaking.map(({ participant }) => participant));
  const roster = rosters.filter(isPresent).at(-1);
  const operators = roster === undefined ? [] : operatorsOf(roster);
  const largest = (figure: (statement: Statement) => number) => Math.max(...speaking.map(figure));
  const finite = (epsilon: number) => (Number.isFinite(epsilon) ? epsilon : null);
  return {
    // The weakest of what was promised.
    noise: speaking.every(({ promise }) => promise.noise === 'on') ? 'on' : 'off',
    unit: speaking.some(({ promise }) => promise.unit === 'record') ? 'record' : 'contributor',
    delta: largest(({ promise }) => promise.delta),
    run_epsilon: finite(
      largest((statement) => epsilonOf(statement.promise, namedBy(statement, records).map(chargeOf))),
    ),
    spent: finite(largest(spentOf)),
    budget: largest(({ promise }) => promise.epsilon),
    noise_in_effect: noiseInEffect(records.values()),
    operators: operators.map(({ operator, members }) => ({
      operator,
      members,
      signed: roster!.members.filter((each) => each.operator === operator && signers.has(each.id)).length,
    })),
  };
}

type Charge = Pick<LedgerEntry, 'kind' | 'samplingRate' | 'noiseMultiplier' | 'steps'>;

/** ε of all that the ledger of a signer counts after the run. */
export function spentOf({ promise, charges }: Statement): number {
  return epsilonOf(
    promise,
    charges.map(({ rounds, ...charge }) => ({ ...charge, steps: rounds })),
  );
}

function epsilonOf(promise: OwnPromise, charges: readonly Charge[]): number {
  if (promise.noise === 'off') return Number.POSITIVE_INFINITY;
  const { epsilon, delta, unit, retentionMs, filter } = promise;
  const policy: PrivacyPolicy = { epsilon, delta, unit, retentionMs, order: filter };
  const entries = charges.map((charge, index) => ({ ...charge, round: index, atMs: 0 }));
  return spent(policy, entries, 0).epsilon;
}

function chargeOf({ kind, samplingRate, noiseMultiplier }: RoundRecord): Charge {
  return { kind, samplingRate, noiseMultiplier, steps: 1 };
}

/** With all surplus noise taken out again: less than this was in no sum. */
function noiseInEffect(rounds: Iterable<RoundRecord>): Record<string, number> {
  const least: Record<string, number> = {};
  for (const { kind, noiseMultiplier, members, threshold, colluders, survivors } of rounds) {
    const cohort = { members, threshold, colluders };
    const summed = { survivors: survivors ?? members, unrevealed: 0 };
    const inEffect = noiseMultiplier * Math.sqrt(varianceInEffect(cohort, summed));
    least[kind] = Math.min(least[kind] ?? Number.MAX_VALUE, inEffect);
  }
  return least;
}
