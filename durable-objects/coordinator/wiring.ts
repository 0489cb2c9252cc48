/** What the Coordinator consists of, put together from its storage and its settings; nothing of it is called from outside. */
import type { SnapshotFile, SnapshotPointer } from '../../shared/protocol/objects.ts';
import { partCount } from '../../shared/protocol/parameters.ts';
import { CollectionSettings, isSearchedAtEdge } from '../../shared/protocol/settings.ts';
import { Alarm } from '../alarm.ts';
import { clock } from '../clock.ts';
import { engineFor, modelInfo } from '../engine.ts';
import type { ObjectsEnv } from '../env.ts';
import { LedgerStore } from '../ledger-store.ts';
import { region } from '../names.ts';
import { answerOf, answers } from '../object-calls.ts';
import type { IndexedWords } from '../region/segments.ts';
import { traced } from '../request-context.ts';
import { Values } from '../values.ts';
import { Certificates, type CertifiedRun } from './certificates.ts';
import { Imports } from './imports.ts';
import { Manifests } from './manifests.ts';
import { Evaluation, OwnJudge } from './own-judge.ts';
import { Participants } from './participants.ts';
import { RoundService } from './round-service.ts';
import { RowTable } from './row-table.ts';
import { RunStore } from './run-store.ts';
import { Runner } from './runner.ts';
import type { ScheduleDeps } from './schedule.ts';
import { SecureSum } from './secure-sum.ts';
import { Served } from './served.ts';
import { type SnapshotContext, type VersionRow, Versions } from './versions.ts';
import { MOST_WORD_BYTES } from './word-table.ts';

/** How long a region may take to send its words. */
const WORDS_MS = 30_000;

export class CoordinatorWiring {
  readonly alarm: Alarm;
  readonly values: Values;
  readonly rows: RowTable;
  readonly versions: Versions;
  readonly manifests: Manifests;
  readonly served: Served;
  readonly runs: RunStore;
  readonly ledger: LedgerStore;
  readonly imports: Imports;
  readonly participants: Participants;
  readonly certificates: Certificates;
  readonly evaluation: Evaluation;
  readonly #ctx: DurableObjectState;
  readonly #env: ObjectsEnv;
  #runner: Runner | null = null;
  #secureSum: SecureSum | null = null;

  constructor(ctx: DurableObjectState, env: ObjectsEnv) {
    this.#ctx = ctx;
    this.#env = env;
    this.alarm = new Alarm(ctx.storage);
    this.values = new Values(ctx.storage);
    this.rows = new RowTable(ctx.storage);
    this.runs = new RunStore(ctx.storage);
    this.manifests = new Manifests(ctx.storage);
    this.versions = new Versions(ctx.storage, this.rows, () => [
      ...this.runs.snapshotsInUse(),
      ...this.served.hashes(),
    ]);
    this.served = new Served(ctx.storage, this.rows, this.versions);
    this.ledger = new LedgerStore(ctx.storage);
    this.participants = new Participants(ctx.storage);
    this.certificates = new Certificates(ctx.storage);
    this.imports = new Imports(ctx.storage, this.versions, this.certificates.imported);
    this.evaluation = new Evaluation(ctx.storage);
  }

  /** Settings or members have changed: what was made of them is made anew. */
  forget(): void {
    this.#runner = null;
    this.#secureSum = null;
  }

  scheduleDeps(): ScheduleDeps {
    const deps = { runs: this.runs, rows: this.rows, ledger: this.ledger, values: this.values };
    return { ...deps, settings: this.settings(), problem: this.participants.problem() };
  }

  settings(): CollectionSettings {
    const settings = this.values.kept('settings', (stored) => CollectionSettings.parse(stored));
    if (settings === null) throw new Error('the coordinator was not configured');
    return settings;
  }

  region(name: string) {
    return traced(region(this.#env, this.values.get<string>('collection') ?? '', name, this.settings()));
  }

  async context(): Promise<SnapshotContext> {
    const settings = this.settings();
    return {
      collection: this.values.get<string>('collection') ?? '',
      model: await modelInfo(this.#env, settings.encoder),
      regions: settings.regions,
      temperature: settings.training.temperature,
      inactiveOffset: (settings.privacy.noise === 'on' ? settings.privacy : settings).training.inactiveOffset,
    };
  }

  /** Has a region register what it has not yet, or all of it where less is known of it here than it once was. */
  async flush(name: string): Promise<boolean> {
    return answers(() => this.region(name).flush(this.rows.watermark(name)));
  }

  /** Has regions that have passages and never published their index do so, where searches elsewhere may have it. */
  async fetchIndexes(): Promise<void> {
    if (!isSearchedAtEdge(this.settings())) return;
    const missing = this.manifests.missing(Object.keys(this.rows.watermarks()));
    await Promise.all(missing.map((name) => this.flush(name)));
  }

  /** This object has gone back in time: who mirrors its rows must do so anew, and a run about them can not go on. */
  async restored(): Promise<void> {
    this.rows.renew();
    const run = this.runs.active();
    if (run === null || run.stage === 'prepare') return;
    (await this.drive()).fail(run, 'the coordinator was restored from an older state');
  }

  /** Which of a version's files the edge loads, and how far the index is. */
  async pointerTo(row: VersionRow): Promise<SnapshotPointer> {
    const watermarks = this.rows.watermarks();
    const { passages, ...index } = this.manifests.state(Object.keys(watermarks));
    // Without an index rows are counted, where their number says anything.
    const standing = passages ?? (row.version === 0 ? 0 : this.rows.liveCount());
    const { version, revision, hash, bytes } = await this.served.of(row, standing, await this.context());
    return { version, revision, hash, bytes, parts: partCount(bytes), watermarks, index };
  }

  /** A version with every row of now; null where there is no such version. */
  async completeFile(version: number): Promise<SnapshotFile | null> {
    if (this.versions.get(version) === null) return null;
    const { revision, hash, bytes } = await this.versions.refresh(version, await this.context());
    return { version, revision, hash, bytes, parts: partCount(bytes) };
  }

  async serving() {
    return this.versions.serving() ?? (await this.versions.first(await this.context(), clock.now()));
  }

  secure(context: SnapshotContext): SecureSum | null {
    if (this.#secureSum !== null) return this.#secureSum;
    const [first, ...others] = this.participants.rosters();
    if (first === undefined) return null;
    const { completeUpTo } = this.settings().privacy;
    const { sha256 } = context.model;
    this.#secureSum = new SecureSum(this.#ctx.storage, [first, ...others], sha256, completeUpTo);
    return this.#secureSum;
  }

  /** Asks a participant to poll; false when nothing was heard of it. */
  async wake(name: string): Promise<boolean> {
    const held = this.participants.wake(name);
    if (this.participants.isOutside(name)) return this.participants.isPresent(name, clock.now());
    // Whose request is held gets the instruction as its answer.
    return held || answers(() => this.region(name).wake());
  }

  adopt(): string | null {
    this.participants.adopt();
    this.#secureSum = null;
    return this.participants.problem();
  }

  async drive(): Promise<Runner> {
    const context = await this.context();
    this.#runner ??= new Runner({
      secure: () => this.secure(context),
      participants: () => this.participants.names(this.settings()),
      adopt: () => this.adopt(),
      ledger: this.ledger,
      ownJudge: this.#ownJudge(context),
      certify: (of) => this.#certify(context, of),
      storage: this.#ctx.storage,
      rows: this.rows,
      versions: this.versions,
      runs: this.runs,
      collection: context.collection,
      settings: this.settings(),
      context,
      now: clock.now,
      wake: (name) => this.wake(name),
      flush: (name) => this.flush(name),
      words: () => this.#words(),
      hasGuests: () =>
        this.participants.names(this.settings()).some((name) => this.participants.isOutside(name)),
      // A participant from outside keeps its own ledger to itself.
      ledgerOf: async (name) =>
        this.participants.isOutside(name) ? null : answerOf(() => this.region(name).ledger()),
    });
    return this.#runner;
  }

  #words(): Promise<(IndexedWords[] | null)[]> {
    const of = (name: string) => answerOf(() => this.region(name).words(MOST_WORD_BYTES), WORDS_MS);
    return Promise.all(this.settings().regions.map(of));
  }

  #ownJudge(context: SnapshotContext): OwnJudge {
    const settings = this.settings();
    const titlesOf = async (name: string) => (await answerOf(() => this.region(name).titles())) ?? [];
    return new OwnJudge({
      ...{ storage: this.#ctx.storage, versions: this.versions, context, settings },
      engine: () => engineFor(this.#env, settings),
      titles: async () => (await Promise.all(settings.regions.map(titlesOf))).flat(),
      words: () => this.#words(),
    });
  }

  /** Has the members of the open round's roster sign the version when they next ask. */
  #certify({ collection, model }: SnapshotContext, of: CertifiedRun): void {
    const admin_key = this.participants.adminKey();
    if (admin_key === null || this.settings().privacy.aggregation === 'plain') return;
    const { made: _, ...judged } = of;
    const row = { ...judged, collection, encoder: model.sha256, admin_key };
    this.certificates.begin(row, of.made, this.participants.rosters());
    // Who is not reached is asked when it next asks for work.
    for (const name of this.participants.names(this.settings())) void this.wake(name);
  }

  async roundService(): Promise<RoundService> {
    const runner = await this.drive();
    const secure = this.secure(await this.context());
    const comeBy = (at: number) => this.alarm.by(at);
    return new RoundService({
      ...{ runner, secure, comeBy, runs: this.runs, certificates: this.certificates },
      now: clock.now,
    });
  }
}
