/**
 * A federated-learning client: asks its coordinator what to do, works in slices bounded by tokens, uploads one
 * vector a round. It keeps nothing in memory that it cannot read again, so a process may die at any line: a slice
 * is lost, never a round. What leaves is a sum over clipped units and nothing else.
 */
import type { Engine } from '../../models/engine.ts';
import { recordOf, runOf, stateRun } from '../certificate/round-log.ts';
import { pack } from '../crypto/packed-ring.ts';
import { freeBuffer } from '../free-buffer.ts';
import { cryptoSource, type RandomSource } from '../privacy/random-source.ts';
import type { Ack } from '../protocol/fl.ts';
import { partCount, partOf } from '../protocol/parameters.ts';
import type { CountRound, FailureCode, Instruction } from '../protocol/rounds.ts';
import { RUN_VERSION } from '../protocol/run-version.ts';
import { plainProducts, type RowProducts } from '../retrieval/scores.ts';
import { encodeContribution } from '../round/mechanism.ts';
import { ProtocolError } from '../secagg/errors.ts';
import { frameCount } from '../secagg/frames.ts';
import type { CoordinatorPort } from './coordinator-port.ts';
import { runGate } from './gate-work.ts';
import { judgedOf } from './judged-versions.ts';
import { Labelling } from './label-work.ts';
import type { OwnNoise } from './own-noise.ts';
import { RoundRefused } from './round-guard.ts';
import { mirrorRows } from './row-mirror.ts';
import { answerSecurely, type SecureIdentity } from './secure-answer.ts';
import type { Errors, Job, ShardStore } from './shard-store.ts';
import { StateCache } from './state-cache.ts';
import { runTraining } from './train-work.ts';

export interface ParticipantOptions {
  name: string;
  /** Name of the collection. */
  collection: string;
  port: CoordinatorPort;
  store: ShardStore;
  engine: () => Promise<Engine>;
  now: () => number;
  random?: RandomSource;
  /** Tokens of one slice. */
  sliceTokens: number;
  /** Of rows with a query, where a gate scores them; plain ones unless given. */
  products?: RowProducts;
  identity: SecureIdentity;
  /** What it adds by itself; absent where its part of everybody's noise is enough for it. */
  own?: OwnNoise | null;
  /** Told, for this participant's operator, why it stays out of a round. */
  note: (reason: string) => void;
}

/** What a slice of work returns: the job as it stands, and the finished sum when there is one. */
export interface SliceResult {
  job: Job;
  blobs: Record<string, Uint8Array | null>;
  sum: Float64Array | null;
  /** Of records that this slice saw, where a later pass asks. */
  errors?: Errors;
}

/** Between two words of being at work. */
const BEACON_MS = 30_000;
/**
 * After the first refusal in a row, of a round or of an answer, it is asked again at once: the next round may be another.
 * Then after ever longer pauses.
 */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** A timer takes no more than 24 days, and who may be woken by nobody asks all the same. */
const LONGEST_WAIT_MS = 3_600_000;

/** How long to wait as an instruction says; null: until woken. */
const waitOf = (ms: number): number | null => (ms === 0 ? null : Math.min(ms, LONGEST_WAIT_MS));

/** Whether the run that an instruction is about goes on: another round comes, now or when it has been made. */
function goesOn(instruction: Instruction): boolean {
  return instruction.do === 'work' || (instruction.do === 'wait' && instruction.ms > 0);
}

/** Each one's place. */
function placesOf<T>(all: Iterable<T>): Map<T, number> {
  let place = 0;
  return new Map(Array.from(all, (each) => [each, place++]));
}

/** The round that an instruction is about; null where none is on. */
function roundOf(instruction: Instruction): string | null {
  if (instruction.do === 'certify') return null;
  return instruction.do === 'work' ? instruction.spec.id : instruction.round;
}

/** What the coordinator is told of a failure; null for what the next try may do better. */
function codeOf(error: unknown): FailureCode | null {
  if (error instanceof RoundRefused) return error.code;
  if (error instanceof ProtocolError) return 'secure_sum';
  return error instanceof RangeError || error instanceof TypeError ? 'work' : null;
}

export class Participant {
  readonly #options: ParticipantOptions;
  readonly #states: StateCache;
  readonly #labelling: Labelling;
  #toldAt = Number.NEGATIVE_INFINITY;
  /** How often in a row it stayed out, or what it said was not taken. */
  #refusals = 0;
  /** Came with the last answer, for the next step; what is lost of it is asked for again. */
  #next: Instruction | null = null;

  constructor(options: ParticipantOptions) {
    this.#options = options;
    this.#states = new StateCache(options.port);
    this.#labelling = new Labelling({ ...options, states: this.#states });
  }

  /**
   * Does one bounded piece of work. Returns after how many milliseconds it wants to be called again; null: when woken,
   * because nothing is under way.
   */
  async step(): Promise<number | null> {
    const { store } = this.#options;
    const job = store.job();
    if (job === null) {
      const instruction = await this.#instruction();
      if (instruction.do === 'wait') {
        if (!goesOn(instruction)) this.#states.clear();
        return waitOf(instruction.ms);
      }
      if (instruction.do === 'certify') return this.#certify(instruction);
      // An answer without the work behind it: the job was lost, and with it the round's vector.
      if (instruction.do !== 'work') return this.#afterRefusal();
      const { spec } = instruction;
      const begun = await this.#orStayOut(spec.id, () => this.#begin(spec));
      return begun === true ? 0 : this.#afterRefusal();
    }
    const after = await this.#orStayOut(job.spec.id, () => this.#goOn(job));
    return after === undefined ? this.#afterRefusal() : after;
  }

  /** Milliseconds until it asks again: a coordinator that has nothing else for it is not asked without end. */
  #afterRefusal(): number {
    const pause = this.#refusals === 0 ? 0 : FIRST_PAUSE_MS * 2 ** Math.min(16, this.#refusals - 1);
    this.#refusals += 1;
    return Math.min(pause, LONGEST_PAUSE_MS);
  }

  async #goOn(job: Job): Promise<number | null> {
    if (job.phase === 'secure') return await this.#answer(job);
    if (job.phase === 'upload') return await this.#upload(job);
    if (job.phase === 'ready') return await this.#ready(job);
    await this.#beacon(job);
    if (this.#options.store.job()?.spec.id !== job.spec.id) return 0;
    await (job.phase === 'label' ? this.#label(job) : this.#work(job));
    return 0;
  }

  /** A failure of this shard must not hold up the others for a whole deadline, nor what a coordinator says end this process. */
  async #orStayOut<T>(round: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const code = codeOf(error);
      if (code === null) throw error;
      await this.#refuse(round, code, (error as Error).message);
      this.#drop();
      return undefined;
    }
  }

  /** Says that it stays out. Why in words stays here: it may tell of records. */
  async #refuse(round: string, code: FailureCode, detail: string): Promise<void> {
    const { port, name, note } = this.#options;
    note(`${code}: ${detail}`);
    await port.report({ type: 'failed', participant: name, round, code });
  }

  /** What the last answer said to do, or else what a poll says. */
  async #instruction(): Promise<Instruction> {
    const { port, name } = this.#options;
    const known = this.#next;
    this.#next = null;
    return known ?? port.poll(name);
  }

  /** Keeps what an answer says to do next. @returns after how many milliseconds; null: when woken */
  #then({ next }: Ack): number | null {
    const round = this.#options.store.job()?.spec.id ?? null;
    // Not kept: whoever is woken while it waits has to ask.
    if (next?.do === 'wait' && next.round === round) return waitOf(next.ms);
    this.#next = next?.do === 'wait' && round === null ? null : (next ?? null);
    return 0;
  }

  /** Signs what its own log holds of a run. */
  async #certify({ run, versions }: Instruction & { do: 'certify' }): Promise<number | null> {
    const { port, name, identity, collection } = this.#options;
    const { witness, signer } = identity;
    const about = { collection, run, versions, participant: name, signer };
    const { rounds, ...signed } = await stateRun(witness, about);
    const ack = await port.report({ type: 'statement', participant: name, signed, rounds }, true);
    return ack.current ? this.#then(ack) : this.#afterRefusal();
  }

  #drop(): void {
    this.#options.store.clearJob();
    this.#states.clear();
    this.#next = null;
  }

  /** @throws RoundRefused where it does not join */
  async #begin(spec: Job['spec']): Promise<true> {
    const { store, port, identity } = this.#options;
    const refused = identity.guard.refuses(spec);
    if (refused !== null) throw refused;
    const stillGood = () => {
      const late = identity.guard.refuses(spec);
      if (late !== null) throw late;
    };
    await mirrorRows(spec, { port, store, stillGood });
    // Joined before the job is kept: a crash between the two costs the round, and never joins it twice.
    const late = identity.guard.join(spec);
    if (late !== null) throw late;
    store.labelSingles();
    const ofPassages = spec.kind === 'train' || (spec.kind === 'count' && spec.passages !== null);
    const phase = ofPassages ? 'label' : 'work';
    store.saveJob({ version: RUN_VERSION, spec, phase, cursor: 0, units: 0, tokens: 0, probe: null });
    return true;
  }

  async #label(job: Job): Promise<void> {
    const { store } = this.#options;
    const { job: next, blobs } = await this.#labelling.step(job);
    // Another event may have dropped the job meanwhile; labels are good for any round.
    if (store.job()?.spec.id === job.spec.id) store.saveJob(next, blobs);
  }

  /** Says, by the clock and by nothing else, that it is at work: the round is waited for as long as it says so. */
  async #beacon(job: Job): Promise<void> {
    const { port, name, now } = this.#options;
    if (now() - this.#toldAt < BEACON_MS) return;
    this.#toldAt = now();
    const ack = await port.report({ type: 'working', participant: name, round: job.spec.id });
    if (!ack.current) this.#drop();
  }

  async #work(job: Job): Promise<void> {
    const { store, random = cryptoSource() } = this.#options;
    const result = await this.#slice(job);
    // Another event may have dropped the job while the slice ran.
    if (store.job()?.spec.id !== job.spec.id) return;
    if (result.errors !== undefined) store.keepErrors(runOf(job.spec.id), result.errors);
    if (result.sum === null) {
      store.saveJob(result.job, result.blobs);
      // What training keeps between slices is as long as several heads, and read again by the next one.
      if (job.spec.kind === 'train') free(Object.values(result.blobs));
      return;
    }
    if (result.sum.length !== job.spec.dimension) {
      throw new RangeError(
        `round ${job.spec.id}: ${result.sum.length} coordinates where ${job.spec.dimension} are due`,
      );
    }
    const words = encodeContribution(result.sum, job.spec, random, this.#options.own?.variance(job.spec));
    const vector = pack(words, job.spec.bits);
    free([result.sum, words]);
    // The final vector is stored before its first byte leaves: a replay sends the very same bytes.
    store.saveJob(
      { ...result.job, phase: job.spec.aggregation === 'secure' ? 'ready' : 'upload', cursor: 0 },
      { ...result.blobs, vector },
    );
    free([vector]);
  }

  async #slice(job: Job): Promise<SliceResult> {
    const { store } = this.#options;
    if (job.spec.kind === 'count') return { job, blobs: {}, sum: await this.#count(job.spec) };
    const engine = await this.#options.engine();
    const { sliceTokens, products = plainProducts } = this.#options;
    const context = { store, engine, states: this.#states, sliceTokens, products };
    return job.spec.kind === 'train' ? runTraining(job, job.spec, context) : runGate(job, job.spec, context);
  }

  async #count(spec: CountRound): Promise<Float64Array> {
    const { store } = this.#options;
    const { manifest, passages } = spec;
    if (manifest === null) return store.countUnits(() => 0, 1, spec);
    if (passages === null) {
      const places = placesOf(await this.#states.names(manifest));
      return store.countUnits(({ item }) => places.get(item), places.size, spec);
    }
    const places = placesOf(await this.#states.numbers(passages));
    return store.countUnits(({ row }) => places.get(row ?? -1), places.size, spec);
  }

  async #upload(job: Job): Promise<number | null> {
    const { store, port, name, now } = this.#options;
    const { guard, witness, encoder } = this.#options.identity;
    const refused = guard.charge(job.spec);
    if (refused !== null) throw refused;
    witness.log.add(recordOf(job.spec, encoder, null, judgedOf(job.spec, store)));
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
      if (!ack.current) {
        this.#drop();
        return 0;
      }
    }
    const ack = await port.report(this.#isReady(job), true);
    store.contributed(now());
    store.clearJob();
    this.#refusals = 0;
    return this.#then(ack);
  }

  #isReady({ spec, probe }: Job): Parameters<CoordinatorPort['report']>[0] {
    const { name, own } = this.#options;
    const extraNoise = own?.extra(spec) ?? 0;
    return { type: 'ready', participant: name, round: spec.id, probe, ...(extraNoise > 0 && { extraNoise }) };
  }

  async #ready(job: Job): Promise<number | null> {
    const { store, port } = this.#options;
    const ack = await port.report(this.#isReady(job), true);
    if (ack.current) store.saveJob({ ...job, phase: 'secure' });
    else this.#drop();
    return this.#then(ack);
  }

  /** One step of secure aggregation, when the coordinator has one for this participant. */
  async #answer(job: Job): Promise<number | null> {
    const { store, port, name, now, identity } = this.#options;
    const round = job.spec.id;
    const instruction = await this.#instruction();
    if (roundOf(instruction) !== round) {
      // What a run's rounds have in common is kept while there is another one.
      if (goesOn(instruction)) store.clearJob();
      else this.#drop();
      if (instruction.do !== 'wait') this.#next = instruction;
      return 0;
    }
    if (instruction.do === 'wait') return waitOf(instruction.ms);
    if (instruction.do !== 'answer') {
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
    let ack = await port.report(
      { type: 'secagg', participant: name, round, message: reply },
      frames === null,
    );
    if (!ack.current) return this.#afterRefusal();
    if (frames !== null) {
      const count = frameCount(job.spec.dimension);
      const arrived = count > 1 ? (await port.arrived(name, round)).frames : [];
      let index = 0;
      for await (const frame of frames) {
        const last = index === count - 1;
        if (arrived.includes(index++)) continue;
        ack = await port.putFrame(name, round, frame, last);
        if (!ack.current) return this.#afterRefusal();
      }
    }
    if (reply.kind === 'unmask') store.contributed(now());
    this.#refusals = 0;
    return this.#then(ack);
  }
}

function free(views: readonly (ArrayBufferView | null)[]): void {
  for (const view of views) if (view !== null) freeBuffer(view);
}
