/**
 * What of one statement cannot hold, whoever signed it and whatever others say: rounds of another run, under a roster that
 * is none of the run's or not as that roster has it, or charges that do not bear them out.
 */
import type { Certificate, RoundRecord, SignedStatement } from '../protocol/certificate.ts';
import type { AnyRoster } from '../protocol/secagg.ts';
import { hasHash } from '../secagg/roster.ts';
import { spentOf } from './claims.ts';
import { runOf } from './round-log.ts';

/** Two computations of one ε may differ in their last digits. */
const SAME = 1e-9;

/** The run that statements are about, with its rosters, oldest first. */
export interface CertifiedRounds extends Pick<Certificate, 'run' | 'collection'> {
  rosters: readonly AnyRoster[];
}

/** @param rounds that it names */
export function statementProblems(
  signed: SignedStatement,
  rounds: readonly RoundRecord[],
  { run, collection, rosters }: CertifiedRounds,
): string[] {
  const { statement } = signed;
  const of = `statement of ${statement.participant}`;
  const about =
    statement.run === run && statement.collection === collection
      ? []
      : [`${of}: it is about run ${statement.run} of ${statement.collection}`];
  return [
    ...about,
    ...roundProblems(of, rounds, run),
    ...rosterProblems(of, rounds, rosters),
    ...keyProblems(of, keyOf(signed, rounds, rosters), keyOf(signed, [], rosters)),
    ...promiseProblems(of, signed, rounds),
  ];
}

/** The signer's key by the roster of its last round, or else by the last one; undefined where it is no member. */
export function keyOf(
  { statement }: SignedStatement,
  rounds: readonly RoundRecord[],
  rosters: readonly AnyRoster[],
): string | undefined {
  const last = rounds.at(-1)?.roster ?? null;
  const roster = last === null ? rosters.at(-1) : rosters.find(({ epoch }) => epoch === last.epoch);
  return roster?.members.find(({ id }) => id === statement.participant)?.key;
}

/** The key that counts is the last roster's, as everybody has it who is asked to sign. */
function keyProblems(of: string, then: string | undefined, now: string | undefined): string[] {
  if (then === now || then === undefined || now === undefined) return [];
  return [`${of}: the roster of its last round gives it another key than the last roster`];
}

/** The roster says how many may collude: not who signs. */
function rosterProblems(of: string, rounds: readonly RoundRecord[], rosters: readonly AnyRoster[]): string[] {
  return rounds.flatMap(({ round, roster, members, threshold, colluders }) => {
    const known =
      roster !== null && rosters.find((each) => each.epoch === roster.epoch && hasHash(each, roster.hash));
    if (!known) return [`${of}: round ${round} went by a roster that is not here`];
    const [told, signed] = [
      [members, threshold, colluders],
      [known.members.length, known.threshold, known.colluders],
    ].map(String);
    return told === signed
      ? []
      : [`${of}: round ${round} had n, t, m = ${told}, and its roster has ${signed}`];
  });
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

function figure(epsilon: number): string {
  return epsilon.toPrecision(4);
}
