/**
 * Drives a run from round to round. Every step loads, decides with pure code, and saves in one transaction; what
 * it started and did not save is done again. Heavy steps happen in alarms, never in a participant's request.
 */
import type { LedgerEntry, PrivacyPolicy } from '../../shared/privacy/ledger.ts';
import { entryOf } from '../../shared/protocol/names.ts';
import type { RoundSpec } from '../../shared/protocol/rounds.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { plainSum } from '../../shared/round/aggregation.ts';
import { policyOf } from '../../shared/round/noise-plan.ts';
import { chargeOf } from '../../shared/round/noised-release.ts';
import {
  contributorsOf,
  openRound,
  type RoundEvent,
  type RoundState,
  stepRound,
} from '../../shared/round/round-machine.ts';
import type { LedgerStore } from '../ledger-store.ts';
import type { IndexedWords } from '../region/segments.ts';
import { Blobs } from '../sql.ts';
import { Values } from '../values.ts';
import { SumApplier } from './apply-sum.ts';
import { type Blamed, blameOf, noteFaults, remedyFor, spelled } from './blame.ts';
import { uncountedSince } from './census.ts';
import type { CertifiedRun } from './certificates.ts';
import type { OwnJudge } from './own-judge.ts';
import { nextSerial, specifyRound } from './round-specs.ts';
import type { RowTable } from './row-table.ts';
import { type ActiveRun, nextRound, type RunStore } from './run-store.ts';
import { windowOf } from './run-window.ts';
import type { SecureSum } from './secure-sum.ts';
import { TrainingState } from './training-state.ts';
import { Uploads } from './uploads.ts';
import type { SnapshotContext, Versions } from './versions.ts';

export interface RunnerDeps {
  storage: DurableObjectStorage;
  rows: RowTable;
  versions: Versions;
  runs: RunStore;
  collection: string;
  settings: CollectionSettings;
  /**
   * For the open round, or the one to be opened. Null where the sum is plain: by the settings, or because a region
   * alone has nobody to hide among.
   */
  secure: () => SecureSum | null;
  /** Whom the next round asks. */
  participants: () => string[];
  /** From now on rounds go by the rosters in force. @returns why there can be no round, or null */
  adopt: () => string | null;
  ledger: LedgerStore;
  /** What the hub measures by itself. */
  ownJudge: OwnJudge;
  /** Asks participants to sign what they know of a run whose gate has judged. */
  certify: (of: CertifiedRun) => void;
  context: SnapshotContext;
  now: () => number;
  /** Asks a participant to poll; false when it can not be reached. */
  wake: (participant: string) => Promise<boolean>;
  /** Brings the row table up to date with a participant's documents. */
  flush: (participant: string) => Promise<boolean>;
  /** The words of all passages, region by region; null of one that did not answer, or has too many. */
  words: () => Promise<(IndexedWords[] | null)[]>;
  /** Whether somebody from outside takes part: documents' words are not theirs to see. */
  hasGuests: () => boolean;
  /** What a participant has seen charged; null when it can not be reached. */
  ledgerOf: (participant: string) => Promise<LedgerEntry[] | null>;
}

/** Names the last round that was opened; kept when everything else of a collection is deleted. */
export const SERIAL = 'serial';
/** Rounds in a row that may fail before the run gives up. */
const MOST_FAILURES = 3;

export class Runner {
  readonly #deps: RunnerDeps;
  readonly #uploads: Uploads;
  readonly #state: TrainingState;
  readonly #sums: SumApplier;

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
    const blobs = new Blobs(deps.storage);
    this.#uploads = new Uploads(blobs);
    this.#state = new TrainingState(blobs, deps.settings.adapter, deps.context.model.width);
    const fail = (run: ActiveRun, reason: string) => void this.fail(run, reason);
    this.#sums = new SumApplier({ ...deps, state: this.#state, fail, clean: () => this.#clean() });
  }

  /** Takes an event into the current round. Returns whether the sender's round still runs. */
  event(round: string, event: RoundEvent): boolean {
    const { runs, now } = this.#deps;
    const run = runs.active();
    if (run?.round == null || run.round.id !== round) return false;
    const { state, accepted } = stepRound(run.round, event, now());
    if (state !== run.round) runs.save({ ...run, round: state });
    return accepted;
  }

  /** Waits no longer for those in the open round who do not belong to the collection any more. */
  dismiss(): void {
    const round = this.#deps.runs.active()?.round;
    if (round == null) return;
    for (const participant of this.#leftOf(round)) this.event(round.id, { type: 'removed', participant });
  }

  /** Of a round's participants those who do not belong to the collection any more. */
  #leftOf({ participants }: RoundState): string[] {
    const members = this.#deps.participants();
    return Object.keys(participants).filter((name) => !members.includes(name));
  }

  /** Advances the run as far as it can go now. Returns when it wants to be called again; null when no run is on. */
  async advance(): Promise<number | null> {
    const run = this.#deps.runs.active();
    if (run === null) return null;
    try {
      return await this.#advance(run);
    } catch (error) {
      // What our own checks find wrong is wrong the next time too; anything else may pass.
      if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
      return this.fail(run, error.message.slice(0, 500));
    }
  }

  async #advance(run: ActiveRun): Promise<number | null> {
    const { runs, now } = this.#deps;
    if (run.stage === 'prepare') return this.#prepare(run);
    if (run.round === null) {
      if (run.stage === 'gate' && !(await this.#sums.passesHub(run))) return runs.active() && now();
      await this.#open(run);
      return now();
    }
    const { state } = stepRound(run.round, { type: 'tick' }, now());
    const current = { ...run, round: state };
    if (state.phase === 'open') return state.deadlineAt;
    if (state.phase === 'aborted') {
      // A restored coordinator asks for what its participants have had: the same step goes on under a new serial. And
      // a roster without who left in the middle of the round may do with those who are left.
      const left = this.#leftOf(state);
      if (!state.behind && left.length === 0)
        return this.fail(current, state.error ?? 'the round was aborted');
      this.#again(current, left.length > 0 ? `${left.join(', ')} left meanwhile` : 'behind');
      return runs.active() === null ? null : now();
    }
    const words = await this.#sum(current);
    if (typeof words === 'number') return words;
    if (words !== null) await this.#sums.release(this.#counted(current), words);
    return runs.active() === null ? null : now();
  }

  /** Brings rows and ledger up to date, then opens the first round if the budget allows the run. */
  async #prepare(run: ActiveRun): Promise<number | null> {
    const { runs, now, settings, rows, ledger, storage, flush, ledgerOf } = this.#deps;
    const [, copies] = await Promise.all([
      Promise.all(settings.regions.map(flush)),
      run.noise === null ? [] : Promise.all(this.#deps.participants().map(ledgerOf)),
    ]);
    if (runs.active()?.run !== run.run) return null;
    // This object may have been restored from a backup: what regions saw charged counts, and no serial is used again.
    for (const copy of copies) ledger.merge(copy ?? []);
    const values = new Values(storage);
    values.set(SERIAL, Math.max(values.get<number>(SERIAL) ?? 0, ledger.lastRound()));
    ledger.expire(this.#policy(), now());
    const base = this.#deps.versions.get(run.base);
    const tooLarge = base === null ? null : this.#deps.versions.problemOf(base, this.#deps.context);
    const window = windowOf({ settings, ledger }, run, now());
    if (tooLarge !== null || typeof window === 'string') return this.fail(run, tooLarge ?? String(window));
    const rowsAt = rows.changedAt();
    const documents = Array.from(rows.documents(), ({ item }) => item).sort();
    const manifest = await this.#state.saveManifest(documents);
    if (runs.active()?.run !== run.run) return null;
    const stage = run.noise?.census == null ? ('count' as const) : ('census' as const);
    const censusFrom = uncountedSince(values, now() - this.#policy().retentionMs - 1);
    const about = { rowsAt, from: window.from, censusFrom, manifest, documents: documents.length };
    await this.#open({ ...run, ...about, stage });
    return now();
  }

  /** Ends the run without a version; does nothing when it has ended already. */
  fail(run: ActiveRun, error: string, state: 'failed' | 'cancelled' = 'failed'): null {
    const { runs, versions, now, storage } = this.#deps;
    if (runs.active()?.run !== run.run) return null;
    storage.transactionSync(() => {
      runs.save(run, { ended_at: now() });
      versions.discardCandidates();
      runs.end(run.run, state, null, error, now());
      this.#clean();
    });
    return null;
  }

  storeChunk(participant: string, round: string, chunk: number, bytes: Uint8Array): boolean {
    const run = this.#deps.runs.active();
    if (run?.round == null || run.round.id !== round || run.round.phase !== 'open') return false;
    const status = entryOf(run.round.participants, participant);
    return status !== undefined && this.#uploads.store(run.spec, participant, chunk, bytes, status.phase);
  }

  chunksOf(participant: string, round: string): number[] {
    return this.#deps.runs.active()?.round?.id === round ? this.#uploads.chunksOf(participant) : [];
  }

  /** Whether all chunks of a participant's vector are here; under secure aggregation it never is. */
  complete(participant: string, { spec }: ActiveRun): boolean {
    return (
      spec?.aggregation === 'secure' || (spec !== null && this.#uploads.vector(participant, spec) !== null)
    );
  }

  statePart(key: string, part: number): Uint8Array | null {
    if (key.startsWith('snapshot:'))
      return this.#deps.versions.snapshotPart(key.slice('snapshot:'.length), part);
    const spec = this.#deps.runs.active()?.spec;
    return spec == null ? null : this.#state.part(spec, key, part);
  }

  /** Opens the next round: makes its specification, saves it, then wakes the participants. */
  async #open(run: ActiveRun): Promise<void> {
    const { runs, settings, storage } = this.#deps;
    const problem = this.#deps.adopt();
    if (problem !== null) return void this.fail(run, problem);
    const secure = this.#deps.secure();
    const blamed = run.blamed ?? {};
    const members = this.#deps.participants();
    const invited = members.filter((name) => blamed[name] === undefined);
    const { phaseDeadlineMs, minParticipants } = settings.schedule;
    const needed = Math.max(minParticipants, secure?.threshold ?? 1);
    if (invited.length < needed && invited.length < members.length) {
      const detail = `${invited.length} of ${members.length} participants are left where ${needed} are needed`;
      const remedy = secure === null ? '' : `; ${remedyFor(secure.roster, settings.privacy, blamed)}`;
      return void this.fail(run, `${detail}${spelled(blamed)}${remedy}`);
    }
    const serial = nextSerial(new Values(storage).get<number>(SERIAL) ?? 0, this.#deps.now());
    const spec = await specifyRound({ ...run, serial }, this.#deps, this.#state);
    if (runs.active()?.run !== run.run) return;
    const round = openRound(spec.id, invited, {
      now: spec.startedAt,
      phaseDeadlineMs,
      minParticipants: needed,
      excluded: members.filter((name) => blamed[name] !== undefined),
    });
    storage.transactionSync(() => {
      this.#uploads.clear();
      secure?.clear();
      // A serial is spent whether or not its round is ever released.
      new Values(storage).set(SERIAL, serial);
      runs.save({ ...run, serial, spec, round, probes: {} });
    });
    const away = (name: string) => this.event(spec.id, { type: 'away', participant: name });
    // Who missed the last round is told and not waited for: it joins when it asks for work.
    for (const name of run.away) {
      away(name);
      void this.#deps.wake(name);
    }
    const present = invited.filter((name) => !run.away.includes(name));
    await Promise.all(present.map(async (name) => (await this.#deps.wake(name)) || away(name)));
  }

  /** The round's sum; a time to come back at; or null when the round failed and another follows. */
  async #sum(run: ActiveRun): Promise<Uint32Array | number | null> {
    const { spec, round } = run;
    if (spec === null || round === null) return null;
    const { settings, now } = this.#deps;
    const secure = this.#deps.secure();
    if (spec.aggregation === 'plain' || secure === null) {
      const vector = (participant: string) => this.#uploads.vector(participant, spec);
      const refused = this.#charge(spec);
      if (refused !== null) return this.#stop(run, refused);
      return plainSum.sum(contributorsOf(round), spec, { vector });
    }
    // Who was asked for an answer keeps the round's secrets: a state that is gone is not made anew under its name.
    if (run.securePhase !== null && secure.state(spec.id) === null) {
      return this.#again(run, 'the state of the secure sum was lost, as in an upgrade');
    }
    secure.open(spec, settings.schedule.secureDeadlineMs, now(), Object.keys(run.blamed ?? {}));
    for (;;) {
      secure.tick(spec.id, contributorsOf(round), now());
      const state = secure.state(spec.id);
      if (state === null) return now();
      if (state.phase === 'verify') await secure.verify(spec.id, now());
      else if (state.phase === 'charge') {
        const refused = this.#charge(spec);
        if (refused !== null) return this.#stop(run, refused);
        secure.charged(spec.id, now());
      } else if (state.phase === 'reconstruct') await secure.unmask(spec.id, now());
      else if (state.phase === 'done') return secure.sum(spec.id, spec.dimension);
      else if (state.phase === 'aborted') return this.#again(run, state.abort?.detail ?? 'aborted');
      else return this.#waitFor(run, round, state.deadline ?? now());
    }
  }

  /** Records what the round costs before any vector of it is here. Null, or why it must not go on. */
  #charge(spec: RoundSpec): string | null {
    const { settings, ledger } = this.#deps;
    const entry = chargeOf(spec);
    if (entry === null) return null;
    const result = ledger.charge(this.#policy(), entry);
    if (result.ok) return null;
    return result.code === 'privacy_budget_exceeded'
      ? `the privacy budget is spent: ε would be ${result.projected.epsilon.toFixed(3)} of ${settings.privacy.epsilon}`
      : `the ledger holds another charge for round ${entry.round}`;
  }

  #policy(): PrivacyPolicy {
    const { privacy, retentionDays } = this.#deps.settings;
    return policyOf(privacy, retentionDays);
  }

  /** The run with the participants as the sum found them: under a secure one who is in it is ready, others missed it. */
  #counted(run: ActiveRun): ActiveRun {
    if (run.round === null) return run;
    const secure = this.#deps.secure()?.state(run.spec?.id ?? '');
    if (secure == null) {
      return { ...run, summed: { survivors: contributorsOf(run.round).length, unrevealed: 0 } };
    }
    const { survivors, revealed, convicted } = secure;
    const participants = Object.fromEntries(
      Object.entries(run.round.participants).map(([name, one]) => {
        const out = convicted.includes(name) ? ('excluded' as const) : ('missed' as const);
        const phase = survivors.includes(name) ? ('ready' as const) : out;
        const kept = one.phase === 'failed' || one.phase === 'excluded';
        return [name, { ...one, phase: kept ? one.phase : phase }];
      }),
    );
    const extra = survivors.reduce((sum, name) => sum + (run.extraNoise?.[name] ?? 0), 0);
    const unrevealed = survivors.length - revealed.length;
    const summed = { survivors: survivors.length, unrevealed, extra };
    const { blamed } = this.#blame(run);
    return { ...run, summed, blamed, round: { ...run.round, participants } };
  }

  #stop(run: ActiveRun, reason: string): null {
    this.#deps.secure()?.abort(run.spec?.id ?? '', reason, this.#deps.now());
    return this.fail(run, reason);
  }

  async #waitFor(run: ActiveRun, round: RoundState, deadline: number): Promise<number> {
    const { runs } = this.#deps;
    const secure = this.#deps.secure();
    const { id } = run.spec as RoundSpec;
    const phase = secure?.state(id)?.phase;
    // The round's row shows the phase; whoever has something to answer is woken once a phase.
    if (phase !== undefined && run.securePhase !== phase) {
      runs.save({ ...run, securePhase: phase });
      const asked = contributorsOf(round).filter((name) => secure?.messageFor(id, name) !== null);
      await Promise.all(asked.map((name) => this.#deps.wake(name)));
    }
    return deadline;
  }

  /** Nothing was released: the same step is tried again under a new round. */
  #again(run: ActiveRun, detail: string): null {
    const { runs, now } = this.#deps;
    const failures = run.failures + 1;
    const { blamed, found } = this.#blame(run);
    const reported = run.round?.error == null ? detail : `${detail}; ${run.round.error}`;
    const why = `${reported}${spelled(found)}`;
    if (failures >= MOST_FAILURES || run.round === null) {
      return this.fail(run, `the round failed ${failures} times: ${why}`);
    }
    runs.save({ ...run, round: { ...run.round, phase: 'aborted', error: why } }, { ended_at: now() });
    runs.save({ ...nextRound(run), failures, blamed });
    return null;
  }

  /** Who broke the protocol in the secure sum that has ended, and with them all that are left out from now on. */
  #blame(run: ActiveRun): { blamed: Blamed; found: Blamed } {
    const state = this.#deps.secure()?.state(run.spec?.id ?? '');
    const found = state == null ? {} : blameOf(state);
    noteFaults(this.#deps.storage, run, found, this.#deps.now());
    return { blamed: { ...run.blamed, ...found }, found };
  }

  #clean(): void {
    this.#uploads.clear();
    this.#state.clear();
    this.#deps.secure()?.clear();
  }
}
