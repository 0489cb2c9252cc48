/**
 * Query records: what a region learns from. Whether a record trains or judges is decided once, by a keyed hash of its
 * unit's id that never changes in the collection's life. Invariants: a contributor's own id is never stored; nobody has
 * more records than the settings allow; none is older than the retention time.
 */
import type { Engine } from '../../models/engine.ts';
import { concatBytes, toHex, utf8 } from '../../shared/crypto/bytes.ts';
import { hashBytes, hashJson } from '../../shared/crypto/hash.ts';
import { samplingRate } from '../../shared/privacy/rational.ts';
import { homeRegion, isHeldOut, type PrivacyUnit, pseudonym } from '../../shared/privacy/units.ts';
import type { FeedbackInput, FeedbackReceipt } from '../../shared/protocol/items.ts';
import type { Outcome } from '../../shared/protocol/objects.ts';
import type { FeedbackSettings } from '../../shared/protocol/settings.ts';
import type { KeptRecord } from '../handover.ts';
import { Values } from '../sql.ts';

const DAY_MS = 86_400_000;
const LAST_NUMBER = 'lastRecord';
/** Records go up to so much before their time is over, many at once instead of each in an alarm of its own. */
const EXPIRY_SLACK_MS = 3_600_000;

export interface RecordPolicy {
  engine: Pick<Engine, 'tokenize'>;
  /** Keys everything that is decided by hash; see `unitKey`. */
  key: Uint8Array;
  /** Keys what contributors are called. */
  contributorKey: Uint8Array;
  heldOutShare: number;
  unit: PrivacyUnit;
  caps: FeedbackSettings;
  region: string;
  regions: readonly string[];
}

interface Prepared {
  record: FeedbackInput;
  id: string;
  contributor: string | null;
  held: 0 | 1;
  place: number;
  ids: Int32Array;
  /** Whether it can never train. */
  idle: boolean;
}

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
   * Takes records; a repeated one changes nothing, one that says the opposite takes the place of the one before. Refuses
   * when it has to refuse all of them.
   */
  add(records: readonly FeedbackInput[], policy: RecordPolicy, now: number): Outcome<FeedbackReceipt> {
    const prepared = records.map((record) => prepare(record, policy));
    const receipt: FeedbackReceipt = { accepted: 0, duplicates: 0, refused: 0, idle: 0 };
    this.#storage.transactionSync(() => {
      for (const entry of prepared) {
        const outcome = this.#take(entry, policy.caps, now);
        receipt[outcome] += 1;
        if (outcome === 'accepted' && entry.idle) receipt.idle += 1;
      }
    });
    if (receipt.refused < records.length) return { ok: true, value: receipt };
    const detail = `contributor: at most ${policy.caps.recordsPerDay} records in 24 hours`;
    const contributors = prepared.map(({ contributor }) => contributor as string);
    return { ok: false, code: 'contributor_limit', detail, retryAfter: this.#roomIn(contributors, now) };
  }

  #take(entry: Prepared, caps: FeedbackSettings, now: number): 'accepted' | 'duplicates' | 'refused' {
    const { sql } = this.#storage;
    const { record, id, contributor } = entry;
    const relevant = record.relevant ? 1 : 0;
    const known = sql
      .exec<{ relevant: number }>('SELECT relevant FROM records WHERE id = ?', id)
      .toArray()[0];
    if (known?.relevant === relevant) return 'duplicates';
    if (contributor !== null && this.#since(contributor, now - DAY_MS) >= caps.recordsPerDay)
      return 'refused';
    if (known !== undefined) sql.exec('DELETE FROM records WHERE id = ?', id);
    const { held, place } = entry;
    const { query, item } = record;
    this.#insert({ id, at: now, query, item, relevant, contributor, held, place }, entry.ids);
    if (contributor !== null) this.#evict(contributor, caps.recordsPerContributor);
    return 'accepted';
  }

  /** Numbers are never given out again: work in progress must not find another record under one that it holds. */
  #insert({ id, at, query, item, relevant, contributor, held, place }: KeptRecord, ids: Int32Array): void {
    const values = new Values(this.#storage);
    const { sql } = this.#storage;
    const last = sql.exec<{ n: number | null }>('SELECT max(n) AS n FROM records').one().n ?? 0;
    const n = 1 + Math.max(last, values.get<number>(LAST_NUMBER) ?? 0);
    values.set(LAST_NUMBER, n);
    sql.exec(
      `INSERT INTO records (n, id, at, query, item, relevant, contributor, held, place, length, ids)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[n, id, at, query, item, relevant, contributor, held, place],
      ...[ids.length, ids.slice().buffer],
    );
  }

  /** Takes over records as another region kept them, and forgets those that it lost. May be repeated. */
  adopt(records: readonly KeptRecord[], dropped: readonly string[], engine: RecordPolicy['engine']): void {
    this.#storage.transactionSync(() => {
      for (const id of [...records.map((record) => record.id), ...dropped])
        this.#storage.sql.exec('DELETE FROM records WHERE id = ?', id);
      for (const record of records) this.#insert(record, engine.tokenize(record.query));
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

  /** Seconds until one of the contributors may give a record again. */
  #roomIn(contributors: readonly string[], now: number): number {
    const times = [...new Set(contributors)].map(
      (contributor) =>
        this.#storage.sql
          .exec<{ at: number }>(
            'SELECT min(at) AS at FROM records WHERE contributor = ? AND at > ?',
            contributor,
            now - DAY_MS,
          )
          .one().at,
    );
    return Math.max(1, Math.ceil((Math.min(...times) + DAY_MS - now) / 1000));
  }

  /** Deletes a contributor's records and answers how many there were. May be repeated. */
  erase(contributor: string, contributorKey: Uint8Array): number {
    const name = pseudonym(contributor, contributorKey);
    const deleted = this.#storage.sql
      .exec('DELETE FROM records WHERE contributor = ? RETURNING n', name)
      .toArray();
    return deleted.length;
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

function prepare(record: FeedbackInput, policy: RecordPolicy): Prepared {
  const { engine, key, contributorKey, heldOutShare, unit } = policy;
  const share = heldOutShare > 0 ? samplingRate(heldOutShare) : null;
  const contributor = record.contributor === undefined ? null : pseudonym(record.contributor, contributorKey);
  const id = idOf(record, contributor);
  const unitId = unit === 'contributor' ? (contributor ?? id) : id;
  const place = new DataView(hashBytes('fedcar place', concatBytes(key, utf8(unitId))).buffer);
  const trains =
    unit === 'record' ||
    (contributor !== null && homeRegion(contributor, policy.regions, key) === policy.region);
  return {
    record,
    id,
    contributor,
    held: share !== null && isHeldOut(unitId, share, key) ? 1 : 0,
    place: place.getUint32(0),
    ids: engine.tokenize(record.query),
    idle: !trains,
  };
}

/** The id given, or the query with its item; every contributor has ids of their own, which nobody else can overwrite. */
function idOf({ id, item, query }: FeedbackInput, contributor: string | null): string {
  if (contributor !== null) {
    const named = id === undefined ? { item, query } : { id };
    return toHex(hashJson('fedcar record of a contributor', { contributor, ...named }));
  }
  return id ?? toHex(hashBytes('fedcar record', utf8(`${item}\0${query}`)));
}
