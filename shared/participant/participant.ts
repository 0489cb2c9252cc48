/**
 * A federated-learning client: asks its coordinator what to do, works in slices bounded by tokens, uploads one
 * vector a round. It keeps nothing in memory that it cannot read again, so a process may die at any line: a slice
 * is lost, never a round. What leaves is a sum over clipped units and nothing else.
 */
import type { Engine } from '../../models/engine.ts';
import { cryptoSource, type RandomSource } from '../privacy/random-source.ts';
import { partCount, partOf } from '../protocol/parameters.ts';
import type { FailureCode } from '../protocol/rounds.ts';
import { RUN_VERSION } from '../protocol/run-version.ts';
import { encodeContribution } from '../round/mechanism.ts';
import { ProtocolError } from '../secagg/errors.ts';
import { frameCount } from '../secagg/frames.ts';
import type { CoordinatorPort } from './coordinator-port.ts';
import { runGate } from './gate-work.ts';
import { bareKey, queryEmbeddings } from './query-embeddings.ts';
import { RoundRefused } from './round-guard.ts';
import { answerSecurely, type SecureIdentity } from './secure-answer.ts';
import type { Job, ShardStore } from './shard-store.ts';
import { StateCache } from './state-cache.ts';
import { bytesOf, runTraining } from './train-work.ts';

export interface ParticipantOptions {
  name: string;
  port: CoordinatorPort;
  store: ShardStore;
  engine: () => Promise<Engine>;
  now: () => number;
  random?: RandomSource;
  /** Tokens of one slice. */
  sliceTokens: number;
  identity: SecureIdentity;
  /** Told, for this participant's operator, why it stays out of a round. */
  note: (reason: string) => void;
}

/** What a slice of work returns: the job as it stands, and the finished sum when there is one. */
export interface SliceResult {
  job: Job;
  blobs: Record<string, Uint8Array | null>;
  sum: Float64Array | null;
}

const ROWS_PER_FETCH = 2000;
const LABELS_PER_SLICE = 64;
/** After an answer that the coordinator did not take. */
const REFUSED_MS = 2_000;

/** What the coordinator is told of a failure; null for what the next try may do better. */
function codeOf(error: unknown): FailureCode | null {
  if (error instanceof RoundRefused) return error.code;
  if (error instanceof ProtocolError) return 'secure_sum';
  return error instanceof RangeError || error instanceof TypeError ? 'work' : null;
}

export class Participant {
  readonly #options: ParticipantOptions;
  readonly #states: StateCache;

  constructor(options: ParticipantOptions) {
    this.#options = options;
    this.#states = new StateCache(options.port);
  }

  /**
   * Does one bounded piece of work. Returns after how many milliseconds it wants to be called again; null: when woken,
   * because nothing is under way.
   */
  async step(): Promise<number | null> {
    const { store, port, name } = this.#options;
    const job = store.job();
    if (job === null) {
      const instruction = await port.poll(name);
      if (instruction.do === 'wait') {
        this.#states.clear();
        return instruction.ms === 0 ? null : instruction.ms;
      }
      if (instruction.do === 'work') await this.#begin(instruction.spec);
      // An answer without the work behind it: the job was lost, and with it the round's vector.
      return instruction.do === 'work' ? 0 : REFUSED_MS;
    }
    try {
      if (job.phase === 'secure') return await this.#answer(job);
      if (job.phase === 'label') await this.#label(job);
      else if (job.phase === 'work') await this.#work(job);
      else if (job.phase === 'upload') await this.#upload(job);
      else await this.#ready(job);
    } catch (error) {
      // A failure of this shard must not hold up the others for a whole deadline.
      const code = codeOf(error);
      if (code === null) throw error;
      await this.#refuse(job.spec.id, code, (error as Error).message);
      this.#drop();
    }
    return 0;
  }

  /** Says that it stays out. Why in words stays here: it may tell of records. */
  async #refuse(round: string, code: FailureCode, detail: string): Promise<void> {
    const { port, name, note } = this.#options;
    note(`${code}: ${detail}`);
    await port.report({ type: 'failed', participant: name, round, code });
  }

  #drop(): void {
    this.#options.store.clearJob();
    this.#states.clear();
  }

  async #begin(spec: Job['spec']): Promise<void> {
    const { store, identity } = this.#options;
    const refused = identity.guard.refuses(spec);
    if (refused !== null) return this.#refuse(spec.id, refused.code, refused.message);
    store.mirror(spec.lineage);
    await this.#syncRows(spec.rowsAt);
    // Joined before the job is kept: a crash between the two costs the round, and never joins it twice.
    const late = identity.guard.join(spec);
    if (late !== null) return this.#refuse(spec.id, late.code, late.message);
    store.saveJob({
      version: RUN_VERSION,
      spec,
      phase: 'label',
      cursor: 0,
      units: 0,
      tokens: 0,
      probe: null,
    });
  }

  async #syncRows(upTo: number): Promise<void> {
    const { store, port } = this.#options;
    while (store.rowsAt() < upTo) {
      const entries = await port.rowsSince(store.rowsAt(), ROWS_PER_FETCH);
      const last = entries.at(-1);
      if (last === undefined) {
        store.applyRows([], upTo);
        return;
      }
      store.applyRows(entries, last.changedAt);
    }
  }

  /** A record that names a document of several passages stands for the nearest of them in the base encoder. */
  async #label(job: Job): Promise<void> {
    const { store, port, engine } = this.#options;
    const records = store.unlabelled(LABELS_PER_SLICE);
    if (records.length === 0) {
      store.saveJob({ ...job, phase: 'work', cursor: 0, units: 0 });
      return;
    }
    const units = job.units === 0 ? store.countUnlabelled() : job.units;
    const rows = [...new Set(records.flatMap((record) => record.rows))];
    const ready = await engine();
    const { width, sha256 } = ready.info;
    const [embeddings, queries] = await Promise.all([
      port.rowEmbeddings(rows),
      queryEmbeddings({ store, engine: ready }, records, { kind: 'none' }, bareKey(sha256)),
    ]);
    const place = new Map(rows.map((row, index) => [row, index * width]));
    const labels = records.map((record, index) => {
      let best = { row: record.rows[0] as number, score: Number.NEGATIVE_INFINITY };
      for (const row of record.rows) {
        const at = place.get(row) as number;
        let score = 0;
        for (let i = 0; i < width; i++) {
          score += (queries[index * width + i] as number) * (embeddings[at + i] as number);
        }
        if (score > best.score) best = { row, score };
      }
      return { id: record.id, row: best.row };
    });
    store.label(labels);
    // Another event may have dropped the job meanwhile; labels are good for any round.
    if (store.job()?.spec.id !== job.spec.id) return;
    const cursor = job.cursor + records.length;
    store.saveJob({ ...job, cursor, units });
    // The work itself is the other half.
    const tenths = (done: number) => Math.min(5, Math.floor((5 * done) / units));
    if (tenths(cursor) > tenths(job.cursor)) await this.#progress(job, tenths(cursor) / 10);
  }

  async #progress(job: Job, progress: number): Promise<void> {
    const { port, name } = this.#options;
    const ack = await port.report({ type: 'progress', participant: name, round: job.spec.id, progress });
    if (!ack.current) this.#drop();
  }

  async #work(job: Job): Promise<void> {
    const { store, random = cryptoSource() } = this.#options;
    const result = await this.#slice(job);
    // Another event may have dropped the job while the slice ran.
    if (store.job()?.spec.id !== job.spec.id) return;
    if (result.sum === null) {
      store.saveJob(result.job, result.blobs);
      const progress = Math.floor((10 * result.job.cursor) / Math.max(1, result.job.units)) / 10;
      return this.#progress(job, progress);
    }
    if (result.sum.length !== job.spec.dimension) {
      throw new RangeError(
        `round ${job.spec.id}: ${result.sum.length} coordinates where ${job.spec.dimension} are due`,
      );
    }
    const words = encodeContribution(result.sum, job.spec, random);
    // The final vector is stored before its first byte leaves: a replay sends the very same bytes.
    store.saveJob(
      { ...result.job, phase: job.spec.aggregation === 'secure' ? 'ready' : 'upload', cursor: 0 },
      { ...result.blobs, vector: bytesOf(words) },
    );
  }

  async #slice(job: Job): Promise<SliceResult> {
    const { store } = this.#options;
    if (job.spec.kind === 'count') {
      return { job, blobs: {}, sum: store.countUnits(job.spec.rows, job.spec.startedAt) };
    }
    const engine = await this.#options.engine();
    const context = { store, engine, states: this.#states, sliceTokens: this.#options.sliceTokens };
    return job.spec.kind === 'train' ? runTraining(job, job.spec, context) : runGate(job, job.spec, context);
  }

  async #upload(job: Job): Promise<void> {
    const { store, port, name, now } = this.#options;
    const refused = this.#options.identity.guard.charge(job.spec);
    if (refused !== null) throw refused;
    const bytes = store.blob('vector');
    if (bytes === null) throw new RangeError(`round ${job.spec.id}: the stored vector is gone`);
    const chunks = partCount(bytes.length);
    // A connection may have been lost half way, or the process: what has come in is not sent again.
    const arrived = chunks > 1 ? (await port.arrived(name, job.spec.id)).chunks : [];
    for (let chunk = 0; chunk < chunks; chunk++) {
      if (arrived.includes(chunk)) continue;
      const ack = await port.putChunk(
        { participant: name, round: job.spec.id, chunk, chunks },
        partOf(bytes, chunk),
      );
      if (!ack.current) return this.#drop();
    }
    await port.report({ type: 'ready', participant: name, round: job.spec.id, probe: job.probe });
    store.contributed(now());
    store.clearJob();
  }

  async #ready(job: Job): Promise<void> {
    const { store, port, name } = this.#options;
    const ack = await port.report({ type: 'ready', participant: name, round: job.spec.id, probe: job.probe });
    if (ack.current) store.saveJob({ ...job, phase: 'secure' });
    else this.#drop();
  }

  /** One step of secure aggregation, when the coordinator has one for this participant. */
  async #answer(job: Job): Promise<number> {
    const { store, port, name, now, identity } = this.#options;
    const round = job.spec.id;
    const instruction = await port.poll(name);
    const current =
      instruction.do === 'wait'
        ? instruction.round
        : instruction.do === 'work'
          ? instruction.spec.id
          : instruction.round;
    if (current !== round) {
      this.#drop();
      return 0;
    }
    if (instruction.do === 'wait') return instruction.ms;
    if (instruction.do === 'work') {
      store.saveJob({ ...job, phase: 'ready' });
      return 0;
    }
    const { message } = instruction;
    const { reply, frames } = await answerSecurely({
      self: name,
      identity,
      store,
      spec: job.spec,
      message,
    });
    const ack = await port.report({ type: 'secagg', participant: name, round, message: reply });
    if (!ack.current) return REFUSED_MS;
    if (frames !== null) {
      const arrived = frameCount(job.spec.dimension) > 1 ? (await port.arrived(name, round)).frames : [];
      let index = 0;
      for await (const frame of frames) {
        if (arrived.includes(index++)) continue;
        if (!(await port.putFrame(name, round, frame)).current) return REFUSED_MS;
      }
    }
    if (reply.kind === 'unmask') store.contributed(now());
    return 0;
  }
}
