/**
 * Query records: what a region learns from. Invariants: a contributor's own id is never stored; nobody gives more records
 * than the settings allow, and no log has more, for a full one refuses and never makes room (what others give must not
 * decide which records train); none is older than the retention time. Where one event is the unit, events are only ever
 * added, whole or not at all, and leave whole: by age, by their contributor's wish, or by the operator's for one of them.
 */
import type { Engine } from '../../models/engine.ts';
import { toBase64Url, utf8 } from '../../shared/crypto/bytes.ts';
import { hashBytes } from '../../shared/crypto/hash.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { type QueryRecord, recordsOfAct } from '../../shared/participant/query-record.ts';
import { homeRegion, type PrivacyUnit, pseudonym } from '../../shared/privacy/units.ts';
import type { FeedbackCounts, FeedbackInput } from '../../shared/protocol/api/feedback.ts';
import type {
  Click,
  Erased,
  FeedbackRequest,
  KeptFeedback,
  Outcome,
  Refusal,
} from '../../shared/protocol/objects.ts';
import type { FeedbackSettings } from '../../shared/protocol/settings.ts';
import { clickWeight } from '../../shared/retrieval/clicks.ts';
import type { KeptRecord } from '../handover.ts';
import { Values } from '../values.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
const LAST_NUMBER = 'lastRecord';
/** Records go up to so much before their time is over, many at once instead of each in an alarm of its own. */
const EXPIRY_SLACK_MS = 3_600_000;

/** Records taken with a token, by the hour. */
export const GIVEN_TABLE = `CREATE TABLE given (
  token TEXT NOT NULL, hour INTEGER NOT NULL, records INTEGER NOT NULL, PRIMARY KEY (token, hour)
) WITHOUT ROWID;`;

/** Clicks on shuffled results, by place. */
export const CLICK_TABLES = `ALTER TABLE records ADD COLUMN weight REAL;
CREATE TABLE shuffled_clicks (place INTEGER PRIMARY KEY, clicks INTEGER NOT NULL);`;

export interface RecordPolicy {
  engine: Pick<Engine, 'tokenize' | 'info'>;
  /** Keys everything that is decided by hash; see `unitKey`. */
  key: Uint8Array;
  /** Keys what contributors are called. */
  contributorKey: Uint8Array;
  heldOutShare: number;
  unit: PrivacyUnit;
  caps: FeedbackSettings;
  region: string;
  regions: readonly string[];
  retentionMs: number;
  /** Where what is given was opened; null where somebody said it. */
  click: Click | null;
  /** Whether noise promises that no record's weight tells of another's. */
  noise: boolean;
  /** Id of the token that the request came with; null where tokens are not counted. */
  token: string | null;
}

interface ListedRow extends Record<string, SqlStorageValue> {
  n: number;
  event: string;
  at: number;
  query: string;
  item: string;
  relevant: number;
  contributor: string | null;
  weight: number | null;
}

interface Prepared extends QueryRecord {
  record: FeedbackInput;
  contributor: string | null;
  ids: Int32Array;
  /** Of a click; null of what somebody said. */
  weight: number | null;
  /** Whether it can never train. */
  idle: boolean;
}

/** How records of an act fared: `full` and `refused` say what they ran into. */
type Fate = 'accepted' | 'duplicates' | 'refused' | 'full';

/** The key for decisions by hash, 32 bytes. */
export function unitKey(splitKey: string): Uint8Array {
  return hashBytes('fedcar unit key', utf8(splitKey));
}

export class RecordLog {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /**
   * Takes the records of acts of feedback, one act after the other. Refuses when it has to refuse all of them, and when
   * they would not all fit the log or what the token may give.
   */
  add(
    acts: readonly (readonly FeedbackInput[])[],
    policy: RecordPolicy,
    now: number,
  ): Outcome<FeedbackCounts> {
    const weight = this.#weightOf(policy);
    const prepared = acts.map((act) => prepare(act, policy, weight));
    const receipt: FeedbackCounts = { accepted: 0, duplicates: 0, refused: 0, idle: 0 };
    let full = false;
    try {
      this.#storage.transactionSync(() => {
        for (const act of prepared) {
          const fates =
            policy.unit === 'record'
              ? this.#addEvent(act, policy.caps, now)
              : act.map((entry) => this.#takeOwn(entry, policy.caps, now));
          for (const [index, fate] of fates.entries()) {
            full ||= fate === 'full';
            receipt[fate === 'full' ? 'refused' : fate] += 1;
            if (fate === 'accepted' && act[index]?.idle) receipt.idle += 1;
          }
        }
        if (receipt.accepted === 0) return;
        this.#noteShuffled(policy.click);
        const refusal = this.#count(receipt.accepted, policy, now) ?? this.#overflow(policy, now);
        if (refusal !== null) throw new CapReached(refusal);
      });
    } catch (error) {
      if (error instanceof CapReached) return error.refusal;
      throw error;
    }
    const all = prepared.flat();
    if (receipt.refused < all.length) return { ok: true, value: receipt };
    const { recordsPerDay, recordsPerContributor } = policy.caps;
    const detail = full
      ? `contributor: at most ${recordsPerContributor} records are kept`
      : `contributor: at most ${recordsPerDay} records in 24 hours`;
    const contributors = all.map(({ contributor }) => contributor as string);
    const retryAfter = this.#roomIn(contributors, full ? policy.retentionMs : DAY_MS, now);
    return { ok: false, code: 'contributor_limit', detail, retryAfter };
  }

  /** Of a click by where it stood; null of what somebody said. */
  #weightOf({ click, noise, caps }: RecordPolicy): number | null {
    if (click === null) return null;
    const rows = noise
      ? null
      : this.#storage.sql.exec<{ place: number; clicks: number }>(
          'SELECT place, clicks FROM shuffled_clicks',
        );
    const seen = rows === null ? null : new Map([...rows].map(({ place, clicks }) => [place, clicks]));
    return clickWeight(click.place, caps.clickWeight, seen);
  }

  #noteShuffled(click: Click | null): void {
    if (!click?.shuffled) return;
    this.#storage.sql.exec(
      `INSERT INTO shuffled_clicks (place, clicks) VALUES (?, 1)
       ON CONFLICT (place) DO UPDATE SET clicks = clicks + 1`,
      click.place,
    );
  }

  /** An event as a whole: it is added beside all others, or refused. What it names and is there already stays as it is. */
  #addEvent(act: readonly Prepared[], caps: FeedbackSettings, now: number): Fate[] {
    const news = act.filter((entry) => !this.#isKept(entry));
    const contributor = act[0]?.contributor ?? null;
    const room = contributor === null ? null : this.#room(contributor, caps, now, news.length);
    const arrived = this.#arrivalOf(act[0]?.event ?? null);
    if (room === null) for (const entry of news) this.#insert({ ...keptOf(entry, now), arrived }, entry.ids);
    return act.map((entry) => (news.includes(entry) ? (room ?? 'accepted') : 'duplicates'));
  }

  /** When the first record of an event arrived, which all of them go by in the ledgers; null where there is none yet. */
  #arrivalOf(event: string | null): number | null {
    const first = 'SELECT min(coalesce(arrived, at)) AS at FROM records WHERE event = ?';
    return this.#storage.sql.exec<{ at: number | null }>(first, event).one().at;
  }

  /** What stands against so many more records of a contributor; null when there is room. */
  #room(
    contributor: string,
    { recordsPerDay, recordsPerContributor }: FeedbackSettings,
    now: number,
    more: number,
  ): 'refused' | 'full' | null {
    if (this.#since(contributor, Number.MIN_SAFE_INTEGER) + more > recordsPerContributor) return 'full';
    return this.#since(contributor, now - DAY_MS) + more > recordsPerDay ? 'refused' : null;
  }

  #isKept({ id, former, record }: Prepared): boolean {
    const { query, item, relevant } = record;
    const found = this.#storage.sql.exec(
      'SELECT 1 FROM records WHERE id = ? OR (id = ? AND query = ? AND item = ? AND relevant = ?)',
      ...[id, former, query, item, relevant ? 1 : 0],
    );
    return found.toArray().length > 0;
  }

  /** Where contributors are the units: one that says the opposite takes the place of the contributor's one before. */
  #takeOwn(entry: Prepared, caps: FeedbackSettings, now: number): Fate {
    const { sql } = this.#storage;
    const { id, contributor, record } = entry;
    const known = sql
      .exec<{ relevant: number }>('SELECT relevant FROM records WHERE id = ?', id)
      .toArray()[0];
    if (known?.relevant === (record.relevant ? 1 : 0)) return 'duplicates';
    if (contributor !== null && this.#since(contributor, now - DAY_MS) >= caps.recordsPerDay)
      return 'refused';
    if (known !== undefined) sql.exec('DELETE FROM records WHERE id = ?', id);
    this.#insert(keptOf(entry, now), entry.ids);
    if (contributor !== null) this.#evict(contributor, caps.recordsPerContributor);
    return 'accepted';
  }

  /** Counts what a token has given; a refusal when that is more than it may in 24 hours. */
  #count(accepted: number, { token, caps }: RecordPolicy, now: number): Refusal | null {
    if (token === null) return null;
    const { sql } = this.#storage;
    const hour = Math.floor(now / HOUR_MS);
    sql.exec('DELETE FROM given WHERE hour <= ?', hour - DAY_HOURS);
    sql.exec(
      `INSERT INTO given (token, hour, records) VALUES (?, ?, ?)
       ON CONFLICT (token, hour) DO UPDATE SET records = records + excluded.records`,
      ...[token, hour, accepted],
    );
    const query = 'SELECT sum(records) AS n, min(hour) AS first FROM given WHERE token = ?';
    const { n, first } = sql.exec<{ n: number; first: number }>(query, token).one();
    const most = caps.recordsPerToken;
    if (n <= most) return null;
    const detail = `token: at most ${most} records in 24 hours (feedback.recordsPerToken), and with these it would have given ${n}`;
    return refusal('token_limit', detail, (first + DAY_HOURS) * HOUR_MS - now);
  }

  /** A refusal when there are more records than the log may have. */
  #overflow({ caps, region, retentionMs }: RecordPolicy, now: number): Refusal | null {
    const { sql } = this.#storage;
    const most = caps.recordsPerRegion;
    // Numbers only grow, so that most logs need not be counted, which reads all of it.
    const span = 'SELECT min(n) AS first, max(n) AS last FROM records';
    const { first, last } = sql.exec<{ first: number; last: number }>(span).one();
    if (last - first < most) return null;
    const { n } = sql.exec<{ n: number }>('SELECT count(*) AS n FROM records').one();
    if (n <= most) return null;
    const detail = `region ${region}: at most ${most} records are kept (feedback.recordsPerRegion), and with these there would be ${n}; the oldest goes with its retention time`;
    return refusal('feedback_full', detail, (this.expiresAt(retentionMs) ?? now) - now);
  }

  /** Numbers are never given out again: work in progress must not find another record under one that it holds. */
  #insert(record: KeptRecord, ids: Int32Array): void {
    const { id, event, at, arrived, query, item, relevant, contributor, held, place, weight } = record;
    const values = new Values(this.#storage);
    const { sql } = this.#storage;
    const last = sql.exec<{ n: number | null }>('SELECT max(n) AS n FROM records').one().n ?? 0;
    const n = 1 + Math.max(last, values.get<number>(LAST_NUMBER) ?? 0);
    values.set(LAST_NUMBER, n);
    sql.exec(
      `INSERT INTO records (n, id, event, at, arrived, query, item, relevant, contributor, held, place, weight, length, ids)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[n, id, event, at, arrived, query, item, relevant, contributor, held, place, weight],
      ...[ids.length, ids.slice().buffer],
    );
  }

  /** Takes over records as another region kept them, and forgets those that it lost. May be repeated. */
  adopt(records: readonly KeptRecord[], dropped: readonly string[], engine: Pick<Engine, 'tokenize'>): void {
    this.#storage.transactionSync(() => {
      for (const id of [...records.map((record) => record.id), ...dropped])
        this.#storage.sql.exec('DELETE FROM records WHERE id = ?', id);
      for (const record of records) this.#insert(record, engine.tokenize(record.query, 'query'));
    });
  }

  /** Records of a contributor after `at`. */
  #since(contributor: string, at: number): number {
    return this.#storage.sql
      .exec<{ n: number }>(
        'SELECT count(*) AS n FROM records WHERE contributor = ? AND at > ?',
        contributor,
        at,
      )
      .one().n;
  }

  #evict(contributor: string, keep: number): void {
    this.#storage.sql.exec(
      `DELETE FROM records WHERE n IN
         (SELECT n FROM records WHERE contributor = ? ORDER BY at DESC, n DESC LIMIT -1 OFFSET ?)`,
      contributor,
      keep,
    );
  }

  /** Seconds until a record of one of the contributors is older than `windowMs`. */
  #roomIn(contributors: readonly string[], windowMs: number, now: number): number {
    const times = [...new Set(contributors)].map(
      (contributor) =>
        this.#storage.sql
          .exec<{ at: number }>(
            'SELECT min(at) AS at FROM records WHERE contributor = ? AND at > ?',
            contributor,
            now - windowMs,
          )
          .one().at,
    );
    return Math.max(1, Math.ceil((Math.min(...times) + windowMs - now) / 1000));
  }

  /** Those before (at, n), newest first; of an act that came before there were names for them, each record is one. */
  list({ at, n, item, limit }: FeedbackRequest, region: string): KeptFeedback[] {
    const about = item === null ? '' : 'AND item = ?';
    const records = this.#storage.sql.exec<ListedRow>(
      `SELECT n, coalesce(event, id) AS event, at, query, item, relevant, weight, contributor FROM records
       WHERE (at, n) < (?, ?) ${about} ORDER BY at DESC, n DESC LIMIT ?`,
      ...[at, n, ...(item === null ? [] : [item]), limit],
    );
    return [...records].map((record) => ({ ...record, region, relevant: record.relevant === 1 }));
  }

  /** Deletes what a contributor said, or one act of feedback, whole; answers how many records. May be repeated. */
  erase(whose: Erased, contributorKey: Uint8Array): number {
    const [those, name] =
      'event' in whose
        ? ['coalesce(event, id) = ?', whose.event]
        : ['contributor = ?', pseudonym(whose.contributor, contributorKey)];
    return this.#storage.sql.exec(`DELETE FROM records WHERE ${those} RETURNING n`, name).toArray().length;
  }

  /** Deletes what is over, or nearly. */
  expire(retentionMs: number, now: number): void {
    this.#storage.sql.exec('DELETE FROM records WHERE at <= ?', now - retentionMs + EXPIRY_SLACK_MS);
  }

  /** When `expire` has to be called again; null without records. */
  expiresAt(retentionMs: number): number | null {
    const { at } = this.#storage.sql.exec<{ at: number | null }>('SELECT min(at) AS at FROM records').one();
    return at === null ? null : at + retentionMs - EXPIRY_SLACK_MS;
  }
}

/** Ends the transaction of a request that does not fit. */
class CapReached extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

function refusal(code: string, detail: string, ms: number): Refusal {
  return { ok: false, code, detail, retryAfter: Math.max(1, Math.ceil(ms / 1000)) };
}

/** Lengths at which a query may be cut, in characters a token the encoder reads: languages differ. */
const CUTS = [4, 8, 16];

/** A query with nothing behind what the encoder reads of it, and its tokens. */
function readPart(query: string, engine: RecordPolicy['engine']): [string, Int32Array] {
  const ids = engine.tokenize(query, 'query');
  const { maxTokens } = engine.info;
  if (ids.length < maxTokens) return [query, ids];
  for (const length of CUTS.map((each) => each * maxTokens)) {
    const cut = query.slice(0, length).toWellFormed();
    if (length < query.length && sameIds(engine.tokenize(cut, 'query'), ids)) return [cut, ids];
  }
  return [query, ids];
}

function sameIds(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}

function prepare(act: readonly FeedbackInput[], policy: RecordPolicy, weight: number | null): Prepared[] {
  const { engine, key, contributorKey, unit } = policy;
  const given = act.map((record) => ({
    ...record,
    contributor: record.contributor === undefined ? undefined : pseudonym(record.contributor, contributorKey),
  }));
  const fresh = () => toBase64Url(systemRandom(16));
  const made = recordsOfAct(given, { ...policy, fresh });
  return act.map((record, index) => {
    const contributor = given[index]?.contributor ?? null;
    const trains =
      unit === 'record' ||
      (contributor !== null && homeRegion(contributor, policy.regions, key) === policy.region);
    const [query, ids] = readPart(record.query, engine);
    return { ...made[index]!, record: { ...record, query }, contributor, ids, weight, idle: !trains };
  });
}

function keptOf({ id, event, record, contributor, held, place, weight }: Prepared, at: number): KeptRecord {
  const { query, item, relevant } = record;
  const said = { query, item, relevant: relevant ? 1 : 0 };
  return { id, event, at, arrived: null, ...said, contributor, held: held ? 1 : 0, place, weight };
}
