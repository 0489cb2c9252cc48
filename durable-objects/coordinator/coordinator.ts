/**
 * Coordinator: one Durable Object a collection. Rows, versions and snapshots, training runs and their rounds.
 *
 * Tables: items (where each lies), rows, watermarks, versions, runs, rounds, ledger, nonces, seen; byte strings for
 * snapshots, parameters and uploads. Methods: configure, destroy; pointer, snapshotPart, versions, activate, importPart, importVersion, refresh, place,
 * regions, privacy; start, cancel, runs, run, schedule; for participants admit, pollFor,
 * poll, report, putChunk, arrived, putFrame, statePart, register,
 * rowsSince, rowEmbeddings. All may be repeated; `start` refuses while a run is on. Alarms advance the run and renew
 * the snapshot; `tick` (from the cron trigger) sets lost ones again.
 */

import type { RequestSignature } from '../../shared/crypto/request-signature.ts';
import type { Ack } from '../../shared/federated/coordinator-port.ts';
import { noiseOf, policyOf } from '../../shared/federated/noise-plan.ts';
import type { Federation } from '../../shared/protocol/enrolment.ts';
import type { Arrived } from '../../shared/protocol/fl.ts';
import type {
  CoordinatorApi,
  Outcome,
  PrivacyInfo,
  RegionStats,
  RunInfo,
  ScheduleInfo,
  SnapshotPointer,
  VersionInfo,
} from '../../shared/protocol/objects.ts';
import type { Instruction, RowEntry } from '../../shared/protocol/rounds.ts';
import type { SignedRoster } from '../../shared/protocol/secagg.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { modelInfo } from '../engine.ts';
import type { ObjectsEnv } from '../env.ts';
import { LedgerStore } from '../ledger-store.ts';
import { region } from '../names.ts';
import { answerOf, reached } from '../reach.ts';
import type { PassageChange } from '../region/library.ts';
import { forget, migrate, Values } from '../sql.ts';
import { TracedObject } from '../traced-object.ts';
import { Desk } from './desk.ts';
import { Imports } from './imports.ts';
import { Participants } from './participants.ts';
import { describePrivacy } from './privacy-info.ts';
import { hash32, RowTable } from './row-table.ts';
import { freshRun, RunStore } from './run-store.ts';
import { Runner, SERIAL } from './runner.ts';
import { type ScheduleParts, scheduleAt } from './schedule.ts';
import { MIGRATIONS } from './schema.ts';
import { SecureSum } from './secure-sum.ts';
import { pointerOf, type SnapshotContext, Versions, versionInfo } from './versions.ts';
import { watch } from './watchdog.ts';

/** Rows gather for so long before a new revision of the serving snapshot is made. */
const REFRESH_MS = 3_000;
const ROSTERS_PER_PAGE = 64;
/** After an alarm that failed over and over. */
const RETRY_MS = 60_000;

export class Coordinator extends TracedObject implements CoordinatorApi {
  readonly #values: Values;
  readonly #rows: RowTable;
  readonly #versions: Versions;
  readonly #runs: RunStore;
  readonly #ledger: LedgerStore;
  readonly #imports: Imports;
  readonly #participants: Participants;
  #runner: Runner | null = null;
  #secureSum: SecureSum | null = null;

  constructor(ctx: DurableObjectState, env: ObjectsEnv) {
    super(ctx, env);
    migrate(ctx.storage, MIGRATIONS);
    this.#values = new Values(ctx.storage);
    this.#rows = new RowTable(ctx.storage);
    this.#runs = new RunStore(ctx.storage);
    this.#versions = new Versions(ctx.storage, this.#rows, () => this.#runs.snapshotsInUse());
    this.#ledger = new LedgerStore(ctx.storage);
    this.#imports = new Imports(ctx.storage, this.#versions);
    this.#participants = new Participants(ctx.storage);
  }

  /** Tells the object which collection it is. May be repeated; settings replace earlier ones, and end a run. */
  async configure(collection: string, settings: CollectionSettings, federation: Federation): Promise<void> {
    const run = this.#runs.active();
    // Who changes settings looks whether a run is on; this one began in between, and its plan is of the old ones.
    if (run !== null && JSON.stringify(this.#settings()) !== JSON.stringify(settings)) {
      (await this.#drive()).fail(run, 'the settings of the collection changed', 'cancelled');
    }
    this.#values.set('collection', collection);
    this.#values.set('settings', settings);
    this.#participants.configure(federation);
    this.#runner = null;
    this.#secureSum = null;
    await this.#serving();
  }

  /** Forgets everything but the ledger, which stays until the queries that it is about would have expired. */
  async destroy(): Promise<void> {
    this.#runner = null;
    this.#secureSum = null;
    if (this.#values.get('settings') === null) return;
    const { privacy, retentionDays } = this.#settings();
    const until = this.#ledger.outlive(policyOf(privacy, retentionDays), [SERIAL]);
    await this.ctx.storage.setAlarm(until ?? Date.now());
  }

  async pointer(version?: number): Promise<SnapshotPointer | null> {
    if (version === undefined) return pointerOf(await this.#serving());
    if (this.#versions.get(version) === null) return null;
    // Older versions are renewed when somebody asks for them.
    return pointerOf(await this.#versions.refresh(version, await this.#context()));
  }

  async snapshotPart(hash: string, part: number): Promise<Uint8Array | null> {
    return this.#versions.snapshotPart(hash, part);
  }

  async versions(): Promise<VersionInfo[]> {
    await this.#serving();
    return this.#versions
      .all()
      .filter((row) => row.state !== 'candidate')
      .map(versionInfo);
  }

  async activate(version: number): Promise<Outcome<VersionInfo>> {
    const row = this.#versions.get(version);
    if (row === null || row.state === 'candidate') {
      return { ok: false, code: 'unknown_version', detail: `version: ${version} does not exist` };
    }
    const fresh = await this.#versions.refresh(version, await this.#context());
    this.#versions.activate(fresh.version);
    return { ok: true, value: versionInfo(this.#versions.get(version) ?? fresh) };
  }

  /** A part of a version in a file; see imports.ts. */
  async importPart(hash: string, part: number, bytes: Uint8Array): Promise<void> {
    this.#imports.putPart(hash, part, bytes);
  }

  async importVersion(hash: string): Promise<Outcome<VersionInfo>> {
    const { adapter } = this.#settings();
    const made = await this.#imports.finish(hash, adapter, await this.#context(), Date.now());
    return made.ok ? { ok: true, value: versionInfo(made.value) } : made;
  }

  async place(keys: string[], wanted: string | null, assign: boolean, from: string | null = null) {
    const { regions } = this.#settings();
    if (from !== null && wanted !== null) this.#rows.relocate(keys, from, wanted);
    const choose = (key: string) => wanted ?? (regions[hash32(key) % regions.length] as string);
    return this.#rows.place(keys, assign ? choose : null);
  }

  async refresh(): Promise<SnapshotPointer> {
    const { regions } = this.#settings();
    await Promise.all(regions.map((name) => reached(() => this.#region(name).flush())));
    const serving = await this.#serving();
    return pointerOf(await this.#versions.refresh(serving.version, await this.#context()));
  }

  /** A region's changes up to `watermark`. */
  async register(name: string, changes: PassageChange[], watermark: number): Promise<void> {
    this.#rows.register(name, changes, watermark);
    if (changes.length > 0) await this.#alarmBy(Date.now() + REFRESH_MS);
  }

  async start(reason: string): Promise<Outcome<RunInfo>> {
    const problem = this.#participants.problem();
    if (problem !== null) return { ok: false, code: 'no_roster', detail: problem };
    const running = this.#runs.active();
    if (running !== null) {
      const detail = `run ${running.run} is in progress: wait for it or cancel it`;
      return { ok: false, code: 'run_in_progress', detail };
    }
    const serving = await this.#serving();
    const now = Date.now();
    const id = this.#runs.freshId(now);
    const seed = this.#settings().training.seed ?? (crypto.getRandomValues(new Uint32Array(1))[0] as number);
    const run = freshRun({ run: id, seed, base: serving.version, noise: noiseOf(this.#settings()) });
    if (this.#runs.active() !== null) return this.start(reason);
    this.#runs.begin(run, reason, now);
    await this.#alarmBy(now);
    return { ok: true, value: this.#runs.get(id) as RunInfo };
  }

  async cancel(id: string): Promise<Outcome<RunInfo>> {
    const runner = await this.#drive();
    const run = this.#runs.active();
    const info = this.#runs.get(id);
    if (info === null) return { ok: false, code: 'unknown_run', detail: `run: ${id} does not exist` };
    if (run?.run === id) runner.fail(run, 'cancelled by hand', 'cancelled');
    return { ok: true, value: this.#runs.get(id) ?? info };
  }

  async runs(limit: number): Promise<RunInfo[]> {
    return this.#runs.list(limit);
  }

  async run(id: string): Promise<RunInfo | null> {
    return this.#runs.get(id);
  }

  async regions(): Promise<RegionStats[]> {
    const { regions } = this.#settings();
    const stats = await Promise.all(regions.map((name) => answerOf(() => this.#region(name).stats())));
    return stats.filter((found) => found !== null);
  }

  async privacy(): Promise<PrivacyInfo> {
    const rosters = this.#participants.rostersAfter(-1, Number.MAX_SAFE_INTEGER);
    const members = this.#participants.names(this.#settings()).length;
    const roster = rosters.at(-1)?.roster ?? null;
    return describePrivacy(this.#settings(), this.#ledger, roster, members, Date.now());
  }

  /** When the next scheduled run starts, and why it does not although it is due. */
  async schedule(): Promise<ScheduleInfo> {
    return scheduleAt(this.#schedule(), Date.now());
  }

  // ---- what participants call -------------------------------------------------------------------------------

  /** Takes a signed request for its participant's; a second time it is refused. */
  async admit(request: RequestSignature): Promise<Outcome<string>> {
    return this.#participants.admit(request, Date.now());
  }

  /** `poll` that is held for up to `waitMs` while a run is on and has nothing for this participant. */
  async pollFor(participant: string, waitMs: number): Promise<Instruction> {
    const desk = await this.#desk();
    const first = desk.poll(participant);
    if (first.do !== 'wait' || first.ms === 0 || waitMs === 0) return first;
    await this.#participants.untilWoken(participant, waitMs);
    const then = (await this.#desk()).poll(participant);
    // Who was held asks again at once.
    return then.do === 'wait' && then.ms > 0 ? { ...then, ms: 1 } : then;
  }

  /** When participants last spoke, by name. */
  async sightings(names: string[]): Promise<Record<string, number | null>> {
    return Object.fromEntries(names.map((name) => [name, this.#participants.seenAt(name)]));
  }

  async rostersAfter(epoch: number): Promise<SignedRoster[]> {
    return this.#participants.rostersAfter(epoch, ROSTERS_PER_PAGE);
  }

  async poll(participant: string): Promise<Instruction> {
    return (await this.#desk()).poll(participant);
  }

  async report(message: unknown): Promise<Ack> {
    return (await this.#desk()).report(message);
  }

  async putChunk(header: unknown, bytes: Uint8Array): Promise<Ack> {
    return (await this.#desk()).putChunk(header, bytes);
  }

  /** Which pieces of a participant's vector have come in. */
  async arrived(participant: string, round: string): Promise<Arrived> {
    return (await this.#desk()).arrived(participant, round);
  }

  /** One frame of a masked vector. */
  async putFrame(participant: string, round: string, bytes: Uint8Array): Promise<Ack> {
    return (await this.#desk()).putFrame(participant, round, bytes);
  }

  async statePart(key: string, part: number): Promise<Uint8Array | null> {
    return (await this.#drive()).statePart(key, part);
  }

  async rowsSince(after: number, limit: number): Promise<RowEntry[]> {
    return this.#rows.since(after, limit);
  }

  async rowEmbeddings(rows: number[]): Promise<Float32Array> {
    return this.#rows.embeddings(rows, (await this.#context()).model.width);
  }

  // ---- time -------------------------------------------------------------------------------------------------

  /** The watchdog: sets alarms again from saved state, and starts a run that is due. */
  async tick(now: number): Promise<{ started: string | null }> {
    if (this.#values.get('settings') === null) return { started: null };
    const wakeAll = () =>
      Promise.all(this.#participants.names(this.#settings()).map((name) => this.#wake(name)));
    const more = { storage: this.ctx.storage, values: this.#values, versions: this.#versions, wakeAll };
    return watch({ ...this.#schedule(), ...more, start: (reason) => this.start(reason) }, now);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    if (this.#values.get('settings') === null) {
      if (this.#ledger.expired(Date.now())) await forget(this.ctx.storage, MIGRATIONS);
      return;
    }
    // An alarm that failed five times would be dropped after the next failure: start counting anew.
    if (info !== undefined && info.retryCount >= 5) {
      await this.ctx.storage.setAlarm(Date.now() + RETRY_MS);
      return;
    }
    const runner = await this.#drive();
    let next: number | null = null;
    for (let steps = 0; steps < 4; steps++) {
      next = await runner.advance();
      if (next === null || next > Date.now()) break;
    }
    if (next === null) await this.#versions.refresh((await this.#serving()).version, await this.#context());
    if (next !== null) await this.#alarmBy(next);
  }

  #schedule(): ScheduleParts {
    const parts = { runs: this.#runs, rows: this.#rows, ledger: this.#ledger };
    return { ...parts, settings: this.#settings(), problem: this.#participants.problem() };
  }

  async #alarmBy(at: number): Promise<void> {
    const set = await this.ctx.storage.getAlarm();
    if (set === null || set > at) await this.ctx.storage.setAlarm(at);
  }

  // ---- parts ------------------------------------------------------------------------------------------------

  #settings(): CollectionSettings {
    const settings = this.#values.get<CollectionSettings>('settings');
    if (settings === null) throw new Error('the coordinator was not configured');
    return CollectionSettings.parse(settings);
  }

  #region(name: string) {
    return region(this.env, this.#values.get<string>('collection') ?? '', name, this.#settings());
  }

  async #context(): Promise<SnapshotContext> {
    const settings = this.#settings();
    return {
      collection: this.#values.get<string>('collection') ?? '',
      model: await modelInfo(this.env),
      regions: settings.regions,
      temperature: settings.training.temperature,
      inactiveOffset: (settings.privacy.noise === 'on' ? settings.privacy : settings).training.inactiveOffset,
    };
  }

  async #serving() {
    return this.#versions.serving() ?? (await this.#versions.first(await this.#context(), Date.now()));
  }

  #secure(context: SnapshotContext): SecureSum | null {
    const [first, ...others] = this.#participants.rosters();
    if (first === undefined) return null;
    const { completeUpTo } = this.#settings().privacy;
    const { sha256 } = context.model;
    this.#secureSum ??= new SecureSum(this.ctx.storage, [first, ...others], sha256, completeUpTo);
    return this.#secureSum;
  }

  /** Asks a participant to poll; false when nothing was heard of it. */
  async #wake(name: string): Promise<boolean> {
    if (!this.#participants.isOutside(name)) return reached(() => this.#region(name).wake());
    this.#participants.wake(name);
    return this.#participants.isPresent(name, Date.now());
  }

  #adopt(): string | null {
    this.#participants.adopt();
    this.#secureSum = null;
    return this.#participants.problem();
  }

  async #drive(): Promise<Runner> {
    const context = await this.#context();
    this.#runner ??= new Runner({
      secure: () => this.#secure(context),
      participants: () => this.#participants.names(this.#settings()),
      adopt: () => this.#adopt(),
      ledger: this.#ledger,
      storage: this.ctx.storage,
      rows: this.#rows,
      versions: this.#versions,
      runs: this.#runs,
      collection: context.collection,
      settings: this.#settings(),
      context,
      now: () => Date.now(),
      wake: (name) => this.#wake(name),
      flush: (name) => reached(() => this.#region(name).flush()),
      // A participant from outside keeps its own ledger to itself.
      ledgerOf: async (name) =>
        this.#participants.isOutside(name) ? null : answerOf(() => this.#region(name).ledger()),
    });
    return this.#runner;
  }

  async #desk(): Promise<Desk> {
    const runner = await this.#drive();
    const secure = this.#secure(await this.#context());
    const comeBy = (at: number) => this.#alarmBy(at);
    return new Desk({ runner, secure, runs: this.#runs, comeBy, now: () => Date.now() });
  }
}
