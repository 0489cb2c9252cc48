/**
 * Versions of the retriever and their complete snapshots, which judge them and carry them elsewhere; what serves is in
 * served.ts. A version is what a run trained (0: nothing, plain embedding search); a revision has the rows that came since,
 * and is made where somebody needs it. Snapshots are immutable and named by their hash. Invariant: none is stored that a
 * participant would not load, whatever came meanwhile; then the one before stays.
 */
import { toHex } from '../../shared/crypto/bytes.ts';
import { digest } from '../../shared/crypto/hash.ts';
import { freeBuffer } from '../../shared/free-buffer.ts';
import { logLine } from '../../shared/log.ts';
import type { OwnJudgement } from '../../shared/protocol/api/evaluation.ts';
import type { Version } from '../../shared/protocol/api/version.ts';
import { decodeParameters, type Parameters } from '../../shared/protocol/parameters.ts';
import { MOST_ROWS } from '../../shared/protocol/round-limits.ts';
import { ServingParameters, START_PARAMETERS } from '../../shared/protocol/serving-parameters.ts';
import { adapterSize, MAX_SNAPSHOT_BYTES, snapshotLength } from '../../shared/protocol/snapshot.ts';
import type { AdapterSettings } from '../../shared/protocol/training-settings.ts';
import { Blobs } from '../sql.ts';
import {
  type Assembled,
  assemble,
  assembleLearned,
  headerOf,
  type Made,
  SnapshotTooLarge,
  tooLarge,
} from './assemble.ts';
import type { RowTable } from './row-table.ts';

export interface ModelInfo {
  name: string;
  sha256: string;
  width: number;
}

export interface VersionRow extends Record<string, SqlStorageValue> {
  version: number;
  revision: number;
  hash: string;
  bytes: number;
  rows: number;
  active_rows: number;
  rows_at: number;
  created_at: number;
  parent: number | null;
  run: string | null;
  state: string;
  held_out: string | null;
  probe: string | null;
  own: string | null;
  adapter: string;
  training: string;
  /** Null of one from before there were any: the start. */
  serving: string | null;
}

/** What a new version is made of. */
export interface VersionDraft {
  parent: number | null;
  run: string | null;
  adapter: AdapterSettings;
  parameters: Parameters | null;
  training: Record<string, unknown>;
  serving: ServingParameters;
  /** Of a version that is not the first: `candidate` unless it needs no verdict. */
  state?: 'available';
}

/** Figures that stay with a collection's snapshots. */
export interface SnapshotContext {
  collection: string;
  model: ModelInfo;
  regions: string[];
  temperature: number;
  inactiveOffset: number;
}

export const snapshotName = (hash: string): string => `snapshot/${hash}`;
const parametersName = (version: number): string => `version/${version}`;

export class Versions {
  readonly #storage: DurableObjectStorage;
  readonly #blobs: Blobs;
  readonly #rows: RowTable;
  readonly #inUse: () => readonly string[];
  /** What was counted last, and of which rows. */
  #counted = { of: '', bytes: 0 };

  /** @param inUse hashes of snapshots that somebody still reads, whatever their version serves by now */
  constructor(storage: DurableObjectStorage, rows: RowTable, inUse: () => readonly string[]) {
    this.#storage = storage;
    this.#inUse = inUse;
    this.#blobs = new Blobs(storage);
    this.#rows = rows;
  }

  all(): VersionRow[] {
    return this.#storage.sql.exec<VersionRow>('SELECT * FROM versions ORDER BY version DESC').toArray();
  }

  get(version: number): VersionRow | null {
    return (
      this.#storage.sql.exec<VersionRow>('SELECT * FROM versions WHERE version = ?', version).toArray()[0] ??
      null
    );
  }

  serving(): VersionRow | null {
    return (
      this.#storage.sql.exec<VersionRow>("SELECT * FROM versions WHERE state = 'serving'").toArray()[0] ??
      null
    );
  }

  parameters(version: number, width: number): Parameters | null {
    const row = this.get(version);
    const bytes = this.#blobs.get(parametersName(version));
    if (row === null || bytes === null) return null;
    const adapter = JSON.parse(row.adapter) as AdapterSettings;
    const length = adapterSize(adapter, width);
    const active = (bytes.length / 4 - length) / (1 + width);
    return decodeParameters(bytes, active, length, width);
  }

  /**
   * Assembles and stores a new version; it serves nothing yet unless it is the first. May be repeated: a run has one
   * candidate.
   */
  async create(
    draft: VersionDraft,
    encoded: Uint8Array | null,
    context: SnapshotContext,
    now: number,
  ): Promise<VersionRow> {
    const wanted = draft.state ?? 'candidate';
    const known = this.all().find(({ state, run }) => state === wanted && run === draft.run && run !== null);
    if (known !== undefined) return known;
    const version = (this.all()[0]?.version ?? -1) + 1;
    const { adapter, training, serving } = draft;
    const snapshot = this.#assembled({ version, revision: 0, adapter, training, serving }, draft, context);
    const hash = toHex(await digest(snapshot.bytes));
    // Another event may have made a version while the hash was computed: this one, or one with its number.
    const raced = this.get(version);
    if (raced !== null) {
      freeBuffer(snapshot.bytes);
      return raced.run === draft.run ? raced : await this.create(draft, encoded, context, now);
    }
    this.#storage.transactionSync(() => {
      this.#blobs.put(snapshotName(hash), snapshot.bytes);
      if (encoded !== null) this.#blobs.put(parametersName(version), encoded);
      this.#storage.sql.exec(
        `INSERT INTO versions (version, revision, hash, bytes, rows, active_rows, rows_at, created_at, parent, run,
           state, held_out, probe, adapter, training, serving) VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, ?)`,
        version,
        hash,
        snapshot.bytes.length,
        snapshot.header.rows,
        snapshot.activeRows,
        snapshot.rowsAt,
        now,
        draft.parent,
        draft.run,
        version === 0 ? 'serving' : wanted,
        JSON.stringify(adapter),
        JSON.stringify(training),
        JSON.stringify(serving),
      );
    });
    freeBuffer(snapshot.bytes);
    return this.get(version) as VersionRow;
  }

  /** Where there are too many rows for one of them all, what was imported is a file of what it learned. */
  #assembled(made: Made, { parameters, state }: VersionDraft, context: SnapshotContext): Assembled {
    try {
      return assemble(this.#rows, made, parameters, context);
    } catch (error) {
      if (!(error instanceof SnapshotTooLarge) || (state !== 'available' && made.version > 0)) throw error;
      return assembleLearned(this.#rows, made, parameters, this.#rows.liveCount(), context);
    }
  }

  /** Version 0: nothing is learned, rows are the passages' own embeddings. */
  async first(context: SnapshotContext, now: number): Promise<VersionRow> {
    const adapter = { kind: 'none' as const };
    return this.create(
      { parent: null, run: null, adapter, parameters: null, training: {}, serving: START_PARAMETERS },
      null,
      context,
      now,
    );
  }

  /** A new revision of `version` with today's rows; the same one when nothing changed, or when it would be too large. */
  async refresh(version: number, context: SnapshotContext): Promise<VersionRow> {
    const row = this.get(version);
    if (row === null) throw new RangeError(`version ${version} does not exist`);
    if (row.rows_at === this.#rows.changedAt()) return row;
    return await this.#revision(row, context);
  }

  async #revision(row: VersionRow, context: SnapshotContext): Promise<VersionRow> {
    const { version } = row;
    const parameters = this.parameters(version, context.model.width);
    let snapshot: Assembled;
    try {
      snapshot = assemble(this.#rows, nextOf(row), parameters, context);
    } catch (error) {
      if (!(error instanceof SnapshotTooLarge)) throw error;
      logLine('snapshot_too_large', { level: 'error', collection: context.collection, error: error.message });
      return row;
    }
    const hash = toHex(await digest(snapshot.bytes));
    if (this.get(version)?.revision !== row.revision) {
      freeBuffer(snapshot.bytes);
      return this.get(version) as VersionRow;
    }
    this.#storage.transactionSync(() => {
      // The revision before stays once more: somebody may be reading it, part by part.
      this.#dropSnapshots([row.hash, ...this.#inUse()]);
      this.#blobs.put(snapshotName(hash), snapshot.bytes);
      this.#storage.sql.exec(
        `UPDATE versions SET revision = ?, hash = ?, bytes = ?, rows = ?, active_rows = ?, rows_at = ?, serving = ?
         WHERE version = ?`,
        row.revision + 1,
        hash,
        snapshot.bytes.length,
        snapshot.header.rows,
        snapshot.activeRows,
        snapshot.rowsAt,
        row.serving,
        version,
      );
    });
    freeBuffer(snapshot.bytes);
    return this.get(version) as VersionRow;
  }

  /** What the hub measured by itself. */
  judgedByHub(version: number, own: OwnJudgement): void {
    this.#storage.sql.exec('UPDATE versions SET own = ? WHERE version = ?', JSON.stringify(own), version);
  }

  /** Gives a version other parameters, as a revision. May be repeated. */
  async reweigh(version: number, serving: ServingParameters, context: SnapshotContext): Promise<void> {
    const text = JSON.stringify(serving);
    // Another event may make a revision meanwhile: then once more.
    for (let tries = 0; tries < 3; tries++) {
      const row = this.get(version);
      if (row === null) throw new RangeError(`version ${version} does not exist`);
      if (row.serving === text) return;
      await this.#revision({ ...row, serving: text }, context);
    }
  }

  judge(version: number, heldOut: Version['held_out'], probe: Version['probe'], publish: boolean): void {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec(
        'UPDATE versions SET held_out = ?, probe = ?, state = ? WHERE version = ?',
        JSON.stringify(heldOut),
        JSON.stringify(probe),
        'rejected',
        version,
      );
      if (publish) this.activate(version);
    });
  }

  activate(version: number): void {
    this.#storage.transactionSync(() => {
      this.#storage.sql.exec("UPDATE versions SET state = 'available' WHERE state = 'serving'");
      this.#storage.sql.exec("UPDATE versions SET state = 'serving' WHERE version = ?", version);
    });
  }

  /** Forgets a candidate whose run did not end well. */
  discardCandidates(): void {
    this.#storage.sql.exec("UPDATE versions SET state = 'rejected' WHERE state = 'candidate'");
  }

  /** Deletes a candidate that was made for a figure alone. */
  forget(version: number): void {
    this.#storage.sql.exec("DELETE FROM versions WHERE version = ? AND state = 'candidate'", version);
    this.#blobs.delete(parametersName(version));
    this.#dropSnapshots(this.#inUse());
  }

  /** Deletes snapshots that belong to no version and are not in `keep`. */
  #dropSnapshots(keep: readonly string[]): void {
    const prefix = snapshotName('');
    const kept = new Set([...keep, ...this.all().map(({ hash }) => hash)]);
    for (const { name } of this.#storage.sql
      .exec<{ name: string }>(
        'SELECT DISTINCT name FROM blobs WHERE substr(name, 1, ?) = ?',
        prefix.length,
        prefix,
      )
      .toArray()) {
      if (!kept.has(name.slice(prefix.length))) this.#blobs.delete(name);
    }
  }

  /** All of a version's snapshot; null where there is no such version. */
  snapshot(version: number): Uint8Array | null {
    const row = this.get(version);
    return row === null ? null : this.#blobs.get(snapshotName(row.hash));
  }

  /** By its hash, of any revision that is kept; null where it is not. */
  snapshotNamed(hash: string): Uint8Array | null {
    return this.#blobs.get(snapshotName(hash));
  }

  snapshotPart(hash: string, part: number): Uint8Array | null {
    return this.#blobs.part(snapshotName(hash), part);
  }

  /** Why nobody can be sent all rows of today with this version, as a run has to; null where they can. */
  problemOf(row: VersionRow, context: SnapshotContext): string | null {
    const most =
      row.bytes + (this.#rows.changedAt() - row.rows_at) * (context.model.width + MOST_BESIDE_A_ROW);
    if (most <= MAX_SNAPSHOT_BYTES) return null;
    const rows = this.#rows.liveCount();
    if (rows > MOST_ROWS) return `rows: the collection has ${rows} passages, and a run at most ${MOST_ROWS}`;
    const of = `${row.version}/${row.revision}/${this.#rows.changedAt()}`;
    // Counting reads all rows: only where it may matter, and once.
    if (this.#counted.of !== of) {
      const { header } = headerOf(this.#rows, nextOf(row), new Map(), context);
      this.#counted = { of, bytes: snapshotLength(header) };
    }
    const { bytes } = this.#counted;
    return bytes <= MAX_SNAPSHOT_BYTES ? null : tooLarge(row.version, bytes, rows);
  }
}

/** Bytes of a row beside its numbers, at most: scale, flags, place, and the longest key. */
const MOST_BESIDE_A_ROW = 10 + 3 * 512 + 1;

/** What the next revision of a version is. */
export function nextOf(row: VersionRow): Made {
  return {
    version: row.version,
    revision: row.revision + 1,
    adapter: JSON.parse(row.adapter) as AdapterSettings,
    training: JSON.parse(row.training) as Record<string, unknown>,
    serving: servingOf(row),
  };
}

/** What a version weighs by. */
export function servingOf({ serving }: Pick<VersionRow, 'serving'>): ServingParameters {
  return serving === null ? START_PARAMETERS : ServingParameters.parse(JSON.parse(serving));
}

export function describeVersion(
  row: VersionRow,
  problem: string | null,
  certificate: Version['certificate'],
): Version {
  const { version, revision, hash, bytes, rows, active_rows, created_at, parent, run, state } = row;
  return {
    ...{ version, revision, hash, bytes, rows, active_rows, created_at, parent, run, problem, certificate },
    state: state === 'serving' || state === 'available' ? state : 'rejected',
    held_out: row.held_out === null ? null : JSON.parse(row.held_out),
    probe: row.probe === null ? null : JSON.parse(row.probe),
    own: row.own === null ? null : JSON.parse(row.own),
    training: JSON.parse(row.training) as Record<string, unknown>,
    serving: servingOf(row),
  };
}
