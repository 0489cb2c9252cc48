/** Tables of the Directory, as numbered migrations. */
import { AUDIT_DAYS_TABLE, AUDIT_TABLE } from './audit-log.ts';
import { TERMS_TABLES } from './enrolments.ts';
import { FEDERATION_TABLES, ROSTER_VERSION_COLUMN, UNKEPT_COLUMN } from './federations.ts';
import { TOKEN_TABLE } from './tokens.ts';

const COLLECTION_TABLE = `CREATE TABLE collections (
    name TEXT PRIMARY KEY, settings TEXT NOT NULL, split_key TEXT NOT NULL, admin_seed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ready INTEGER NOT NULL DEFAULT 0,
    -- lives, is being removed, or is gone but for its keys
    state TEXT NOT NULL DEFAULT 'lives'
  ) WITHOUT ROWID;`;

export const MIGRATIONS = [
  COLLECTION_TABLE,
  // The very first databases had no column for the state: the name means it where there is one, and else 'lives'.
  `ALTER TABLE collections RENAME TO collections_before;
  ${COLLECTION_TABLE}
  INSERT INTO collections SELECT b.name, b.settings, b.split_key, b.admin_seed, b.created_at, b.ready,
    (SELECT state FROM collections_before AS c WHERE c.name = b.name)
    FROM (SELECT 'lives' AS state), collections_before AS b;
  DROP TABLE collections_before;
  ${TOKEN_TABLE} ${AUDIT_TABLE}`,
  FEDERATION_TABLES,
  // Regions are told of the key before anything else happens.
  "ALTER TABLE collections ADD COLUMN contributor_key TEXT NOT NULL DEFAULT ''; UPDATE collections SET ready = 0;",
  // The last change of encoder, JSON: see reindex.ts.
  'ALTER TABLE collections ADD COLUMN reindex TEXT;',
  ROSTER_VERSION_COLUMN,
  // Tokens as they are answered; before, one name was spelt otherwise.
  `UPDATE tokens SET info = json_remove(
    json_set(info, '$.requests_per_minute', json_extract(info, '$.requestsPerMinute')), '$.requestsPerMinute')
   WHERE info LIKE '%"requestsPerMinute":%';`,
  AUDIT_DAYS_TABLE,
  UNKEPT_COLUMN,
  TERMS_TABLES,
  // Tokens of before are bound to no page.
  `UPDATE tokens SET info = json_set(info, '$.origins', NULL)
   WHERE info LIKE '{%' AND info NOT LIKE '%"origins":%';`,
] as const;
