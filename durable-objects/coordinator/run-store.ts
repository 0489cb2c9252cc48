/** Runs and rounds in the Coordinator's SQLite: the one in progress as one value, the others as history. */
import type { Summed } from '../../shared/privacy/noise-share.ts';
import type { Round, Run } from '../../shared/protocol/api/run.ts';
import type { ProbeCounts, RoundSpec } from '../../shared/protocol/rounds.ts';
import { RUN_VERSION } from '../../shared/protocol/run-version.ts';
import type { RunNoise } from '../../shared/round/noise-plan.ts';
import { multiplierInEffect } from '../../shared/round/noised-release.ts';
import type { RoundState } from '../../shared/round/round-machine.ts';
import type { RunPlan } from '../../shared/round/run-plan.ts';
import { Values } from '../values.ts';
import type { Blamed } from './blame.ts';
import type { Content } from './training-state.ts';

/** A row that learns, and the units that ask for it. */
export interface LearningRow {
  row: number;
  count: number;
}

/** What learns only when the offset of rows that never learned is found. */
export interface KeptOut {
  documents: number;
  rows: LearningRow[];
  /** The offset by the share of rows that do not learn in the end. */
  prior: number;
}

/** The run in progress: everything that the next step needs. */
export interface ActiveRun {
  run: string;
  /** `RUN_VERSION` of the code that began it. */
  version: string;
  /** Keys the shuffles of the run. */
  seed: number;
  stage: 'prepare' | 'census' | 'count' | 'train' | 'offset' | 'gate';
  /** Number of the current round, from 0. */
  index: number;
  /** Train rounds done. */
  trained: number;
  plan: RunPlan | null;
  /** Units that train, as counted. */
  units: number;
  base: number;
  candidate: number | null;
  round: RoundState | null;
  spec: RoundSpec | null;
  probes: Record<string, ProbeCounts>;
  /** The row table that the run is about: its last change, and the documents that stood then. */
  rowsAt: number;
  /** It reads records that arrived after this moment, milliseconds since 1970. */
  from: number;
  /** Its census reads those that arrived after this moment: what no census has read. */
  censusFrom: number;
  manifest: Content | null;
  documents: number;
  /** Passages that are counted after their documents; null where each document has one. */
  passages: Content | null;
  /** Names the current round in the ledgers. */
  serial: number;
  /** c_g of the next train round where it adapts; null: as the settings say. */
  clipNorm: number | null;
  /** Noise multipliers of the run; null where noise is off. */
  noise: RunNoise;
  /** The phase of secure aggregation that participants were last woken for. */
  securePhase: string | null;
  /** Who is in the current round's sum; null before it is made. */
  summed: Summed | null;
  /** Noise beyond its part that a participant said last it adds; absent where nobody does. */
  extraNoise?: Record<string, number>;
  /** Rounds in a row that failed and were tried again. */
  failures: number;
  /** Who missed the round before. */
  away: string[];
  /** Training units that a round may have at most, by the counts; absent before them, and from runs of earlier releases. */
  most?: number;
  /** Whether the hub's own questions and titles let the candidate go to the gate; absent before they were asked. */
  passesHub?: boolean;
  /** The version that the gate compares the candidate with; absent before the hub has let it pass. */
  against?: number;
  /** Until the offset is found; absent where the share of rows says it. */
  keptOut?: KeptOut;
  /** Of rows that never learned, as it was found. */
  offset?: number;
  /** Who is left out of further rounds, and why; absent from runs of earlier releases. */
  blamed?: Blamed;
}

/** A run that has done nothing yet. */
export function freshRun(begun: Pick<ActiveRun, 'run' | 'seed' | 'base' | 'noise'>): ActiveRun {
  return {
    ...begun,
    version: RUN_VERSION,
    stage: 'prepare',
    index: 0,
    trained: 0,
    plan: null,
    units: 0,
    clipNorm: null,
    candidate: null,
    round: null,
    spec: null,
    probes: {},
    rowsAt: 0,
    from: 0,
    censusFrom: 0,
    manifest: null,
    documents: 0,
    passages: null,
    serial: 0,
    securePhase: null,
    summed: null,
    failures: 0,
    away: [],
  };
}

/** The run at its following round, which is not specified yet. */
export function nextRound(run: ActiveRun): ActiveRun {
  const away = Object.entries(run.round?.participants ?? {})
    .filter(([, { phase }]) => phase === 'missed')
    .map(([name]) => name);
  const done = { round: null, spec: null, securePhase: null, summed: null };
  return { ...run, ...done, index: run.index + 1, failures: 0, away };
}

interface RunRow extends Record<string, SqlStorageValue> {
  run: string;
  state: string;
  reason: string;
  started_at: number;
  ended_at: number | null;
  planned: number | null;
  version: number | null;
  error: string | null;
}

export class RunStore {
  readonly #storage: DurableObjectStorage;
  readonly #values: Values;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#values = new Values(storage);
  }

  active(): ActiveRun | null {
    return this.#values.get<ActiveRun>('run');
  }

  /** Hashes of the snapshots that a gate in progress compares. */
  snapshotsInUse(): string[] {
    const spec = this.active()?.spec;
    return spec?.kind === 'gate' ? [spec.candidate.hash, spec.serving.hash, spec.baseline.hash] : [];
  }

  /** Saves the run and what its current round shows. */
  save(run: ActiveRun, figures: Partial<Pick<Round, 'loss' | 'accuracy' | 'ended_at'>> = {}): void {
    this.#storage.transactionSync(() => {
      this.#values.set('run', run);
      if (run.round === null || run.spec === null) return;
      const info: Round = {
        round: run.index,
        kind: run.spec.kind,
        phase: run.securePhase ?? run.round.phase,
        started_at: run.round.startedAt,
        ended_at: figures.ended_at ?? null,
        participants: run.round.participants,
        contributors: Object.values(run.round.participants).filter((p) => p.phase === 'ready').length,
        noise_in_effect: run.summed == null ? null : multiplierInEffect(run.spec, run.summed),
        loss: figures.loss ?? null,
        accuracy: figures.accuracy ?? null,
        error: run.round.error,
      };
      this.#storage.sql.exec(
        'INSERT OR REPLACE INTO rounds (run, round, info) VALUES (?, ?, ?)',
        run.run,
        run.index,
        JSON.stringify(info),
      );
    });
  }

  begin(run: ActiveRun, reason: string, now: number): void {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec(
        "INSERT INTO runs (run, state, reason, started_at) VALUES (?, 'running', ?, ?)",
        run.run,
        reason,
        now,
      );
      this.#values.set('run', run);
    });
  }

  plan(run: string, planned: number): void {
    this.#storage.sql.exec('UPDATE runs SET planned = ? WHERE run = ?', planned, run);
  }

  end(run: string, state: Run['state'], version: number | null, error: string | null, now: number): void {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec(
        'UPDATE runs SET state = ?, version = ?, error = ?, ended_at = ? WHERE run = ?',
        state,
        version,
        error,
        now,
        run,
      );
      this.#values.delete('run');
    });
  }

  /** Ends a run of which nothing but its name is known for sure, and the rounds that it had open. */
  abandon(run: string, error: string, now: number): void {
    this.#storage.sql.exec(
      `UPDATE rounds SET info = json_set(info, '$.ended_at', ?, '$.error', ?)
       WHERE run = ? AND json_extract(info, '$.ended_at') IS NULL`,
      now,
      error,
      run,
    );
    this.end(run, 'cancelled', null, error, now);
  }

  /** A run's name, which no other has: runs may begin in the same millisecond. */
  freshId(now: number): string {
    for (let at = now; ; at++) {
      const id = `r${at.toString(36)}`;
      if (this.get(id) === null) return id;
    }
  }

  /** When the last run began that trained and was judged. */
  lastTrainedAt(): number | null {
    const judged = "SELECT max(started_at) AS at FROM runs WHERE state IN ('published', 'rejected')";
    return this.#storage.sql.exec<{ at: number | null }>(judged).one().at;
  }

  /** When runs began and ended that trained or counted for nothing: of a census alone the schedule says what it costs. */
  unpublishedSince(since: number): { from: number; to: number }[] {
    return this.#storage.sql
      .exec<{ from: number; to: number }>(
        `SELECT started_at AS "from", ended_at AS "to" FROM runs
         WHERE state IN ('failed', 'cancelled', 'rejected') AND ended_at >= ?`,
        since,
      )
      .toArray();
  }

  firstStartedAt(): number | null {
    return this.#storage.sql.exec<{ at: number | null }>('SELECT min(started_at) AS at FROM runs').one().at;
  }

  lastStartedAt(): number | null {
    return this.#storage.sql.exec<{ at: number | null }>('SELECT max(started_at) AS at FROM runs').one().at;
  }

  list(limit: number): Run[] {
    return this.#storage.sql
      .exec<RunRow>('SELECT * FROM runs ORDER BY started_at DESC, run DESC LIMIT ?', limit)
      .toArray()
      .map((row) => this.#info(row, false));
  }

  get(run: string): Run | null {
    const row = this.#storage.sql.exec<RunRow>('SELECT * FROM runs WHERE run = ?', run).toArray()[0];
    return row === undefined ? null : this.#info(row, true);
  }

  #info(row: RunRow, withRounds: boolean): Run {
    const rounds = withRounds
      ? this.#storage.sql
          .exec<{ info: string }>('SELECT info FROM rounds WHERE run = ? ORDER BY round', row.run)
          .toArray()
          .map(({ info }) => JSON.parse(info) as Round)
      : [];
    const finished = this.#storage.sql
      .exec<{ n: number }>(
        "SELECT count(*) AS n FROM rounds WHERE run = ? AND json_extract(info, '$.ended_at') IS NOT NULL",
        row.run,
      )
      .one().n;
    return {
      run: row.run,
      state: row.state as Run['state'],
      reason: row.reason,
      started_at: row.started_at,
      ended_at: row.ended_at,
      finished,
      planned: row.planned,
      version: row.version,
      error: row.error,
      rounds,
    };
  }
}
