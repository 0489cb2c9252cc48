/** Tables of a Coordinator, as numbered migrations. */
import { LEDGER_ARRIVALS, LEDGER_TABLE, LEDGER_TASKS } from '../ledger-store.ts';
import { BLOB_TABLE } from '../sql.ts';
import { VALUE_TABLE } from '../values.ts';
import { CERTIFICATE_TABLES, CERTIFIED_TABLE } from './certificates.ts';
import { MANIFEST_TABLE } from './manifests.ts';
import { NONCE_TABLE } from './participants.ts';
import { SECAGG_TABLES } from './secagg-store.ts';
import { SERVED_TABLE } from './served.ts';

export const MIGRATIONS = [
  `${BLOB_TABLE}
  ${VALUE_TABLE}
  -- Which region holds an item.
  CREATE TABLE items (key TEXT PRIMARY KEY, region TEXT NOT NULL) WITHOUT ROWID;
  -- Every passage that ever had a row. Numbers are never given out again; a removed row keeps its number only.
  CREATE TABLE rows (
    row INTEGER PRIMARY KEY AUTOINCREMENT, region TEXT NOT NULL, item TEXT NOT NULL, ordinal INTEGER NOT NULL,
    hash TEXT NOT NULL, embedding BLOB, removed INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX rows_live ON rows (region, item, ordinal) WHERE removed = 0;
  CREATE INDEX rows_changed ON rows (changed);
  -- Up to which of a region's changes the row table reflects it.
  CREATE TABLE watermarks (region TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE versions (
    version INTEGER PRIMARY KEY, revision INTEGER NOT NULL, hash TEXT NOT NULL, bytes INTEGER NOT NULL,
    rows INTEGER NOT NULL, active_rows INTEGER NOT NULL, rows_at INTEGER NOT NULL, created_at INTEGER NOT NULL,
    parent INTEGER, run TEXT, state TEXT NOT NULL, held_out TEXT, probe TEXT, adapter TEXT NOT NULL, training TEXT NOT NULL
  );
  CREATE TABLE runs (
    run TEXT PRIMARY KEY, state TEXT NOT NULL, reason TEXT NOT NULL, started_at INTEGER NOT NULL,
    ended_at INTEGER, planned INTEGER, version INTEGER, error TEXT
  );
  CREATE TABLE rounds (run TEXT NOT NULL, round INTEGER NOT NULL, info TEXT NOT NULL, PRIMARY KEY (run, round)) WITHOUT ROWID;
  ${LEDGER_TABLE}`,
  // The very first databases had no ledger.
  `${LEDGER_TABLE} ${NONCE_TABLE}`,
  // Of the region's change that made the row.
  'ALTER TABLE rows ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;',
  // Rounds as they are answered; before, their names were spelt otherwise, and some said nothing of the noise.
  `UPDATE rounds SET info = json_remove(
    json_set(info, '$.started_at', json_extract(info, '$.startedAt'), '$.ended_at', json_extract(info, '$.endedAt'),
      '$.noise_in_effect', json_extract(info, '$.noiseInEffect')),
    '$.startedAt', '$.endedAt', '$.noiseInEffect')
   WHERE info LIKE '%"startedAt":%';`,
  // A secure sum under way was one value here: its round is tried again (runner.ts).
  `${SECAGG_TABLES}
  DELETE FROM kv WHERE key = 'secagg' OR key LIKE 'secagg#%';
  DELETE FROM blobs WHERE substr(name, 1, 7) = 'secagg/';`,
  LEDGER_TASKS,
  CERTIFICATE_TABLES,
  // What the hub measured by itself.
  'ALTER TABLE versions ADD COLUMN own TEXT;',
  LEDGER_ARRIVALS,
  // What the gate found; null: what every version began with.
  'ALTER TABLE versions ADD COLUMN serving TEXT;',
  // What serves was made again with every row that changed; regions publish their rows by themselves.
  `${MANIFEST_TABLE}
  ${SERVED_TABLE}
  DELETE FROM kv WHERE substr(key, 1, 8) = 'revised/';`,
  CERTIFIED_TABLE,
] as const;
