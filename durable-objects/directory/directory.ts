/**
 * Directory: one Durable Object a deployment. Which collections there are, and the work list of the cron trigger.
 *
 * Table: collections. Every method may be repeated; `create` refuses other settings under a name that is taken.
 */
import { DurableObject } from 'cloudflare:workers';
import { fromBase64Url, toBase64Url } from '../../shared/crypto/bytes.ts';
import { signerFromSeed } from '../../shared/crypto/ed25519.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { CollectionName } from '../../shared/protocol/names.ts';
import type { CollectionInfo, DirectoryApi, Outcome } from '../../shared/protocol/objects.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { ObjectsEnv } from '../env.ts';
import { coordinator, region } from '../names.ts';
import { migrate } from '../sql.ts';
import { rosterOf } from './rosters.ts';

const MIGRATIONS = [
  `CREATE TABLE collections (
    name TEXT PRIMARY KEY, settings TEXT NOT NULL, split_key TEXT NOT NULL, admin_seed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ready INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;`,
] as const;

interface CollectionRow extends Record<string, SqlStorageValue> {
  name: string;
  settings: string;
  split_key: string;
  admin_seed: string;
  created_at: number;
  ready: number;
}

export class Directory extends DurableObject<ObjectsEnv> implements DirectoryApi {
  constructor(ctx: DurableObjectState, env: ObjectsEnv) {
    super(ctx, env);
    migrate(ctx.storage, MIGRATIONS);
  }

  async collection(name: string): Promise<Outcome<CollectionInfo>> {
    const row = this.#row(name);
    if (row?.ready === 1) return { ok: true, value: info(row) };
    if (row !== null) return this.#prepare(row);
    if (name === 'default')
      return this.create(name, CollectionSettings.parse({ regions: this.#defaultRegions() }));
    return { ok: false, code: 'unknown_collection', detail: `collection: ${name} does not exist` };
  }

  async collections(): Promise<CollectionInfo[]> {
    return this.#rows().map(info);
  }

  async create(name: string, input: CollectionSettings): Promise<Outcome<CollectionInfo>> {
    const parsed = CollectionName.safeParse(name);
    if (!parsed.success)
      return {
        ok: false,
        code: 'invalid_name',
        detail: `name: ${name} must be ${parsed.error.issues[0]?.message}`,
      };
    const settings = CollectionSettings.parse(input);
    const known = this.#row(name);
    if (known !== null && known.settings !== JSON.stringify(settings)) {
      return { ok: false, code: 'collection_exists', detail: `name: ${name} exists with other settings` };
    }
    this.ctx.storage.sql.exec(
      'INSERT OR IGNORE INTO collections (name, settings, split_key, admin_seed, created_at) VALUES (?, ?, ?, ?, ?)',
      name,
      JSON.stringify(settings),
      splitKey(settings.training.seed),
      toBase64Url(systemRandom(32)),
      Date.now(),
    );
    return this.#prepare(this.#row(name) as CollectionRow);
  }

  async remove(name: string): Promise<Outcome<null>> {
    const row = this.#row(name);
    if (row === null)
      return { ok: false, code: 'unknown_collection', detail: `collection: ${name} does not exist` };
    const settings = CollectionSettings.parse(JSON.parse(row.settings));
    // The name goes last: a removal that was cut short can be asked for again.
    this.ctx.storage.sql.exec('UPDATE collections SET ready = 0 WHERE name = ?', name);
    await coordinator(this.env, name, settings).destroy();
    await Promise.all(settings.regions.map((each) => region(this.env, name, each, settings).destroy()));
    this.ctx.storage.sql.exec('DELETE FROM collections WHERE name = ?', name);
    return { ok: true, value: null };
  }

  async tick(now: number): Promise<{ started: string[] }> {
    const results = await Promise.allSettled(
      this.#rows().map(async (row) => {
        if (row.ready === 0) await this.#prepare(row);
        const settings = CollectionSettings.parse(JSON.parse(row.settings));
        const { started } = await coordinator(this.env, row.name, settings).tick(now);
        return started === null ? [] : [`${row.name}/${started}`];
      }),
    );
    return { started: results.flatMap((result) => (result.status === 'fulfilled' ? result.value : [])) };
  }

  /** Tells coordinator and regions who they are; `ready` is set when all know. */
  async #prepare(row: CollectionRow): Promise<Outcome<CollectionInfo>> {
    const settings = CollectionSettings.parse(JSON.parse(row.settings));
    const admin = await signerFromSeed(fromBase64Url(row.admin_seed, 32));
    const adminKey = toBase64Url(admin.key);
    const members = await Promise.all(
      settings.regions.map(async (name) => {
        const stub = region(this.env, row.name, name, settings);
        const identity = { collection: row.name, name, settings, splitKey: row.split_key, adminKey };
        return { id: name, key: (await stub.configure(identity)).key };
      }),
    );
    const roster = await rosterOf(row.name, settings, members, admin);
    await coordinator(this.env, row.name, settings).configure(row.name, settings, roster);
    this.ctx.storage.sql.exec('UPDATE collections SET ready = 1 WHERE name = ?', row.name);
    return { ok: true, value: info(row) };
  }

  #defaultRegions(): string[] | undefined {
    const names = this.env.FEDCAR_REGIONS?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    return names === undefined || names.length === 0 ? undefined : names;
  }

  #rows(): CollectionRow[] {
    return this.ctx.storage.sql.exec<CollectionRow>('SELECT * FROM collections ORDER BY name').toArray();
  }

  #row(name: string): CollectionRow | null {
    return (
      this.ctx.storage.sql
        .exec<CollectionRow>('SELECT * FROM collections WHERE name = ?', name)
        .toArray()[0] ?? null
    );
  }
}

function info(row: CollectionRow): CollectionInfo {
  return {
    name: row.name,
    settings: CollectionSettings.parse(JSON.parse(row.settings)),
    createdAt: row.created_at,
  };
}

/** Random, or made from the seed where runs must be repeatable. */
function splitKey(seed: number | null): string {
  if (seed !== null) return `seed-${seed}`;
  return Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
