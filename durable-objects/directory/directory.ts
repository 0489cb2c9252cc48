/**
 * Directory: one Durable Object a deployment. Which collections there are, who may use them, what admins did, and the
 * work list of the cron trigger.
 *
 * Tables: collections, tokens, audit. Methods: collection, collections, create, remove, tick; addToken, tokens,
 * revokeToken, authenticate; beginAudit, endAudit, audit. `beginAudit` writes an entry each time, and `authenticate`
 * counts its requests each time; every other one may be repeated. `create` refuses other settings under a name that
 * is taken. A removed collection leaves its keys: made again, it divides its
 * queries as before, and what they have cost still counts.
 */
import { fromBase64Url, toBase64Url } from '../../shared/crypto/bytes.ts';
import { signerFromSeed } from '../../shared/crypto/ed25519.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import {
  type AuditEntry,
  type AuditInput,
  type Grant,
  requestsPerMinute,
  type TokenInfo,
} from '../../shared/protocol/access.ts';
import { CollectionName } from '../../shared/protocol/names.ts';
import type { CollectionInfo, DirectoryApi, Outcome } from '../../shared/protocol/objects.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { ObjectsEnv } from '../env.ts';
import { coordinator, region } from '../names.ts';
import { answerOf } from '../reach.ts';
import { traced } from '../request-context.ts';
import { migrate } from '../sql.ts';
import { TracedObject } from '../traced-object.ts';
import { AUDIT_TABLE, AuditLog } from './audit-log.ts';
import { RateWindows } from './rate-windows.ts';
import { rosterOf, settingsProblem } from './rosters.ts';
import { TOKEN_TABLE, TokenStore } from './tokens.ts';

/** How long the cron trigger waits for one collection. */
const TICK_MS = 30_000;

const MIGRATIONS = [
  `CREATE TABLE collections (
    name TEXT PRIMARY KEY, settings TEXT NOT NULL, split_key TEXT NOT NULL, admin_seed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ready INTEGER NOT NULL DEFAULT 0,
    -- lives, is being removed, or is gone but for its keys
    state TEXT NOT NULL DEFAULT 'lives'
  ) WITHOUT ROWID;`,
  `${TOKEN_TABLE} ${AUDIT_TABLE}`,
] as const;

interface CollectionRow extends Record<string, SqlStorageValue> {
  name: string;
  settings: string;
  split_key: string;
  admin_seed: string;
  created_at: number;
  ready: number;
  state: 'lives' | 'leaving' | 'gone';
}

export class Directory extends TracedObject implements DirectoryApi {
  readonly #tokens: TokenStore;
  readonly #audit: AuditLog;
  readonly #windows = new RateWindows();

  constructor(ctx: DurableObjectState, env: ObjectsEnv) {
    super(ctx, env);
    migrate(ctx.storage, MIGRATIONS);
    this.#tokens = new TokenStore(ctx.storage);
    this.#audit = new AuditLog(ctx.storage);
  }

  async collection(name: string): Promise<Outcome<CollectionInfo>> {
    const row = this.#row(name);
    if (row?.state === 'lives') return row.ready === 1 ? { ok: true, value: info(row) } : this.#prepare(row);
    if (name === 'default')
      return this.create(name, CollectionSettings.parse({ regions: this.#defaultRegions() }));
    return { ok: false, code: 'unknown_collection', detail: `collection: ${name} does not exist` };
  }

  async collections(): Promise<CollectionInfo[]> {
    return this.#rows()
      .filter(({ state }) => state === 'lives')
      .map(info);
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
    if (known?.state === 'lives' && known.settings !== JSON.stringify(settings)) {
      return { ok: false, code: 'collection_exists', detail: `name: ${name} exists with other settings` };
    }
    const before = known === null ? null : CollectionSettings.parse(JSON.parse(known.settings));
    if (before !== null && before.jurisdiction !== settings.jurisdiction) {
      const detail = `name: ${name} stood in jurisdiction ${before.jurisdiction}, and its ledger lies there`;
      return { ok: false, code: 'collection_exists', detail };
    }
    const problem = settingsProblem(settings);
    if (problem !== null) return { ok: false, code: 'invalid_request', detail: problem };
    // A removal that was cut short is finished first: regions of two lives would not fit together.
    if (known?.state === 'leaving') await this.#removeObjects(known);
    this.ctx.storage.sql.exec(
      `INSERT INTO collections (name, settings, split_key, admin_seed, created_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, created_at = excluded.created_at, ready = 0,
       state = 'lives' WHERE state <> 'lives'`,
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
    if (row === null || row.state === 'gone')
      return { ok: false, code: 'unknown_collection', detail: `collection: ${name} does not exist` };
    // A removal that is cut short can be asked for again, and the cron trigger goes on with it.
    this.ctx.storage.sql.exec("UPDATE collections SET ready = 0, state = 'leaving' WHERE name = ?", name);
    await this.#removeObjects(row);
    return { ok: true, value: null };
  }

  async #removeObjects({ name, settings: json }: CollectionRow): Promise<void> {
    const settings = CollectionSettings.parse(JSON.parse(json));
    await traced(coordinator(this.env, name, settings)).destroy();
    await Promise.all(
      settings.regions.map((each) => traced(region(this.env, name, each, settings)).destroy()),
    );
    this.ctx.storage.sql.exec(
      "UPDATE collections SET state = 'gone' WHERE name = ? AND state = 'leaving'",
      name,
    );
  }

  async tick(now: number): Promise<{ started: string[] }> {
    // One collection that is away must not hold up the others.
    const results = await Promise.all(
      this.#rows().map((row) => answerOf(() => this.#tickOne(row, now), TICK_MS)),
    );
    return { started: results.flatMap((started) => started ?? []) };
  }

  async #tickOne(row: CollectionRow, now: number): Promise<string[]> {
    if (row.state === 'leaving') await this.#removeObjects(row);
    if (row.state !== 'lives') return [];
    if (row.ready === 0) await this.#prepare(row);
    const settings = CollectionSettings.parse(JSON.parse(row.settings));
    const { started } = await coordinator(this.env, row.name, settings).tick(now);
    return started === null ? [] : [`${row.name}/${started}`];
  }

  async addToken(token: Omit<TokenInfo, 'revokedAt'>, hash: string): Promise<Outcome<TokenInfo>> {
    return this.#tokens.add(token, hash, Date.now());
  }

  async tokens(): Promise<TokenInfo[]> {
    return this.#tokens.all();
  }

  async revokeToken(id: string): Promise<Outcome<TokenInfo>> {
    return this.#tokens.revoke(id, Date.now());
  }

  async authenticate(id: string, hash: string, requests: number): Promise<Grant | null> {
    const now = Date.now();
    const token = this.#tokens.granted(id, hash, now);
    if (token === null) return null;
    const { scopes, collections, expiresAt } = token;
    const perMinute = token.requestsPerMinute ?? requestsPerMinute(this.env);
    const spentUntil = this.#windows.spend(id, requests, perMinute, now);
    return { id, scopes, collections, expiresAt, requestsPerMinute: perMinute, spentUntil };
  }

  async beginAudit(entry: AuditInput): Promise<number> {
    return this.#audit.begin(entry);
  }

  async endAudit(id: number, status: number): Promise<void> {
    this.#audit.end(id, status);
  }

  async audit(before: number | null, limit: number): Promise<AuditEntry[]> {
    return this.#audit.page(before, limit);
  }

  /** Tells coordinator and regions who they are; `ready` is set when all know. */
  async #prepare(row: CollectionRow): Promise<Outcome<CollectionInfo>> {
    const settings = CollectionSettings.parse(JSON.parse(row.settings));
    const admin = await signerFromSeed(fromBase64Url(row.admin_seed, 32));
    const adminKey = toBase64Url(admin.key);
    const members = await Promise.all(
      settings.regions.map(async (name) => {
        const stub = traced(region(this.env, row.name, name, settings));
        const identity = { collection: row.name, name, settings, splitKey: row.split_key, adminKey };
        return { id: name, key: (await stub.configure(identity)).key };
      }),
    );
    const roster = await rosterOf(row.name, settings, members, admin);
    await traced(coordinator(this.env, row.name, settings)).configure(row.name, settings, roster);
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
