/** A Region's shard in real SQLite, by the suite of all shards. */
import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { ObjectsEnv } from '../../durable-objects/env.ts';
import type { Region } from '../../durable-objects/region/region.ts';
import { Shard } from '../../durable-objects/region/shard.ts';
import { cryptoSource } from '../../shared/privacy/random-source.ts';
import { SUITE_RETENTION_MS, shardSuite } from '../helpers/shard-suite.ts';

const { REGION } = env as unknown as ObjectsEnv;
const POLICY = {
  unit: 'record' as const,
  recordsPerContributor: 4,
  home: { region: 'self', regions: ['self'], key: new Uint8Array(32) },
  retentionMs: SUITE_RETENTION_MS,
};

shardSuite('SQLite', async (records, body) => {
  const stub = REGION.get(REGION.newUniqueId()) as DurableObjectStub<Region>;
  await runInDurableObject(stub, (_, { storage }) => {
    for (const { n, item, held = false, relevant = true, at = 10_000, length = 5 } of records) {
      storage.sql.exec(
        `INSERT INTO records (n, id, at, query, item, relevant, held, place, length, ids)
         VALUES (?, ?, ?, '', ?, ?, ?, ?, ?, ?)`,
        ...[n, `record ${n}`, at, item, relevant ? 1 : 0, held ? 1 : 0, n, length],
        new Int32Array(length).buffer,
      );
    }
    const open = () => new Shard(storage, () => POLICY, cryptoSource());
    body(open(), open);
  });
});
