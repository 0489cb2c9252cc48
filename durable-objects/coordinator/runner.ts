/**
 * Drives a run from round to round. Every step loads, decides with pure code, and saves in one transaction; what
 * it started and did not save is done again. Heavy steps happen in alarms, never in a participant's request.
 */

import { plainSum } from '../../shared/federated/aggregation.ts';
import { decodeRound } from '../../shared/federated/mechanism.ts';
import { planNoise, policyOf } from '../../shared/federated/noise-plan.ts';
import {
  chargeOf,
  chooseRows,
  deviationOf,
  expandHead,
  floatsOf,
} from '../../shared/federated/noised-release.ts';
import { newOptimiserState } from '../../shared/federated/optimiser.ts';
import { applyRound, judge, trainFigures } from '../../shared/federated/release.ts';
import {
  contributorsOf,
  openRound,
  type RoundEvent,
  stepRound,
} from '../../shared/federated/round-machine.ts';
import { planRun, positionOf, type RunPlan, trainRounds } from '../../shared/federated/run-plan.ts';
import { samplingRateOf } from '../../shared/federated/secure-round.ts';
import { project } from '../../shared/privacy/ledger.ts';
import { principalDirections } from '../../shared/privacy/principal-directions.ts';
import { encodeParameters, type Parameters } from '../../shared/protocol/parameters.ts';
import type { RoundSpec, TrainRound } from '../../shared/protocol/rounds.ts';
import { type CollectionSettings, phasesOf, type TrainingPhase } from '../../shared/protocol/settings.ts';
import type { LedgerStore } from '../ledger-store.ts';
import { Blobs, Values } from '../sql.ts';
import { fixedRows, startParameters } from './parameters.ts';
import { specifyRound } from './round-specs.ts';
import type { RowTable } from './row-table.ts';
import type { ActiveRun, RunStore } from './run-store.ts';
import type { SecureSum } from './secure-sum.ts';
import { TrainingState } from './training-state.ts';
import type { SnapshotContext, Versions } from './versions.ts';

export interface RunnerParts {
  storage: DurableObjectStorage;
  rows: RowTable;
  versions: Versions;
  runs: RunStore;
  collection: string;
  settings: CollectionSettings;
  /** Null where the sum is plain: by the settings, or because a region alone has nobody to hide among. */
  secure: SecureSum | null;
  ledger: LedgerStore;
  context: SnapshotContext;
  now: () => number;
  /** Asks a participant to poll; false when it can not be reached. */
  wake: (participant: string) => Promise<boolean>;
  /** Brings the row table up to date with a participant's documents. */
  flush: (participant: string) => Promise<boolean>;
}

const UPLOADS = 'upload/';
/** Rounds in a row that may fail in the secure sum before the run gives up. */
const MOST_FAILURES = 3;

export class Runner {
  readonly #parts: RunnerParts;
  readonly #blobs: Blobs;
  readonly #state: TrainingState;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#blobs = new Blobs(parts.storage);
    this.#state = new TrainingState(this.#blobs, parts.settings.adapter, parts.context.model.width);
  }

  /** Takes an event into the current round. Returns whether the sender's round still runs. */
  event(round: string, event: RoundEvent): boolean {
    const { runs, now } = this.#parts;
    const run = runs.active();
    if (run?.round == null || run.round.id !== round) return false;
    const { state, accepted } = stepRound(run.round, event, now());
    if (state !== run.round) runs.save({ ...run, round: state });
    return accepted;
  }

  /** Advances the run as far as it can go now. Returns when it wants to be called again; null when no run is on. */
  async advance(): Promise<number | null> {
    const { runs, now, settings, rows } = this.#parts;
    const run = runs.active();
    if (run === null) return null;
    if (run.stage === 'prepare') {
      await Promise.allSettled(settings.regions.map((name) => this.#parts.flush(name)));
      const refused = this.#refusal(run);
      if (refused !== null) {
        this.fail(run, refused);
        return null;
      }
      await this.#open({ ...run, stage: 'count', rowsAt: rows.changedAt(), rows: rows.size() });
      return now();
    }
    if (run.round === null) {
      await this.#open(run);
      return now();
    }
    const { state } = stepRound(run.round, { type: 'tick' }, now());
    const current = { ...run, round: state };
    if (state.phase === 'open') return state.deadlineAt;
    if (state.phase === 'aborted') {
      this.fail(current, state.error ?? 'the round was aborted');
      return null;
    }
    const words = await this.#sum(current);
    if (typeof words === 'number') return words;
    if (words !== null) await this.#release(current, words);
    return runs.active() === null ? null : now();
  }

  fail(run: ActiveRun, error: string, state: 'failed' | 'cancelled' = 'failed'): void {
    const { runs, versions, now, storage } = this.#parts;
    storage.transactionSync(() => {
      runs.save(run, { endedAt: now() });
      versions.discardCandidates();
      runs.end(run.run, state, null, error, now());
      this.#clean();
    });
  }

  storeChunk(participant: string, round: string, chunk: number, bytes: Uint8Array): boolean {
    const run = this.#parts.runs.active();
    if (run?.round == null || run.round.id !== round || run.round.phase !== 'open') return false;
    const status = run.round.participants[participant];
    if (status === undefined) return false;
    if (status.phase !== 'ready') this.#blobs.putPart(UPLOADS + participant, chunk, bytes);
    return true;
  }

  /** Whether all chunks of a participant's vector are here; under secure aggregation it never is. */
  complete(participant: string, run: ActiveRun): boolean {
    if (run.spec?.aggregation === 'secure') return true;
    return this.#vector(participant, run.spec?.dimension ?? 0) !== null;
  }

  statePart(key: string, part: number): Uint8Array | null {
    if (key.startsWith('snapshot:'))
      return this.#parts.versions.snapshotPart(key.slice('snapshot:'.length), part);
    const spec = this.#parts.runs.active()?.spec;
    if (spec?.kind === 'train' && spec.fixed.key === key) return this.#state.fixedPart(part);
    if (spec?.kind === 'train' && spec.directions?.key === key) return this.#state.directionsPart(part);
    return spec?.kind === 'train' && spec.state.key === key ? this.#state.part(part) : null;
  }

  #vector(participant: string, dimension: number): Uint32Array | null {
    const bytes = this.#blobs.get(UPLOADS + participant);
    if (bytes === null || bytes.length !== 4 * dimension) return null;
    return new Uint32Array(bytes.slice().buffer);
  }

  /** Opens the next round: makes its specification, saves it, then wakes the participants. */
  async #open(run: ActiveRun): Promise<void> {
    const { runs, settings, now, storage, secure } = this.#parts;
    const serial = (new Values(storage).get<number>('serial') ?? 0) + 1;
    const spec = await specifyRound({ ...run, serial }, this.#parts, this.#state);
    const { phaseDeadlineMs, minParticipants } = settings.schedule;
    if (runs.active()?.run !== run.run) return;
    const round = openRound(spec.id, settings.regions, {
      now: now(),
      phaseDeadlineMs,
      minParticipants: Math.max(minParticipants, secure?.threshold ?? 1),
    });
    storage.transactionSync(() => {
      this.#blobs.deletePrefix(UPLOADS);
      secure?.clear();
      // A serial is spent whether or not its round is ever released.
      new Values(storage).set('serial', serial);
      runs.save({ ...run, serial, spec, round, probes: {} });
    });
    const reached = await this.wakeAll(settings.regions);
    for (const name of settings.regions) {
      if (!reached.has(name)) this.event(spec.id, { type: 'away', participant: name });
    }
  }

  async wakeAll(names: readonly string[]): Promise<Set<string>> {
    const results = await Promise.all(
      names.map(async (name) => ({ name, ok: await this.#parts.wake(name) })),
    );
    return new Set(results.filter(({ ok }) => ok).map(({ name }) => name));
  }

  /** The round's sum; a time to come back at; or null when the round failed and another follows. */
  async #sum(run: ActiveRun): Promise<Uint32Array | number | null> {
    const { spec, round } = run;
    if (spec === null || round === null) return null;
    const { secure, settings, now } = this.#parts;
    if (spec.aggregation === 'plain' || secure === null) {
      const vector = (participant: string) => this.#vector(participant, spec.dimension);
      const refused = this.#charge(run, spec);
      if (refused !== null) return this.#stop(run, refused);
      return plainSum.sum(contributorsOf(round), spec.dimension, { vector });
    }
    const toWake = secure.open(spec, settings.schedule.secureDeadlineMs, now());
    if (toWake.length > 0) await this.wakeAll(contributorsOf(round));
    for (;;) {
      secure.tick(spec.id, contributorsOf(round), now());
      const state = secure.state(spec.id);
      if (state === null) return now();
      if (state.phase === 'charge') {
        const refused = this.#charge(run, spec);
        if (refused !== null) return this.#stop(run, refused);
        secure.charged(spec.id, now());
      } else if (state.phase === 'reconstruct') await secure.unmask(spec.id, now());
      else if (state.phase === 'done') return secure.sum(spec.id, spec.dimension);
      else if (state.phase === 'aborted') return this.#again(run, state.abort?.detail ?? 'aborted');
      else return this.#waitFor(run, state.deadline ?? now());
    }
  }

  /** Why a run with this plan must not start: its projected ε would pass the budget. */
  #refusal(run: ActiveRun): string | null {
    const { settings, ledger, now } = this.#parts;
    if (run.noise === null) return null;
    const { privacy, retentionDays } = settings;
    const { releases } = planNoise(privacy, retentionDays);
    const projected = project(policyOf(privacy, retentionDays), ledger.entries(), releases, now());
    if (projected.fits) return null;
    return `the privacy budget does not allow the run: ε would be ${projected.epsilon.toFixed(3)} of ${privacy.epsilon}`;
  }

  /** Records what the round costs before anything of its sum is known. Null, or why it must not be released. */
  #charge(run: ActiveRun, spec: RoundSpec): string | null {
    const { settings, ledger } = this.#parts;
    const entry = chargeOf(spec, run.round?.startedAt ?? 0);
    if (entry === null) return null;
    const result = ledger.charge(policyOf(settings.privacy, settings.retentionDays), entry);
    if (result.ok) return null;
    return result.code === 'privacy_budget_exceeded'
      ? `the privacy budget is spent: ε would be ${result.projected.epsilon.toFixed(3)} of ${settings.privacy.epsilon}`
      : `the ledger holds another charge for round ${entry.round}`;
  }

  #stop(run: ActiveRun, reason: string): null {
    this.#parts.secure?.abort(run.spec?.id ?? '', reason, this.#parts.now());
    this.fail(run, reason);
    return null;
  }

  async #waitFor(run: ActiveRun, deadline: number): Promise<number> {
    const { secure, runs } = this.#parts;
    const { id } = run.spec as RoundSpec;
    const phase = secure?.state(id)?.phase;
    // The round's row shows the phase; whoever has something to answer is woken once a phase.
    if (phase !== undefined && run.securePhase !== phase) {
      runs.save({ ...run, securePhase: phase });
      await this.wakeAll((secure?.members ?? []).filter((name) => secure?.messageFor(id, name) !== null));
    }
    return deadline;
  }

  /** A failed secure sum released nothing: the same step is tried again under a new round. */
  #again(run: ActiveRun, detail: string): null {
    const { runs, now } = this.#parts;
    const failures = run.failures + 1;
    if (failures >= MOST_FAILURES || run.round === null) {
      this.fail(run, `secure aggregation failed ${failures} times: ${detail}`);
      return null;
    }
    runs.save({ ...run, round: { ...run.round, phase: 'aborted', error: detail } }, { endedAt: now() });
    runs.save({ ...run, failures, index: run.index + 1, round: null, spec: null, securePhase: null });
    return null;
  }

  async #release(run: ActiveRun, words: Uint32Array): Promise<void> {
    const { spec } = run;
    if (spec === null) return;
    const sum = decodeRound(words, spec);
    if (spec.kind === 'count') this.#counted(run, sum);
    else if (spec.kind === 'train') await this.#trained(run, spec, sum);
    else this.#judged(run, sum);
  }

  #counted(run: ActiveRun, sum: Float64Array): void {
    const { runs, rows, versions, settings, context, storage, now } = this.#parts;
    const { training, adapter, privacy } = settings;
    const { width } = context.model;
    const before = versions.parameters(run.base, width);
    const { active, units } = chooseRows(run, sum, before?.activeRows ?? [], settings);
    const plan = planRun(phasesOf(settings), units);
    if (active.length < 2) {
      const detail = `${active.length} documents have the ${training.activeThreshold} queries that training needs`;
      this.fail(run, `${detail}; at least 2 are needed`);
      return;
    }
    if (trainRounds(plan) === 0) {
      this.fail(run, 'the settings ask for no train round: training.phases have no passes');
      return;
    }
    const parameters = startParameters({ active, rows, before, adapter, width, seed: run.seed });
    const fixed = fixedRows({ active, rows, most: training.fixedRows, width, seed: run.seed });
    const wanted = run.noise === null ? 0 : Math.min(privacy.training.projection, width);
    const directions = wanted === 0 ? null : principalDirections(rows.sampleEmbeddings(width), width, wanted);
    const { kind } = phaseOf(settings, plan, 0).optimiser;
    storage.transactionSync(() => {
      this.#state.begin(parameters, fixed, directions, kind);
      runs.plan(run.run, trainRounds(plan) + 2);
      runs.save(run, { endedAt: now() });
      runs.save({ ...next(run), stage: 'train', units, plan });
    });
  }

  async #trained(run: ActiveRun, spec: TrainRound, sum: Float64Array): Promise<void> {
    const { runs, versions, settings, context, storage, now } = this.#parts;
    const plan = run.plan;
    if (plan === null) throw new Error('a train round needs a plan');
    const figures = trainFigures(sum, spec);
    const parameters = this.#state.parameters();
    let optimiser = this.#state.optimiser();
    const steps = trainRounds(plan);
    const position = positionOf(plan, run.trained);
    const phase = phaseOf(settings, plan, run.trained);
    const expected = samplingRateOf(spec) * (run.units / position.parts);
    const schedule = { step: position.step, steps: position.steps, expected };
    const { width } = context.model;
    const directions = spec.directions === null ? null : floatsOf(this.#state.directions());
    const full = directions === null ? sum : expandHead(sum, spec, parameters, directions, width);
    applyRound(parameters, optimiser, full, spec, phase.optimiser, schedule);
    const following: ActiveRun = { ...next(run), trained: run.trained + 1 };
    const encoded = encodeParameters(parameters);
    const averaged = this.#averaged(run, parameters, steps);
    if (following.trained < steps) {
      const nextPhase = phaseOf(settings, plan, following.trained);
      // A new phase starts with an optimiser that remembers nothing.
      if (nextPhase !== phase)
        optimiser = newOptimiserState(nextPhase.optimiser.kind, optimiser.first.length);
    } else {
      const draft = {
        parent: run.base,
        run: run.run,
        adapter: settings.adapter,
        parameters: averaged ?? parameters,
        training: this.#provenance(spec),
      };
      const learned = averaged === null ? encoded : encodeParameters(averaged);
      const candidate = await versions.create(draft, learned, context, now());
      if (runs.active()?.index !== run.index) return;
      following.stage = 'gate';
      following.candidate = candidate.version;
    }
    storage.transactionSync(() => {
      this.#state.save(encoded, optimiser);
      if (averaged !== null) this.#state.saveAverage(encodeParameters(averaged));
      runs.save(run, { endedAt: now(), loss: figures.loss, accuracy: figures.accuracy });
      runs.save(following);
    });
  }

  /** The mean over the last steps of a run with noise; null before them, and without noise. */
  #averaged(run: ActiveRun, parameters: Parameters, steps: number): Parameters | null {
    if (run.noise === null) return null;
    const first = Math.floor(steps * (1 - this.#parts.settings.privacy.training.averageLast));
    return run.trained < first ? null : this.#state.average(parameters, run.trained - first);
  }

  #judged(run: ActiveRun, sum: Float64Array): void {
    const { runs, versions, settings, storage, now } = this.#parts;
    const { spec, round } = run;
    if (spec === null || round === null) return;
    const deviation = deviationOf(spec, contributorsOf(round).length);
    const values = deviation === 0 ? sum.map(Math.round) : sum;
    const verdict = judge(values, Object.values(run.probes), settings.gate, deviation);
    const candidate = run.candidate ?? 0;
    storage.transactionSync(() => {
      versions.judge(candidate, verdict.heldOut, verdict.probe, verdict.publish);
      runs.save(run, { endedAt: now() });
      const state = verdict.publish ? 'published' : 'rejected';
      runs.end(run.run, state, candidate, verdict.publish ? null : verdict.reason, now());
      this.#clean();
    });
  }

  /** How a version was made, for everyone who is served by it. */
  #provenance(spec: RoundSpec): Record<string, unknown> {
    const { settings } = this.#parts;
    const phases = phasesOf(settings);
    const { temperature } = settings.training;
    const noise = spec.noiseMultiplier > 0 ? 'on' : 'off';
    return { aggregation: spec.aggregation, noise, temperature, phases };
  }

  #clean(): void {
    this.#blobs.deletePrefix(UPLOADS);
    this.#state.clear();
    this.#parts.secure?.clear();
  }
}

/** The phase that train round `index` belongs to. */
function phaseOf(settings: CollectionSettings, plan: RunPlan, index: number): TrainingPhase {
  return phasesOf(settings)[positionOf(plan, index).phase] as TrainingPhase;
}

/** The run at its following round, which is not specified yet. */
function next(run: ActiveRun): ActiveRun {
  return { ...run, index: run.index + 1, round: null, spec: null, securePhase: null, failures: 0 };
}
