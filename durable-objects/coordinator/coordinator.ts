/**
 * Coordinator: one Durable Object a collection. Rows, versions and snapshots, training runs and their rounds.
 *
 * Tables: items (where each lies), rows, watermarks, manifests, versions, served, runs, rounds, ledger, nonces, seen,
 * certificates, statements, round_records; byte strings for snapshots, parameters and uploads.
 *
 * Methods: configure, destroy; pointer, manifest, complete, snapshotPart, versions, certificate, activate, importPart,
 * importVersion, refresh, place, register, rowsOf, regions, privacy; start, halt, handOver, takeOver, cancel, runs, run, schedule,
 * standing, evaluation, setEvaluation; for participants admit, signed, pollFor, poll, report, putChunk, arrived, putFrame,
 * statePart, rowsSince, rowEmbeddings. All may be repeated; `start` refuses while a run is on.
 *
 * Alarms advance the run; `tick` (from the cron trigger) sets lost ones again.
 */
import type { RequestSignature } from '../../shared/crypto/request-signature.ts';
import { freeBuffer } from '../../shared/free-buffer.ts';
import type { Hub, SignedMethod } from '../../shared/participant/coordinator-port.ts';
import type { EvaluationInfo, EvaluationSet } from '../../shared/protocol/api/evaluation.ts';
import type { Privacy } from '../../shared/protocol/api/privacy.ts';
import type { Region } from '../../shared/protocol/api/region.ts';
import type { Run } from '../../shared/protocol/api/run.ts';
import type { Schedule } from '../../shared/protocol/api/schedule.ts';
import type { Version } from '../../shared/protocol/api/version.ts';
import type { Certificate } from '../../shared/protocol/certificate.ts';
import type { Federation } from '../../shared/protocol/enrolment.ts';
import type { Ack, Arrived } from '../../shared/protocol/fl.ts';
import type { Manifest, RegionIndex } from '../../shared/protocol/manifest.ts';
import type {
  CoordinatorApi,
  Outcome,
  SnapshotFile,
  SnapshotPointer,
} from '../../shared/protocol/objects.ts';
import { type Instruction, ParticipantMessage, type RowEntry } from '../../shared/protocol/rounds.ts';
import type { AnySignedRoster } from '../../shared/protocol/secagg.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { noiseOf, policyOf } from '../../shared/round/noise-plan.ts';
import { clock } from '../clock.ts';
import type { ObjectsEnv } from '../env.ts';
import type { KeptLedger } from '../handover.ts';
import { answerOf } from '../object-calls.ts';
import type { PassageChange } from '../region/library.ts';
import { forget, migrate } from '../sql.ts';
import { TracedObject } from '../traced-object.ts';
import { standingOf } from './blame.ts';
import { CENSUSES } from './census.ts';
import { demandFor } from './demand.ts';
import { instructionFor, withInstruction } from './instructions.ts';
import { KEPT_EVALUATION } from './own-judge.ts';
import { describePrivacy, withOperators } from './privacy-info.ts';
import { tracedStep } from './round-trace.ts';
import { hash32, type RegisteredRow } from './row-table.ts';
import { freshRun } from './run-store.ts';
import { SERIAL } from './runner.ts';
import { runRefusal, scheduleAt } from './schedule.ts';
import { MIGRATIONS } from './schema.ts';
import { signedCall } from './signed-calls.ts';
import { endForeignRun } from './upgrade.ts';
import { describeVersion, type VersionRow } from './versions.ts';
import { watch } from './watchdog.ts';
import { CoordinatorWiring } from './wiring.ts';

const ROSTERS_PER_PAGE = 64;
/** Why no run may start, while the encoder is changed. */
const HALTED = 'halted';
/** An answer is copied before its call ends; this is later. */
const FREE_AFTER_MS = 20;
/** After an alarm that failed over and over. */
const RETRY_MS = 60_000;

function alreadyRunning(run: string) {
  const detail = `run ${run} is in progress: wait for it or cancel it`;
  return { ok: false, code: 'run_in_progress', detail } as const;
}

export class Coordinator extends TracedObject implements CoordinatorApi {
  readonly #deps: CoordinatorWiring;
  readonly #step = <T>(step: () => Promise<T>) => tracedStep(this.traceHost, this.#deps.runs, step);

  constructor(ctx: DurableObjectState, env: ObjectsEnv) {
    super(ctx, env);
    migrate(ctx.storage, MIGRATIONS);
    this.#deps = new CoordinatorWiring(ctx, env);
    endForeignRun(ctx.storage, this.#deps, clock.now());
  }

  /** Tells the object which collection it is. May be repeated; settings replace earlier ones, and end a run. */
  async configure(collection: string, settings: CollectionSettings, federation: Federation): Promise<void> {
    const run = this.#deps.runs.active();
    // Who changes settings looks whether a run is on; this one began in between, and its plan is of the old ones.
    if (run !== null && JSON.stringify(this.#deps.settings()) !== JSON.stringify(settings)) {
      (await this.#deps.drive()).fail(run, 'the settings of the collection changed', 'cancelled');
    }
    this.#deps.values.set('collection', collection);
    this.#deps.values.set('settings', settings);
    this.#deps.participants.configure(federation);
    this.#deps.forget();
    await this.#deps.serving();
    if (this.#deps.runs.active() === null) return;
    (await this.#deps.drive()).dismiss();
    await this.#deps.alarm.by(clock.now());
  }

  /** Forgets everything but the ledger, which stays until the queries that it is about would have expired. */
  async destroy(): Promise<void> {
    this.#deps.forget();
    if (!this.#deps.values.has('settings')) return;
    const { privacy, retentionDays } = this.#deps.settings();
    const until = this.#deps.ledger.outlive(policyOf(privacy, retentionDays), [SERIAL, CENSUSES]);
    await this.#deps.alarm.at(until ?? clock.now());
  }

  async pointer(version?: number): Promise<SnapshotPointer | null> {
    if (version === undefined) return this.#deps.pointerTo(await this.#deps.serving());
    const row = this.#deps.versions.get(version);
    return row && this.#deps.pointerTo(row);
  }

  async manifest(): Promise<Manifest> {
    return this.#deps.manifests.all();
  }

  async complete(version: number): Promise<SnapshotFile | null> {
    return this.#deps.completeFile(version);
  }

  async #info(row: VersionRow): Promise<Version> {
    return this.#described(row, this.#deps.versions.problemOf(row, await this.#deps.context()));
  }

  #described(row: VersionRow, problem: string | null): Version {
    return describeVersion(row, problem, this.#deps.certificates.standing(row.version));
  }

  /** What the participants of the version's run have signed of it, here or where it came from; null: nobody was asked. */
  async certificate(version: number): Promise<Certificate | null> {
    return this.#deps.certificates.of(version);
  }

  async snapshotPart(hash: string, part: number): Promise<Uint8Array | null> {
    const bytes = this.#deps.versions.snapshotPart(hash, part);
    // The caller gets a copy. A whole snapshot of garbage may be more than the isolate has room for.
    if (bytes !== null) setTimeout(() => freeBuffer(bytes), FREE_AFTER_MS);
    return bytes;
  }

  async versions(): Promise<Version[]> {
    await this.#deps.serving();
    const shown = this.#deps.versions.all().filter((row) => row.state !== 'candidate');
    // What is not served is renewed when somebody asks for it.
    return await Promise.all(
      shown.map((row) => (row.state === 'serving' ? this.#info(row) : this.#described(row, null))),
    );
  }

  async activate(version: number): Promise<Outcome<Version>> {
    const row = this.#deps.versions.get(version);
    if (row === null || row.state === 'candidate') {
      return { ok: false, code: 'unknown_version', detail: `version: ${version} does not exist` };
    }
    this.#deps.versions.activate(version);
    return { ok: true, value: await this.#info(this.#deps.versions.get(version) ?? row) };
  }

  /** A part of a version in a file; see imports.ts. */
  async importPart(hash: string, part: number, bytes: Uint8Array): Promise<void> {
    this.#deps.imports.putPart(hash, part, bytes);
  }

  async importVersion(hash: string, certificate: Certificate | null): Promise<Outcome<Version>> {
    const { adapter } = this.#deps.settings();
    const file = { hash, certificate };
    const made = await this.#deps.imports.finish(file, adapter, await this.#deps.context(), clock.now());
    return made.ok ? { ok: true, value: await this.#info(made.value) } : made;
  }

  async place(keys: string[], wanted: string | null, assign: boolean, from: string | null = null) {
    const { regions } = this.#deps.settings();
    if (from !== null && wanted !== null) this.#deps.rows.relocate(keys, from, wanted);
    const choose = (key: string) => wanted ?? regions[hash32(key) % regions.length]!;
    return this.#deps.rows.place(keys, assign ? choose : null);
  }

  async refresh(): Promise<SnapshotPointer> {
    await Promise.all(this.#deps.settings().regions.map((name) => this.#deps.flush(name)));
    return this.#deps.pointerTo(await this.#deps.serving());
  }

  /**
   * A region's changes from `since` to `upTo`, and its index with all of them; null: nobody else may search it.
   * Returns up to where the row table reflects it: less than `since` after a restore, and then nothing is taken.
   */
  async register(
    name: string,
    changes: PassageChange[],
    since: number,
    upTo: number,
    index?: RegionIndex | null,
  ): Promise<number> {
    const { rows, manifests } = this.#deps;
    if (rows.watermark(name) < since) {
      await this.#deps.restored();
      return rows.watermark(name);
    }
    this.ctx.storage.transactionSync(() => {
      rows.register(name, changes, upTo);
      if (index !== undefined) manifests.put(name, index);
    });
    return rows.watermark(name);
  }

  /** A region's rows as they stand here, for it to compare. */
  async rowsOf(name: string, after: number, limit: number): Promise<RegisteredRow[]> {
    return this.#deps.rows.of(name, after, limit);
  }

  async start(reason: string): Promise<Outcome<Run>> {
    // What was uploaded just now may not be registered yet.
    if (this.#deps.rows.liveCount() < 2)
      await Promise.all(this.#deps.settings().regions.map((name) => this.#deps.flush(name)));
    const refused = runRefusal(this.#deps.scheduleDeps(), clock.now());
    if (refused?.code === 'no_roster') return refused;
    const halted = this.#deps.values.get<string>(HALTED);
    if (halted !== null) return { ok: false, code: 'reindex_in_progress', detail: halted };
    const running = this.#deps.runs.active();
    if (running !== null) return alreadyRunning(running.run);
    if (refused !== null) return refused;
    const serving = await this.#deps.serving();
    const now = clock.now();
    const id = this.#deps.runs.freshId(now);
    const seed = this.#deps.settings().training.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
    const run = freshRun({ run: id, seed, base: serving.version, noise: noiseOf(this.#deps.settings()) });
    if (this.#deps.runs.active() !== null) return this.start(reason);
    this.#deps.runs.begin(run, reason, now);
    await this.#deps.alarm.by(now);
    return { ok: true, value: this.#deps.runs.get(id) as Run };
  }

  /** From now on no run starts, for this reason; null: they do again. Refused while one is on. */
  async halt(reason: string | null): Promise<Outcome<null>> {
    const running = this.#deps.runs.active();
    if (reason !== null && running !== null) return alreadyRunning(running.run);
    if (reason === null) this.#deps.values.delete(HALTED);
    else this.#deps.values.set(HALTED, reason);
    return { ok: true, value: null };
  }

  /** What a halted coordinator leaves to the one of the next generation. */
  async handOver(): Promise<KeptLedger> {
    return this.#deps.ledger.handOver([SERIAL, CENSUSES, KEPT_EVALUATION]);
  }

  async takeOver(ledger: KeptLedger): Promise<void> {
    this.#deps.ledger.takeOver(ledger);
  }

  async cancel(id: string): Promise<Outcome<Run>> {
    const runner = await this.#deps.drive();
    const run = this.#deps.runs.active();
    const info = this.#deps.runs.get(id);
    if (info === null) return { ok: false, code: 'unknown_run', detail: `run: ${id} does not exist` };
    if (run?.run === id) await this.#step(async () => runner.fail(run, 'cancelled by hand', 'cancelled'));
    return { ok: true, value: this.#deps.runs.get(id) ?? info };
  }

  async runs(limit: number): Promise<Run[]> {
    return this.#deps.runs.list(limit);
  }

  async run(id: string): Promise<Run | null> {
    return this.#deps.runs.get(id);
  }

  async evaluation(): Promise<EvaluationInfo> {
    return this.#deps.evaluation.info();
  }

  async setEvaluation(set: EvaluationSet | null): Promise<EvaluationInfo> {
    return this.#deps.evaluation.put(set, clock.now());
  }

  async regions(): Promise<Region[]> {
    const asking = this.#deps
      .settings()
      .regions.map((name) => answerOf(() => this.#deps.region(name).stats()));
    const stats = await Promise.all(asking);
    const standing = stats.filter((found) => found !== null);
    return standing.map((found) => ({ ...found, asked_for: demandFor(this.ctx.storage, found.region) }));
  }

  async privacy(): Promise<Privacy> {
    const rosters = this.#deps.participants.rostersAfter(-1, Number.MAX_SAFE_INTEGER);
    const members = this.#deps.participants.names(this.#deps.settings()).length;
    const last = rosters.at(-1)?.roster;
    const roster = last === undefined ? null : withOperators(last, this.#deps.participants);
    const now = clock.now();
    const spent = describePrivacy(this.#deps.settings(), this.#deps, roster, members, now);
    return { ...spent, schedule: scheduleAt(this.#deps.scheduleDeps(), now) };
  }

  /** When the next scheduled run starts, and why it does not although it is due. */
  async schedule(): Promise<Schedule> {
    return scheduleAt(this.#deps.scheduleDeps(), clock.now());
  }

  // ---- what participants call -------------------------------------------------------------------------------

  /** Takes a signed request for its participant's; a second time it is refused. */
  async admit(request: RequestSignature): Promise<Outcome<string>> {
    return this.#deps.participants.admit(request, clock.now());
  }

  /** `admit` and one of a participant's methods below, in one call. */
  async signed<M extends SignedMethod>(request: RequestSignature, method: M, args: Parameters<Hub[M]>) {
    return signedCall(this, request, method, args);
  }

  /** `poll` that is held for up to `waitMs` while a run is on and has nothing for this participant. */
  async pollFor(participant: string, waitMs: number): Promise<Instruction> {
    return instructionFor(this.#deps, participant, waitMs);
  }

  /** When participants last spoke, and what they did wrong, by name. */
  async standing(names: string[]) {
    return standingOf(names, this.#deps.participants, this.ctx.storage);
  }

  async rostersAfter(epoch: number): Promise<AnySignedRoster[]> {
    return this.#deps.participants.rostersAfter(epoch, ROSTERS_PER_PAGE);
  }

  async poll(participant: string): Promise<Instruction> {
    return (await this.#deps.roundService()).poll(participant);
  }

  /** @param waitMs how long the answer may be held for the next instruction; undefined: it brings none */
  async report(input: unknown, waitMs?: number): Promise<Ack> {
    const message = ParticipantMessage.parse(input);
    const ack = await (await this.#deps.roundService()).report(message);
    return withInstruction(this.#deps, ack, message.participant, waitMs);
  }

  async putChunk(header: unknown, bytes: Uint8Array): Promise<Ack> {
    return (await this.#deps.roundService()).putChunk(header, bytes);
  }

  /** Which pieces of a participant's vector have come in. */
  async arrived(participant: string, round: string): Promise<Arrived> {
    return (await this.#deps.roundService()).arrived(participant, round);
  }

  /** One frame of a masked vector. */
  async putFrame(participant: string, round: string, bytes: Uint8Array, waitMs?: number): Promise<Ack> {
    const ack = await (await this.#deps.roundService()).putFrame(participant, round, bytes);
    return withInstruction(this.#deps, ack, participant, waitMs);
  }

  async statePart(key: string, part: number): Promise<Uint8Array | null> {
    return (await this.#deps.drive()).statePart(key, part);
  }

  async rowsSince(after: number, limit: number): Promise<RowEntry[]> {
    return this.#deps.rows.since(after, limit);
  }

  async rowEmbeddings(rows: number[]): Promise<Float32Array> {
    return this.#deps.rows.embeddings(rows, (await this.#deps.context()).model.width);
  }

  // ---- time -------------------------------------------------------------------------------------------------

  /** The watchdog: sets alarms again from saved state, and starts a run that is due. */
  async tick(now: number): Promise<{ started: string | null }> {
    if (!this.#deps.values.has('settings')) return { started: null };
    const wakeAll = () =>
      Promise.all(this.#deps.participants.names(this.#deps.settings()).map((name) => this.#deps.wake(name)));
    await this.#deps.fetchIndexes();
    const more = { alarm: this.#deps.alarm, wakeAll };
    return watch({ ...this.#deps.scheduleDeps(), ...more, start: (reason) => this.start(reason) }, now);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    if (!this.#deps.values.has('settings')) {
      if (this.#deps.ledger.expired(clock.now())) await forget(this.ctx.storage, MIGRATIONS);
      return;
    }
    // An alarm that failed five times would be dropped after the next failure: start counting anew.
    if (info !== undefined && info.retryCount >= 5)
      return void (await this.#deps.alarm.at(clock.now() + RETRY_MS));
    const runner = await this.#deps.drive();
    let next: number | null = null;
    for (let steps = 0; steps < 4; steps++) {
      next = await this.#step(() => runner.advance());
      if (next === null || next > clock.now()) break;
    }
    if (next !== null) await this.#deps.alarm.by(next);
  }
}
