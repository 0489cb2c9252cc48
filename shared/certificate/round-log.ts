/**
 * What a participant writes down of the rounds that it let be released, and what it signs of them at a run's end. The
 * log holds what the participant was told and nothing of its records.
 */
import { toBase64Url, toHex } from '../crypto/bytes.ts';
import type { Signer } from '../crypto/ed25519.ts';
import { hashJson, labelled } from '../crypto/hash.ts';
import { filterEpsilon, type LedgerEntry, mergeEqual, type PrivacyPolicy } from '../privacy/ledger.ts';
import { heaviest, payersOf, readBy } from '../privacy/ledger-arrivals.ts';
import {
  CERTIFICATE_FORMAT,
  type Judged,
  type MadeVersion,
  type OwnPromise,
  ROUND_LOG_FORMAT,
  type RoundLogFile,
  type RoundRecord,
  type SignedStatement,
  type Statement,
} from '../protocol/certificate.ts';
import type { RoundSpec } from '../protocol/rounds.ts';
import { findsOffset } from '../round/kept-out.ts';
import { modelHash, samplingRateOf, taskOf } from '../round/secure-round.ts';
import type { RosterPin } from '../secagg/roster.ts';
import { vouchesFor } from './content.ts';

/** Rounds that a participant let be released, whatever keeps them. */
export interface RoundLog {
  /** Lasts before it returns. A repeat counts once. */
  add(record: RoundRecord): void;
  /** Of one run, by serial. */
  of(run: string): RoundRecord[];
}

/** What a participant's statements are made of. */
export interface Witness {
  log: RoundLog;
  promise(): OwnPromise;
  /** All that its ledger holds. */
  entries(): readonly LedgerEntry[];
}

/** @param policy what the ledger keeps to */
export function promiseOf(
  { epsilon, delta, retentionMs, order }: PrivacyPolicy,
  { noise, unit }: Pick<OwnPromise, 'noise' | 'unit'>,
): OwnPromise {
  return { noise, unit, epsilon, delta, retentionMs, filter: order };
}

/** What a secure sum went by, as the participant signed it. */
export interface SecureOutcome {
  pin: RosterPin;
  survivors: readonly string[];
  dropped: readonly string[];
}

/** What finds an offset judges no version that is served. */
function kindOf(spec: RoundSpec): RoundRecord['kind'] {
  if (spec.kind === 'count') return 'counts';
  return spec.kind === 'gate' && findsOffset(spec) ? 'train' : spec.kind;
}

/**
 * @param secure null where the sum is plain
 * @param judged null where the round is no gate
 */
export function recordOf(
  spec: RoundSpec,
  encoder: string,
  secure: SecureOutcome | null,
  judged: Judged | null,
): RoundRecord {
  const { threshold, colluders, members } = spec.cohort;
  return {
    round: spec.id,
    serial: spec.serial,
    kind: kindOf(spec),
    startedAt: spec.startedAt,
    from: spec.from,
    task: taskOf(spec),
    model: modelHash(spec, encoder),
    aggregation: spec.aggregation,
    samplingRate: samplingRateOf(spec),
    noiseMultiplier: spec.noiseMultiplier,
    clipNorm: spec.clipNorm,
    dimension: spec.dimension,
    ...{ threshold, colluders, members },
    roster: secure === null ? null : { epoch: secure.pin.epoch, hash: secure.pin.hash },
    survivors: secure === null ? null : secure.survivors.length,
    lists:
      secure === null
        ? null
        : toHex(hashJson(`${CERTIFICATE_FORMAT} lists`, [secure.survivors, secure.dropped])),
    ...(judged !== null && { judged }),
  };
}

/** What statements name a record by. */
export function recordHash(record: RoundRecord): string {
  return toHex(hashJson(`${CERTIFICATE_FORMAT} round`, record));
}

/** The records that a statement names, as far as they are there. @param records by their hashes */
export function namedBy(
  { rounds }: Pick<Statement, 'rounds'>,
  records: ReadonlyMap<string, RoundRecord>,
): RoundRecord[] {
  return rounds.flatMap((hash) => records.get(hash) ?? []);
}

/** The name of the run that a round belongs to. */
export function runOf(round: string): string {
  return round.slice(0, round.lastIndexOf('.'));
}

export function statementBytes(statement: Statement): Uint8Array {
  return labelled(`${CERTIFICATE_FORMAT} statement`, statement);
}

export function logBytes({ signature: _, ...log }: RoundLogFile): Uint8Array {
  return labelled(`${ROUND_LOG_FORMAT} log`, log);
}

/**
 * What a participant says of a run: of the rounds in its own log, and of no other; and of the versions that it is told the
 * run made, of those alone that its own gate judged.
 */
export async function stateRun(
  { log, promise, entries }: Witness,
  {
    collection,
    run,
    versions,
    participant,
    signer,
  }: {
    collection: string;
    run: string;
    versions: readonly MadeVersion[];
    participant: string;
    signer: Signer;
  },
): Promise<SignedStatement & { rounds: RoundRecord[] }> {
  const rounds = log.of(run);
  const promised = promise();
  const statement: Statement = {
    format: CERTIFICATE_FORMAT,
    ...{ collection, run, participant, promise: promised },
    charges: rounds.length === 0 ? [] : chargesOf(entries(), rounds, promised),
    rounds: rounds.map(recordHash),
    ...(rounds.some(({ judged }) => judged !== undefined) && {
      versions: versions.filter((made) => rounds.some(({ judged }) => vouchesFor(judged, made))),
    }),
  };
  return { statement, signature: toBase64Url(await signer.sign(statementBytes(statement))), rounds };
}

/**
 * What the records that all these rounds read have paid when the run is over: of those records, what the one pays that
 * pays most; alike ones together.
 */
function chargesOf(
  entries: readonly LedgerEntry[],
  rounds: readonly RoundRecord[],
  { filter, ...promised }: OwnPromise,
): Statement['charges'] {
  const policy: PrivacyPolicy = { ...promised, order: filter };
  const read = rounds.map(({ startedAt, from }) => readBy(policy, { atMs: startedAt, from }));
  const arrivals = {
    from: Math.max(...read.map(({ from }) => from)),
    to: Math.min(...read.map(({ to }) => to)),
  };
  const until = Math.max(...rounds.map(({ startedAt }) => startedAt));
  const paid = [false, true].flatMap((gate) => {
    const charged = entries.filter(({ kind, atMs }) => (kind === 'gate') === gate && atMs <= until);
    const sets = payersOf(policy, charged, arrivals);
    return heaviest(sets, (charges) => filterEpsilon(policy, charges)).charges;
  });
  return (['counts', 'train', 'gate'] as const).flatMap((kind) =>
    mergeEqual(paid.filter((entry) => entry.kind === kind)).map(
      ({ samplingRate, noiseMultiplier, steps }) => ({ kind, samplingRate, noiseMultiplier, rounds: steps }),
    ),
  );
}

export async function signLog(
  log: Omit<RoundLogFile, 'format' | 'key' | 'signature'>,
  signer: Signer,
): Promise<RoundLogFile> {
  const unsigned = { format: ROUND_LOG_FORMAT, ...log, key: toBase64Url(signer.key), signature: '' } as const;
  return { ...unsigned, signature: toBase64Url(await signer.sign(logBytes(unsigned))) };
}
