/**
 * Drives a run from round to round. Every step loads, decides with pure code, and saves in one transaction; what
 * it started and did not save is done again. Heavy steps happen in alarms, never in a participant's request.
 */
import { type Aggregation, plainSum } from '../../shared/federated/aggregation.ts';
import { GATE_DIMENSION } from '../../shared/federated/gate-work.ts';
import { newOptimiserState, type OptimiserState } from '../../shared/federated/optimiser.ts';
import { applyRound, judge, trainFigures } from '../../shared/federated/release.ts';
import { openRound, type RoundEvent, stepRound } from '../../shared/federated/round-machine.ts';
import { activeRows, planRun, sampleOf, trainRounds } from '../../shared/federated/run-plan.ts';
import { decodeFixed, STATS, statScale } from '../../shared/federated/vector.ts';
import type { RoundInfo } from '../../shared/protocol/objects.ts';
import {
  decodeParameters,
  encodeParameters,
  type Parameters,
  partCount,
} from '../../shared/protocol/parameters.ts';
import type { RoundSpec, StateRef, TrainRound } from '../../shared/protocol/rounds.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { adapterSize } from '../../shared/protocol/snapshot.ts';
import { Blobs } from '../sql.ts';
import { startParameters } from './parameters.ts';
import type { RowTable } from './row-table.ts';
import type { ActiveRun, RunStore } from './run-store.ts';
import { pointerOf, type SnapshotContext, type Versions } from './versions.ts';

export interface RunnerParts {
  storage: DurableObjectStorage;
  rows: RowTable;
  versions: Versions;
  runs: RunStore;
  collection: string;
  settings: CollectionSettings;
  context: SnapshotContext;
  now: () => number;
  /** Asks a participant to poll; false when it can not be reached. */
  wake: (participant: string) => Promise<boolean>;
  /** Brings the row table up to date with a participant's documents. */
  flush: (participant: string) => Promise<boolean>;
}

const UPLOADS = 'upload/';
const PARAMETERS = 'run/parameters';
const FIRST = 'run/first-moment';
const SECOND = 'run/second-moment';
/** Displacements of local steps are small numbers: a fine fixed grid holds them. */
const LOCAL_GRID_STEP = 1e-5;

export class Runner {
  readonly #parts: RunnerParts;
  readonly #blobs: Blobs;
  readonly #aggregation: Aggregation = plainSum;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#blobs = new Blobs(parts.storage);
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
    const { runs, now, settings } = this.#parts;
    const run = runs.active();
    if (run === null) return null;
    if (run.stage === 'prepare') {
      await Promise.allSettled(settings.regions.map((name) => this.#parts.flush(name)));
      await this.#open({ ...run, stage: 'count' });
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
    await this.#release(current);
    const next = runs.active();
    if (next === null) return null;
    await this.#open(next);
    return now();
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
    if (status.phase !== 'uploaded') this.#blobs.putPart(UPLOADS + participant, chunk, bytes);
    return true;
  }

  /** Whether all chunks of a participant's vector are here. */
  complete(participant: string, run: ActiveRun): boolean {
    return this.#vector(participant, run.spec?.dimension ?? 0) !== null;
  }

  statePart(key: string, part: number): Uint8Array | null {
    if (key.startsWith('snapshot:'))
      return this.#parts.versions.snapshotPart(key.slice('snapshot:'.length), part);
    const spec = this.#parts.runs.active()?.spec;
    if (spec?.kind !== 'train' || spec.state.key !== key) return null;
    return this.#blobs.part(PARAMETERS, part);
  }

  #vector(participant: string, dimension: number): Uint32Array | null {
    const bytes = this.#blobs.get(UPLOADS + participant);
    if (bytes === null || bytes.length !== 4 * dimension) return null;
    return new Uint32Array(bytes.slice().buffer);
  }

  /** Opens the next round: makes its specification, saves it, then wakes the participants. */
  async #open(run: ActiveRun): Promise<void> {
    const { runs, settings, now, storage } = this.#parts;
    const spec = await this.#specify(run);
    if (runs.active()?.run !== run.run) return;
    const round = openRound(spec.id, settings.regions, {
      now: now(),
      phaseDeadlineMs: settings.schedule.phaseDeadlineMs,
      minParticipants: settings.schedule.minParticipants,
    });
    storage.transactionSync(() => {
      this.#blobs.deletePrefix(UPLOADS);
      runs.save({ ...run, spec, round, probes: {} });
    });
    const reached = await Promise.all(
      settings.regions.map(async (name) => ({ name, ok: await this.#parts.wake(name) })),
    );
    for (const { name, ok } of reached) if (!ok) this.event(spec.id, { type: 'away', participant: name });
  }

  async #specify(run: ActiveRun): Promise<RoundSpec> {
    const { rows, collection, settings, context } = this.#parts;
    const common = {
      id: `${run.run}.${run.index}`,
      collection,
      rowsAt: run.rowsAt,
      rows: rows.size(),
    };
    if (run.stage === 'count' || run.stage === 'prepare') {
      const rowsAt = rows.changedAt();
      run.rowsAt = rowsAt;
      return {
        ...common,
        kind: 'count',
        rowsAt,
        sample: { kind: 'all' },
        dimension: common.rows + 1,
        gridStep: 1,
      };
    }
    if (run.stage === 'gate') {
      return {
        ...common,
        kind: 'gate',
        sample: { kind: 'all' },
        dimension: GATE_DIMENSION,
        gridStep: 1,
        ...(await this.#gateStates(run)),
      };
    }
    const plan = run.plan;
    if (plan === null) throw new Error('a train round needs a plan');
    const parameters = this.#parameters();
    const { training, adapter } = settings;
    const headOnly = run.trained < plan.headRounds || adapter.kind === 'none';
    const dimension = (headOnly ? 0 : parameters.adapter.length) + parameters.head.length + STATS;
    const local = training.rounds === 'local' ? training.local : null;
    const gridStep = local === null ? training.clipNorm / (100 * Math.sqrt(dimension)) : LOCAL_GRID_STEP;
    const bytes = 4 * (parameters.activeRows.length + parameters.adapter.length + parameters.head.length);
    const spec: TrainRound = {
      ...common,
      kind: 'train',
      train: headOnly ? 'head' : 'adapter-and-head',
      sample: sampleOf(plan, run.trained, run.seed),
      dimension,
      gridStep,
      adapter,
      state: { key: `parameters:${common.id}`, bytes, parts: partCount(bytes) },
      activeRows: parameters.activeRows.length,
      temperature: training.temperature,
      clipNorm: training.clipNorm,
      local,
      // The adapter stands still while only the head trains.
      adapterKey: headOnly ? `${context.model.sha256.slice(0, 16)}.v${run.base}` : common.id,
      statScale: statScale(gridStep, run.units),
    };
    return spec;
  }

  async #gateStates(run: ActiveRun) {
    const { versions, settings, context } = this.#parts;
    const ref = async (version: number): Promise<StateRef> => {
      const { hash, bytes, parts } = pointerOf(await versions.refresh(version, context));
      return { key: `snapshot:${hash}`, bytes, parts };
    };
    return {
      adapter: settings.adapter,
      candidate: await ref(run.candidate ?? 0),
      serving: await ref(versions.serving()?.version ?? 0),
      baseline: await ref(0),
    };
  }

  #parameters(): Parameters {
    const { settings, context } = this.#parts;
    const bytes = this.#blobs.get(PARAMETERS);
    if (bytes === null) throw new Error('the parameters of the run are gone');
    const length = adapterSize(settings.adapter, context.model.width);
    const active = (bytes.length / 4 - length) / (1 + context.model.width);
    return decodeParameters(bytes, active, length, context.model.width);
  }

  async #release(run: ActiveRun): Promise<void> {
    const { spec, round } = run;
    if (spec === null || round === null) return;
    const contributors = Object.entries(round.participants)
      .filter(([, participant]) => participant.phase === 'uploaded')
      .map(([name]) => name);
    const words = this.#aggregation.sum(contributors, spec.dimension, {
      vector: (participant) => this.#vector(participant, spec.dimension),
    });
    const sum = decodeFixed(words, spec.gridStep);
    if (spec.kind === 'count') this.#counted(run, sum);
    else if (spec.kind === 'train') await this.#trained(run, spec, sum);
    else this.#judged(run, sum);
  }

  #counted(run: ActiveRun, sum: Float64Array): void {
    const { runs, rows, versions, settings, context, storage, now } = this.#parts;
    const counts = sum.subarray(0, sum.length - 1);
    const before = versions.parameters(run.base, context.model.width);
    const active = activeRows(counts, new Set(before?.activeRows ?? []), settings.training);
    let units = 0;
    for (const row of active) units += counts[row] as number;
    const plan = planRun(settings.training, units);
    if (active.length < 2) {
      this.fail(
        run,
        `${active.length} documents have the ${settings.training.activeThreshold} queries that training needs; at least 2 are needed`,
      );
      return;
    }
    if (trainRounds(plan) === 0) {
      this.fail(
        run,
        'the settings ask for no train round: training.epochs and training.headEpochs are both 0',
      );
      return;
    }
    const parameters = startParameters({
      active,
      rows,
      before,
      adapter: settings.adapter,
      width: context.model.width,
      seed: run.seed,
    });
    storage.transactionSync(() => {
      this.#blobs.put(PARAMETERS, encodeParameters(parameters));
      this.#saveOptimiser(
        newOptimiserState(
          settings.training.optimiser.kind,
          parameters.adapter.length + parameters.head.length,
        ),
      );
      runs.plan(run.run, trainRounds(plan) + 2);
      runs.save(run, { endedAt: now() });
      runs.save({ ...run, stage: 'train', index: run.index + 1, units, plan, round: null, spec: null });
    });
  }

  async #trained(run: ActiveRun, spec: TrainRound, sum: Float64Array): Promise<void> {
    const { runs, versions, settings, context, storage, now } = this.#parts;
    const plan = run.plan;
    if (plan === null) throw new Error('a train round needs a plan');
    const figures = trainFigures(sum, spec);
    const parameters = this.#parameters();
    const state = this.#optimiser();
    const steps = trainRounds(plan);
    const inPlan = { step: run.trained, steps, expected: run.units / plan.parts };
    if (figures.units > 0) applyRound(parameters, state, sum, spec, settings.training, inPlan);
    const trained = run.trained + 1;
    const next: ActiveRun = { ...run, trained, index: run.index + 1, round: null, spec: null };
    const encoded = encodeParameters(parameters);
    const shown: Partial<RoundInfo> = { endedAt: now(), loss: figures.loss, accuracy: figures.accuracy };
    if (trained === steps) {
      const draft = {
        parent: run.base,
        run: run.run,
        adapter: settings.adapter,
        parameters,
        training: this.#provenance(),
      };
      const candidate = await versions.create(draft, encoded, context, now());
      if (runs.active()?.index !== run.index) return;
      next.stage = 'gate';
      next.candidate = candidate.version;
    }
    storage.transactionSync(() => {
      this.#blobs.put(PARAMETERS, encoded);
      this.#saveOptimiser(state);
      runs.save(run, shown);
      runs.save(next);
    });
  }

  #judged(run: ActiveRun, sum: Float64Array): void {
    const { runs, versions, settings, storage, now } = this.#parts;
    const verdict = judge(sum, Object.values(run.probes), settings.gate);
    const candidate = run.candidate ?? 0;
    storage.transactionSync(() => {
      versions.judge(candidate, verdict.heldOut, verdict.probe, verdict.publish);
      runs.save(run, { endedAt: now() });
      runs.end(
        run.run,
        verdict.publish ? 'published' : 'rejected',
        candidate,
        verdict.publish ? null : verdict.reason,
        now(),
      );
      this.#clean();
    });
  }

  /** How a version was made, for everyone who is served by it. */
  #provenance(): Record<string, unknown> {
    const { training } = this.#parts.settings;
    return {
      aggregation: this.#aggregation.name,
      noise: 'off',
      rounds: training.rounds,
      epochs: training.epochs,
    };
  }

  #clean(): void {
    this.#blobs.deletePrefix(UPLOADS);
    this.#blobs.deletePrefix('run/');
  }

  #optimiser(): OptimiserState {
    const meta = this.#blobs.get(`${FIRST}/step`);
    const read = (name: string) =>
      new Float32Array((this.#blobs.get(name) ?? new Uint8Array(0)).slice().buffer);
    return {
      step: meta === null ? 0 : (new Uint32Array(meta.slice().buffer)[0] ?? 0),
      first: read(FIRST),
      second: read(SECOND),
    };
  }

  #saveOptimiser(state: OptimiserState): void {
    this.#blobs.put(`${FIRST}/step`, new Uint8Array(new Uint32Array([state.step]).buffer));
    this.#blobs.put(FIRST, new Uint8Array(state.first.buffer));
    this.#blobs.put(SECOND, new Uint8Array(state.second.buffer));
  }
}
