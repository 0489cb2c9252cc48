/**
 * Region: one Durable Object a collection and region. The shard of documents, passages and query records lives
 * here and never leaves; the object answers the edge's searches and is a federated-learning client.
 * Tables: items, passages, gone (until the coordinator knows), segments, rows (mirror of the coordinator's), records,
 * memory, ledger, round_log; moving; byte strings of the job in progress. Every method may be repeated: configure, destroy, putItems, removeItem,
 * item, items, passagesOf, addFeedback, feedback, erase, passages, segments, recall, titles, words, stats, ledger, wake, flush, move, stay, adopt.
 * Alarms train in slices, bring the coordinator up to date, hand over to another generation, and delete old records.
 */
import { fromBase64Url, toBase64Url } from '../../shared/crypto/bytes.ts';
import { signerFromSeed } from '../../shared/crypto/ed25519.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { errorText, logLine } from '../../shared/log.ts';
import type { ProbeTitle } from '../../shared/participant/shard-store.ts';
import type { LedgerEntry, PrivacyPolicy } from '../../shared/privacy/ledger.ts';
import { cryptoSource, type RandomSource } from '../../shared/privacy/random-source.ts';
import type { FeedbackCounts, FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import type { Item, ItemInput, ItemReceipt, ItemSummary } from '../../shared/protocol/api/item.ts';
import type { Region as RegionSummary } from '../../shared/protocol/api/region.ts';
import type { Filters } from '../../shared/protocol/filters.ts';
import type { SegmentParts } from '../../shared/protocol/manifest.ts';
import { passageId } from '../../shared/protocol/names.ts';
import type {
  Click,
  Erased,
  FeedbackRequest,
  KeptFeedback,
  Outcome,
  RegionApi,
} from '../../shared/protocol/objects.ts';
import type { Lift, PassageAnswer, PassageRequest, SiblingRequest } from '../../shared/protocol/passages.ts';
import { PROBE_TITLES } from '../../shared/protocol/rounds.ts';
import { CollectionSettings, isSearchedAtEdge } from '../../shared/protocol/settings.ts';
import { policyOf } from '../../shared/round/noise-plan.ts';
import { Alarm } from '../alarm.ts';
import { clock } from '../clock.ts';
import { engineFor, modelInfo } from '../engine.ts';
import { unlessEngineFails } from '../engine-refusal.ts';
import type { ObjectsEnv } from '../env.ts';
import type { Handover, HandoverProgress } from '../handover.ts';
import { LedgerStore } from '../ledger-store.ts';
import { coordinator, region } from '../names.ts';
import { inTime } from '../object-calls.ts';
import { traced } from '../request-context.ts';
import { forget, migrate } from '../sql.ts';
import { TracedObject } from '../traced-object.ts';
import { Values } from '../values.ts';
import { HandoverSender } from './handover-sender.ts';
import { type Identity, shardPolicyOf } from './identity.ts';
import { CALL_TOKENS, Indexing } from './indexing.ts';
import { type Join, joinOf, joinStatus } from './join.ts';
import { Library } from './library.ts';
import { KEPT_SERIALS } from './membership.ts';
import { Memory } from './memory.ts';
import { RecordLog, unitKey } from './records.ts';
import { registerPassages } from './registration.ts';
import { RoundLogStore } from './round-log-store.ts';
import { MIGRATIONS } from './schema.ts';
import { answerRequest, listItems } from './search.ts';
import type { IndexedWords } from './segments.ts';
import { Shard } from './shard.ts';
import { Training } from './training.ts';

const RETRY_MS = 5_000;
/** How often it looks whether the next generation has embedded what it was handed. */
const LOOK_MS = 1_000;
/** How long the next generation may take over a piece; one document may be very long. */
const PIECE_MS = 300_000;

export class Region extends TracedObject implements RegionApi {
  readonly #alarm: Alarm;
  readonly #values: Values;
  readonly #library: Library;
  readonly #shard: Shard;
  readonly #records: RecordLog;
  readonly #memory: Memory;
  readonly #ledger: LedgerStore;
  readonly #log: RoundLogStore;
  readonly #indexing: Indexing;
  readonly #handover: HandoverSender;
  readonly #training: Training;
  /** What the coordinator was told of the index last; null: this object does not know. */
  #published: string | null = null;
  /** Draws samples, dithers and noise. */
  random: RandomSource = cryptoSource();
  /** Where this region takes part instead of in its own collection, and how it gets there. */
  joins: (identity: Identity) => Join | null = (identity) => joinOf(this.env, identity);
  fetchHub: (url: string, init: RequestInit) => Promise<Response> = (url, init) => fetch(url, init);

  constructor(ctx: DurableObjectState, env: ObjectsEnv) {
    super(ctx, env);
    migrate(ctx.storage, MIGRATIONS);
    this.#alarm = new Alarm(ctx.storage);
    this.#values = new Values(ctx.storage);
    this.#library = new Library(ctx.storage);
    this.#records = new RecordLog(ctx.storage);
    this.#memory = new Memory(ctx.storage, {
      engine: () => this.#engine(),
      alarm: this.#alarm,
      settings: () => this.#identity().settings,
    });
    this.#ledger = new LedgerStore(ctx.storage);
    this.#log = new RoundLogStore(ctx.storage);
    this.#shard = new Shard(ctx.storage, () => shardPolicyOf(this.#identity()), this.#source(), this.#memory);
    this.#indexing = new Indexing({
      storage: ctx.storage,
      documents: this.#library,
      alarm: this.#alarm,
      engine: () => this.#engine(),
      model: async () => (await modelInfo(env, this.#identity().settings.encoder)).sha256,
      touched: (keys) => this.#handover.touch(keys),
    });
    this.#training = new Training({
      ...{ env, values: this.#values, shard: this.#shard, ledger: this.#ledger, log: this.#log },
      host: this.traceHost,
      identity: () => this.#identity(),
      joins: (identity) => this.joins(identity),
      fetch: (url, init) => this.fetchHub(url, init),
      random: () => this.#source(),
    });
    this.#handover = new HandoverSender(ctx.storage, {
      item: (key) => this.#library.item(key, ''),
      ledger: () => this.#ledger.handOver(KEPT_SERIALS),
      hand: (to, piece) => inTime(() => this.#of(to).adopt(piece), PIECE_MS),
    });
  }

  /** Tells the object who it is. May be repeated; settings replace earlier ones, keys stay. */
  async configure(given: Omit<Identity, 'seed'>): Promise<{ key: string }> {
    const known = this.#values.get<Identity>('identity');
    const identity = {
      ...given,
      splitKey: known?.splitKey ?? given.splitKey,
      contributorKey: known?.contributorKey ?? given.contributorKey,
      seed: known?.seed ?? toBase64Url(systemRandom(32)),
    };
    this.#values.set('identity', identity);
    // Rosters that another key signed say nothing any more.
    if (known?.adminKey !== given.adminKey) this.#values.delete('pin');
    this.#training.leave();
    // A shorter retention time counts at once.
    if (known !== null) await this.#alarm.by(clock.now());
    const { key } = await signerFromSeed(fromBase64Url(identity.seed, 32));
    return { key: toBase64Url(key) };
  }

  /** Forgets everything but what its queries have already cost, and that too when they would have expired. */
  async destroy(): Promise<void> {
    this.#training.leave();
    if (!this.#values.has('identity')) return;
    const until = this.#ledger.outlive(this.#policy(), KEPT_SERIALS);
    await this.#alarm.at(until ?? clock.now());
  }

  /** What this region has seen charged. The coordinator asks after a restore, when its own copy may be older. */
  async ledger(): Promise<LedgerEntry[]> {
    return this.#ledger.entries();
  }

  async putItems(items: ItemInput[], later = false): Promise<Outcome<ItemReceipt[]>> {
    return await unlessEngineFails(async () => {
      const receipts = await this.#indexing.put(items, this.#identity().name, clock.now, later);
      // Found in the next generation, too, when the call returns.
      if (this.#handover.caughtUp) await this.#handOn(Number.POSITIVE_INFINITY);
      return { ok: true, value: receipts };
    });
  }

  async indexItems(keys: string[]): Promise<Outcome<boolean>> {
    return await unlessEngineFails(async () => {
      const more = await this.#indexing.slice(CALL_TOKENS, keys);
      await this.#alarm.by(clock.now());
      return { ok: true, value: more };
    });
  }

  async removeItem(key: string): Promise<boolean> {
    const removed = this.#remove(key);
    if (removed) await this.#alarm.by(clock.now());
    if (this.#handover.caughtUp) await this.#handOn(Number.POSITIVE_INFINITY);
    return removed;
  }

  #remove(key: string): boolean {
    return this.ctx.storage.transactionSync(() => {
      this.#handover.touch([key]);
      return this.#library.remove(key);
    });
  }

  async holds(keys: string[]): Promise<string[]> {
    return this.#library.holds(keys);
  }

  async item(key: string): Promise<Item | null> {
    return this.#library.item(key, this.#identity().name);
  }

  async items(after: string | null, limit: number, filters: Filters | null): Promise<ItemSummary[]> {
    return listItems(this.#library, this.#identity().name, { after, limit, filters });
  }

  async passagesOf(key: string) {
    return this.#library
      .passagesOf(key)
      .map(({ item, ordinal, text, tokens }) => ({ id: passageId(item, ordinal), ordinal, text, tokens }));
  }

  async addFeedback(
    records: FeedbackInput[],
    token: string | null = null,
    oneAct = false,
    click: Click | null = null,
  ): Promise<Outcome<FeedbackCounts>> {
    const acts = oneAct ? [records] : records.map((record) => [record]);
    return await unlessEngineFails(async () => {
      const { name, splitKey, contributorKey, settings } = this.#identity();
      const engine = await this.#engine();
      const { heldOutShare, privacy, regions, feedback: caps } = settings;
      const keys = { key: unitKey(splitKey), contributorKey: fromBase64Url(contributorKey, 32) };
      const { retentionMs } = shardPolicyOf(this.#identity());
      const by = { unit: privacy.unit, noise: privacy.noise === 'on', token, click };
      const policy = { engine, ...keys, heldOutShare, caps, ...by, region: name, regions, retentionMs };
      const outcome = this.#records.add(acts, policy, clock.now());
      await this.#expireLater();
      if (outcome.ok) await this.#memory.take();
      if (this.#handover.to() !== null) await this.#alarm.by(clock.now());
      return outcome;
    });
  }

  async feedback(request: FeedbackRequest): Promise<KeptFeedback[]> {
    return this.#records.list(request, this.#identity().name);
  }

  async erase(whose: Erased): Promise<number> {
    const { settings } = this.#identity();
    const before = { ...settings, generation: settings.generation - 1 };
    // Who came before goes first: what it handed over until then is erased here, what is on its way it takes back.
    const there = before.generation < 0 ? 0 : await this.#of(before).eraseHere(whose);
    const here = await this.eraseHere(whose);
    const to = this.#handover.to();
    if (to !== null) await this.#of(to).erase(whose);
    return Math.max(there, here);
  }

  /** In this generation alone; nothing where the object is not in use any more. */
  async eraseHere(whose: Erased): Promise<number> {
    if (!this.#values.has('identity')) return 0;
    return this.#records.erase(whose, fromBase64Url(this.#identity().contributorKey, 32));
  }

  // ---- a change of encoder: see handover-sender.ts -------------------------------------------------------------------

  /** Hands everything over to the region of the generation `to`, and says how far it is. */
  async move(to: CollectionSettings): Promise<HandoverProgress> {
    this.#handover.begin(to);
    const progress = this.#handover.progress();
    if (!progress.caughtUp || progress.items + progress.records > 0) await this.#alarm.by(clock.now());
    return progress;
  }

  async stay(): Promise<void> {
    this.#handover.stop();
  }

  /** Takes a piece from the region whose place this one takes. Returns how many passages wait for their embedding. */
  async adopt({ items, removed, records, dropped, ledger }: Handover): Promise<number> {
    if (items.length > 0) {
      await this.#indexing.put(items, this.#identity().name, ({ timestamp }) => timestamp, false);
    }
    for (const key of removed) this.#remove(key);
    if (records.length > 0 || dropped.length > 0) this.#records.adopt(records, dropped, await this.#engine());
    if (ledger !== null) this.#ledger.takeOver(ledger);
    await this.#alarm.by(clock.now());
    await this.#expireLater();
    return this.#library.counts().waiting;
  }

  /** This region in another generation. */
  #of(settings: CollectionSettings) {
    const { collection, name } = this.#identity();
    return traced(region(this.env, collection, name, settings));
  }

  /** Hands over up to `pieces`; an alarm goes on. What this cannot reach is no reason to stop anything else. */
  async #handOn(pieces: number): Promise<void> {
    try {
      for (let piece = 0; await this.#handover.step(); )
        if (++piece >= pieces) return await this.#alarm.by(clock.now());
      const waits = this.#handover.to() !== null && !this.#handover.caughtUp;
      if (waits) await this.#alarm.by(clock.now() + LOOK_MS);
    } catch (error) {
      logLine('handover_late', { level: 'warn', error: errorText(error) });
      await this.#alarm.by(clock.now() + RETRY_MS);
    }
  }

  async passages(request: PassageRequest | SiblingRequest): Promise<PassageAnswer> {
    if (this.#library.segments.waits) await this.#alarm.by(clock.now());
    const found = answerRequest(this.#library, this.#identity().name, request);
    return { ...found, lifts: await this.#memory.asked(request) };
  }

  /** The first of these segments, as many as fit an answer; null of one that is no more. None where nobody may have any. */
  async segments(hashes: string[]): Promise<(SegmentParts | null)[]> {
    return this.#library.segments.parts(isSearchedAtEdge(this.#identity().settings) ? hashes : []);
  }

  /** What the log of this region, from which somebody asks, says of a question. @param query its base embedding */
  async recall(query: Float32Array): Promise<Lift[]> {
    return await this.#memory.recall(query);
  }

  /** Of documents of this region, for the hub to ask by: at most as many as a participant asks. */
  async titles(): Promise<ProbeTitle[]> {
    return this.#shard.probeTitles(new Set(), PROBE_TITLES);
  }

  /** Of documents of this region, for the gate to ask by; null where they have more bytes, or stay here. */
  async words(mostBytes: number): Promise<IndexedWords[] | null> {
    const { index } = this.#identity().settings;
    return index.words === 'region' ? null : this.#library.segments.words(mostBytes);
  }

  async stats(): Promise<Omit<RegionSummary, 'asked_for'>> {
    const last_contribution_at = this.#values.get<number>('contributedAt');
    const { name } = this.#identity();
    return { region: name, ...this.#library.counts(), last_contribution_at, join: joinStatus(this.#values) };
  }

  /** Asks the object to look for work now. */
  async wake(): Promise<void> {
    await this.#alarm.at(clock.now());
  }

  /**
   * Sends the coordinator what it has not seen yet; all of it where the coordinator knows less than it confirmed once.
   * @param reflects the coordinator's word on how far it knows this region, where it was asked for
   */
  async flush(reflects: number = Number.POSITIVE_INFINITY): Promise<void> {
    const { collection, name, settings } = this.#identity();
    const of = { name, reflects, publishes: isSearchedAtEdge(settings), published: this.#published };
    this.#published = await registerPassages(this.#library, coordinator(this.env, collection, settings), of);
  }

  override async alarm(): Promise<void> {
    if (!this.#values.has('identity')) {
      // The collection was deleted; what is left waits for its queries' retention time to pass.
      if (this.#ledger.expired(clock.now())) await forget(this.ctx.storage, MIGRATIONS);
      return;
    }
    try {
      this.#expire();
      if (await this.#indexing.background()) await this.#alarm.by(clock.now());
      await this.#memory.step();
      await this.flush();
      await this.#handOn(1);
      const after = await this.#training.slice();
      if (after !== null) await this.#alarm.by(clock.now() + after);
      await this.#expireLater();
    } catch (error) {
      // An alarm that throws is dropped after six tries: this one goes on until it succeeds.
      logLine('region_alarm', { level: 'error', error: errorText(error) });
      await this.#alarm.at(clock.now() + (this.#training.refused(error) ?? RETRY_MS));
    }
  }

  #policy(): PrivacyPolicy {
    const { privacy, retentionDays } = this.#identity().settings;
    return policyOf(privacy, retentionDays);
  }

  #source(): RandomSource {
    return { nextWord: () => this.random.nextWord() };
  }

  /** Query records past the retention time are deleted, and what no longer counts of rounds. */
  #expire(): void {
    const { retentionMs } = shardPolicyOf(this.#identity());
    for (const kept of [this.#records, this.#log]) kept.expire(retentionMs, clock.now());
    this.#ledger.expire(this.#policy(), clock.now());
  }

  async #expireLater(): Promise<void> {
    const at = this.#records.expiresAt(shardPolicyOf(this.#identity()).retentionMs);
    if (at !== null) await this.#alarm.by(at);
  }

  #engine = () => engineFor(this.env, this.#identity().settings);

  #identity(): Identity {
    const identity = this.#values.kept('identity', (stored) => {
      const known = stored as Identity;
      return { ...known, settings: CollectionSettings.parse(known.settings) };
    });
    if (identity === null) throw new Error('the region was not configured');
    return identity;
  }
}
