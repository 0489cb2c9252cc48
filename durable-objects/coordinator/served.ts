/**
 * What the edge has of a version: its adapter and the rows that learned, as a snapshot of those rows alone. It is made once a
 * version, whatever comes and goes: a row whose passage is gone has nothing to overlay. What rows get that never learned
 * depends on how many there are; where that has changed, or what the version weighs by, a new one is made, and no other
 * row is read for it.
 * Coordinator's table: served.
 */
import { toHex } from '../../shared/crypto/bytes.ts';
import { digest } from '../../shared/crypto/hash.ts';
import { Blobs } from '../sql.ts';
import { assembleLearned, offsetOf } from './assemble.ts';
import type { RowTable } from './row-table.ts';
import { nextOf, type SnapshotContext, snapshotName, type VersionRow, type Versions } from './versions.ts';

/** `learned`: rows; `prior`: what the others get; `weighs`: JSON of what the version weighs by. */
export const SERVED_TABLE = `CREATE TABLE served (
    version INTEGER PRIMARY KEY, revision INTEGER NOT NULL, hash TEXT NOT NULL, bytes INTEGER NOT NULL,
    learned INTEGER NOT NULL, prior REAL NOT NULL, weighs TEXT NOT NULL
  );`;

export interface ServedRow extends Record<string, SqlStorageValue> {
  version: number;
  revision: number;
  hash: string;
  bytes: number;
  learned: number;
  prior: number;
  weighs: string;
}

/** A tenth of what a question's nearest neighbours differ by. */
const PRIOR_STEP = 0.002;

export class Served {
  readonly #storage: DurableObjectStorage;
  readonly #blobs: Blobs;
  readonly #rows: RowTable;
  readonly #versions: Versions;

  constructor(storage: DurableObjectStorage, rows: RowTable, versions: Versions) {
    this.#storage = storage;
    this.#blobs = new Blobs(storage);
    this.#rows = rows;
    this.#versions = versions;
  }

  hashes(): string[] {
    return this.#storage.sql
      .exec<{ hash: string }>('SELECT hash FROM served')
      .toArray()
      .map(({ hash }) => hash);
  }

  /** @param passages that stand in the collection */
  async of(row: VersionRow, passages: number, context: SnapshotContext): Promise<ServedRow> {
    const before = this.#get(row.version);
    const made = { ...nextOf(row), revision: (before?.revision ?? -1) + 1 };
    const weighs = JSON.stringify(made.serving);
    if (before?.weighs === weighs) {
      const prior = offsetOf(made.serving, before.learned, passages, context);
      if (Math.abs(prior - before.prior) < PRIOR_STEP) return before;
    }
    const { version, revision } = made;
    const parameters = this.#versions.parameters(version, context.model.width);
    const { header, bytes } = assembleLearned(this.#rows, made, parameters, passages, context);
    const hash = toHex(await digest(bytes));
    const raced = this.#get(version);
    if (raced !== null && raced.revision !== before?.revision) return raced;
    this.#storage.transactionSync(() => {
      // Those before stay until versions are cleared up: somebody may be reading them.
      this.#blobs.put(snapshotName(hash), bytes);
      this.#storage.sql.exec(
        `INSERT OR REPLACE INTO served (version, revision, hash, bytes, learned, prior, weighs)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        ...[version, revision, hash, bytes.length, header.rows, header.inactiveOffset, weighs],
      );
    });
    return this.#get(version)!;
  }

  #get(version: number): ServedRow | null {
    return (
      this.#storage.sql.exec<ServedRow>('SELECT * FROM served WHERE version = ?', version).toArray()[0] ??
      null
    );
  }
}
