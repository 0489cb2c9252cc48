/** Tables of a Region, as numbered migrations. */
import { LEDGER_ARRIVALS, LEDGER_TABLE, LEDGER_TASKS } from '../ledger-store.ts';
import { BLOB_TABLE } from '../sql.ts';
import { VALUE_TABLE } from '../values.ts';
import { HANDOVER_TABLE } from './handover-sender.ts';
import { MEMORY_TABLES } from './memory.ts';
import { CLICK_TABLES, GIVEN_TABLE } from './records.ts';
import { ROUND_LOG_TABLE } from './round-log-store.ts';
import { SEGMENT_TABLE } from './segment-list.ts';

export const MIGRATIONS = [
  `${BLOB_TABLE}
  ${VALUE_TABLE}
  CREATE TABLE items (
    key TEXT PRIMARY KEY, title TEXT NOT NULL, text TEXT NOT NULL, format TEXT NOT NULL,
    metadata TEXT NOT NULL, timestamp INTEGER NOT NULL, passages INTEGER NOT NULL
  ) WITHOUT ROWID;
  -- A passage changes its seq with its text; the coordinator has seen everything up to the value 'registered'.
  CREATE TABLE passages (
    item TEXT NOT NULL, ordinal INTEGER NOT NULL, text TEXT NOT NULL, hash TEXT NOT NULL,
    tokens INTEGER NOT NULL, embedding BLOB NOT NULL, seq INTEGER NOT NULL,
    PRIMARY KEY (item, ordinal)
  );
  CREATE INDEX passages_seq ON passages (seq);
  -- Passages that are gone, until the coordinator knows.
  CREATE TABLE gone (
    seq INTEGER PRIMARY KEY, item TEXT NOT NULL, ordinal INTEGER NOT NULL, hash TEXT NOT NULL
  );
  -- Mirror of the coordinator's row table: what labels refer to.
  CREATE TABLE rows (row INTEGER PRIMARY KEY, item TEXT NOT NULL, ordinal INTEGER NOT NULL);
  CREATE INDEX rows_item ON rows (item);
  -- Query records. place: uniform 32-bit number of the record's own; held: never trained on, judges instead.
  CREATE TABLE records (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, query TEXT NOT NULL,
    item TEXT NOT NULL, relevant INTEGER NOT NULL, contributor TEXT, held INTEGER NOT NULL,
    place INTEGER NOT NULL, length INTEGER NOT NULL, ids BLOB NOT NULL, row INTEGER,
    embedding BLOB, embedding_key TEXT
  );
  CREATE INDEX records_row ON records (row);
  CREATE INDEX records_item ON records (item);
  CREATE INDEX records_at ON records (at);
  ${LEDGER_TABLE}`,
  // Contributors were stored by the ids that callers gave: those are forgotten, from now on they are keyed hashes.
  // The very first databases had no ledger.
  `${LEDGER_TABLE}
  UPDATE records SET contributor = NULL;
  CREATE INDEX records_contributor ON records (contributor, at);`,
  HANDOVER_TABLE,
  // What has the same tokens has the same embedding.
  'CREATE INDEX IF NOT EXISTS records_ids ON records (ids);',
  GIVEN_TABLE,
  LEDGER_TASKS,
  // Records of one act of feedback; null in those from before, which are one event each and keep their side of the split.
  'ALTER TABLE records ADD COLUMN event TEXT;',
  // For a short time the third migration was the index alone: databases of then have not had the table.
  HANDOVER_TABLE,
  // Passages of an item that have no embedding yet; such a passage has an empty one, and seq 0.
  'ALTER TABLE items ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;',
  ROUND_LOG_TABLE,
  LEDGER_ARRIVALS,
  // When the event arrived, of records that joined one which was there: units go by it in the ledgers.
  `ALTER TABLE records ADD COLUMN arrived INTEGER;
  CREATE INDEX records_event ON records (event) WHERE event IS NOT NULL;
  UPDATE records SET arrived = (SELECT min(of.at) FROM records AS of WHERE of.event = records.event)
    WHERE event IN (SELECT event FROM records WHERE event IS NOT NULL GROUP BY event HAVING min(at) < max(at));`,
  // What is there already is indexed in slices.
  `${SEGMENT_TABLE}
  INSERT OR REPLACE INTO kv (key, value)
    SELECT 'unindexed', json_object('from', 0, 'upTo', last) FROM (SELECT max(seq) AS last FROM passages) WHERE last > 0;`,
  // What the blocks of a passage are; null in those from before, until their item is stored again.
  'ALTER TABLE passages ADD COLUMN layout TEXT;',
  // Records that are there already get their rows in slices.
  MEMORY_TABLES,
  // What a click weighs; null of what somebody said. Clicks on shuffled results by place say how likely a place is looked at.
  CLICK_TABLES,
  // The embedding under an adapter, beside the one of the encoder alone that gates and memory ask for. Earlier releases
  // kept one of the two.
  `ALTER TABLE records ADD COLUMN adapted BLOB;
  ALTER TABLE records ADD COLUMN adapted_key TEXT;`,
  // How far the answer was from certain when a run's model last saw the record, and which run's.
  `ALTER TABLE records ADD COLUMN error REAL;
  ALTER TABLE records ADD COLUMN error_run TEXT;`,
] as const;
