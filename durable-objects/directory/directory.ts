/**
 * Directory: one Durable Object a deployment. Which collections there are, who may use them, what admins did, and the
 * work list of the cron trigger.
 *
 * Tables: collections, tokens, audit, and those of federations.ts. Methods: collection, collections, create, update, remove,
 * reindex, reindexing, cancelReindex, tick; invite, offer, enrol, putTerms, participants, removeParticipant, roster, putRoster, setAdminKey; addToken, tokens, revokeToken,
 * authenticate; beginAudit, endAudit, audit. `beginAudit` writes an entry each time, and `authenticate`
 * counts its requests each time; every other one may be repeated. `create` refuses other settings under a name that
 * is taken. A removed collection leaves its keys: made again, it divides its
 * queries as before, and what they have cost still counts.
 */

import { toBase64Url } from '../../shared/crypto/bytes.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import { logLine } from '../../shared/log.ts';
import { type Grant, requestsPerMinute } from '../../shared/protocol/access.ts';
import type { AuditEntry, AuditInput } from '../../shared/protocol/api/audit.ts';
import type { Collection } from '../../shared/protocol/api/collection.ts';
import type { Participant, Rosters } from '../../shared/protocol/api/participant.ts';
import type { Reindex } from '../../shared/protocol/api/reindex.ts';
import type { Token } from '../../shared/protocol/api/token.ts';
import type { SignedTerms } from '../../shared/protocol/enrolment.ts';
import { CollectionName } from '../../shared/protocol/names.ts';
import type { CoordinatorApi, DirectoryApi, Outcome, Refusal } from '../../shared/protocol/objects.ts';
import type { SignedRoster } from '../../shared/protocol/secagg.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { SettingsPatch } from '../../shared/protocol/settings-changes.ts';
import { Alarm } from '../alarm.ts';
import { clock } from '../clock.ts';
import type { ObjectsEnv } from '../env.ts';
import { coordinator, hasJurisdiction, region } from '../names.ts';
import { answerOf } from '../object-calls.ts';
import { traced } from '../request-context.ts';
import { migrate } from '../sql.ts';
import { TracedObject } from '../traced-object.ts';
import { AuditLog } from './audit-log.ts';
import { changedSettings } from './changes.ts';
import { destroyObjects, refusalOf } from './collection-objects.ts';
import { encoderNamed } from './encoder-named.ts';
import { Enrolments } from './enrolments.ts';
import { Federations, type OutsideParticipant, type Subject } from './federations.ts';
import { describeRosters, participantsOf } from './participants.ts';
import { Preparation } from './preparation.ts';
import { RateWindows } from './rate-windows.ts';
import { failureOf, infoOf, isUnderWay, Reindexes, reindexOf } from './reindex.ts';
import { settingsProblem } from './rosters.ts';
import { type CollectionRow, defaultSettings, info, sameSettings, splitKey, subjectOf } from './rows.ts';
import { MIGRATIONS } from './schema.ts';
import { TokenStore } from './tokens.ts';
import { upgrade } from './upgrade.ts';

/** How long the cron trigger waits for one collection. */
const TICK_MS = 30_000;
/** Between looks at a change of encoder. */
const REINDEX_MS = 2_000;

export class Directory extends TracedObject implements DirectoryApi {
  readonly #alarm: Alarm;
  readonly #tokens: TokenStore;
  readonly #audit: AuditLog;
  readonly #windows = new RateWindows();
  readonly #federations: Federations;
  readonly #enrolments: Enrolments;
  readonly #preparation: Preparation;
  readonly #reindexes: Reindexes;

  constructor(ctx: DurableObjectState, env: ObjectsEnv) {
    super(ctx, env);
    migrate(ctx.storage, MIGRATIONS);
    this.#alarm = new Alarm(ctx.storage);
    this.#tokens = new TokenStore(ctx.storage);
    this.#audit = new AuditLog(ctx.storage);
    this.#federations = new Federations(ctx.storage);
    this.#enrolments = new Enrolments(ctx.storage, env, this.#federations);
    upgrade(ctx.storage, this.#federations);
    this.#preparation = new Preparation({ storage: ctx.storage, env, federations: this.#federations });
    this.#reindexes = new Reindexes({
      storage: ctx.storage,
      env,
      row: (name) => this.#row(name),
      adminKey: async (name) => this.#federations.adminKey(await subjectOf(this.#row(name) as CollectionRow)),
      prepare: (name) => this.#preparation.prepare(this.#row(name) as CollectionRow),
    });
  }

  async collection(name: string): Promise<Outcome<Collection>> {
    const row = this.#row(name);
    if (row?.state === 'lives') return this.#preparation.usable(row);
    if (name === 'default') return this.create(name, defaultSettings(this.env));
    return { ok: false, code: 'unknown_collection', detail: `collection: ${name} does not exist` };
  }

  async collections(): Promise<Collection[]> {
    return this.#rows()
      .filter(({ state }) => state === 'lives')
      .map(info);
  }

  async create(name: string, input: CollectionSettings): Promise<Outcome<Collection>> {
    const parsed = CollectionName.safeParse(name);
    if (!parsed.success)
      return {
        ok: false,
        code: 'invalid_name',
        detail: `name: ${name} must be ${parsed.error.issues[0]?.message}`,
      };
    const encoder = await encoderNamed(this.env, input.encoder);
    if (!encoder.ok) return encoder;
    const known = this.#row(name);
    // A ledger that is left lies in the objects of the last generation.
    const { generation } = CollectionSettings.parse(JSON.parse(known?.settings ?? '{}'));
    const settings = CollectionSettings.parse({ ...input, generation });
    if (known?.state === 'lives' && !sameSettings(known.settings, settings)) {
      return { ok: false, code: 'collection_exists', detail: `name: ${name} exists with other settings` };
    }
    const before = known === null ? null : CollectionSettings.parse(JSON.parse(known.settings));
    if (before !== null && before.jurisdiction !== settings.jurisdiction) {
      const detail = `name: ${name} stood in jurisdiction ${before.jurisdiction}, and its ledger lies there`;
      return { ok: false, code: 'collection_exists', detail };
    }
    const problem = settingsProblem(settings, known?.state === 'lives' ? before : null);
    if (problem !== null) return { ok: false, code: 'invalid_request', detail: problem };
    if (!hasJurisdiction(this.env, settings)) {
      const detail = `settings.jurisdiction: this runtime cannot keep objects in ${settings.jurisdiction}`;
      return { ok: false, code: 'jurisdiction_unavailable', detail };
    }
    // A removal that was cut short is finished first: regions of two lives would not fit together.
    if (known?.state === 'leaving') {
      const left = await this.#removeObjects(known);
      if (!left.ok) return left;
    }
    this.ctx.storage.sql.exec(
      `INSERT INTO collections (name, settings, split_key, contributor_key, admin_seed, created_at)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, created_at = excluded.created_at, ready = 0,
       reindex = NULL, state = 'lives' WHERE state <> 'lives'`,
      name,
      JSON.stringify(settings),
      splitKey(settings.training.seed),
      toBase64Url(systemRandom(32)),
      toBase64Url(systemRandom(32)),
      clock.now(),
    );
    if (known?.state === 'lives') return this.#preparation.prepare(known);
    const made = await this.#preparation.prepare(this.#row(name) as CollectionRow);
    return made.ok ? made : await this.#undo(name, known, made);
  }

  /** Takes back a collection that could not be prepared; what cannot be reached now is the cron trigger's work. */
  async #undo(name: string, before: CollectionRow | null, why: Refusal): Promise<Refusal> {
    const removed = await this.remove(name);
    // Nothing was ever asked under keys that are new.
    if (removed.ok && before === null) {
      this.ctx.storage.sql.exec("DELETE FROM collections WHERE name = ? AND state = 'gone'", name);
    }
    return { ...why, detail: `${why.detail.split(';')[0]}; the collection was not made` };
  }

  async update(name: string, patch: SettingsPatch): Promise<Outcome<Collection>> {
    const found = await this.collection(name);
    if (!found.ok) return found;
    const { settings } = found.value;
    if (reindexOf(this.#row(name) as CollectionRow)?.state === 'building') {
      const detail = 'the objects that take over go by the settings as they are';
      return { ok: false, code: 'reindex_in_progress', detail };
    }
    const hub = traced(coordinator(this.env, name, settings)) as unknown as CoordinatorApi;
    const changed = await changedSettings(settings, patch, hub);
    if (!changed.ok) return changed;
    // Told one after the other; who was not reached is told when somebody asks for the collection, or by the cron.
    this.ctx.storage.sql.exec(
      "UPDATE collections SET settings = ?, ready = 0 WHERE name = ? AND state = 'lives'",
      JSON.stringify(changed.value),
      name,
    );
    return this.#preparation.prepare(this.#row(name) as CollectionRow);
  }

  async remove(name: string): Promise<Outcome<null>> {
    const row = this.#row(name);
    if (row === null || row.state === 'gone')
      return { ok: false, code: 'unknown_collection', detail: `collection: ${name} does not exist` };
    // A removal that is cut short can be asked for again, and the cron trigger goes on with it.
    this.ctx.storage.sql.exec("UPDATE collections SET ready = 0, state = 'leaving' WHERE name = ?", name);
    return await this.#removeObjects(row);
  }

  async #removeObjects(row: CollectionRow): Promise<Outcome<null>> {
    const { name } = row;
    const settings = CollectionSettings.parse(JSON.parse(row.settings));
    const failed = await destroyObjects(this.env, name, settings);
    if (failed.length > 0) {
      return refusalOf(failed, 'the rest of the collection is deleted, and the cron trigger goes on with it');
    }
    await this.#reindexes.forget(row);
    this.#federations.forget(name);
    this.ctx.storage.sql.exec(
      "UPDATE collections SET state = 'gone' WHERE name = ? AND state = 'leaving'",
      name,
    );
    return { ok: true, value: null };
  }

  async reindex(name: string, encoder: string | null): Promise<Outcome<Reindex>> {
    const found = await this.collection(name);
    if (!found.ok) return found;
    const begun = await this.#reindexes.begin(this.#row(name) as CollectionRow, encoder, clock.now());
    if (begun.ok) await this.#alarm.at(clock.now());
    return begun;
  }

  async reindexing(name: string): Promise<Outcome<Reindex | null>> {
    const found = await this.collection(name);
    if (!found.ok) return found;
    const reindex = reindexOf(this.#row(name) as CollectionRow);
    return { ok: true, value: reindex && infoOf(reindex) };
  }

  async cancelReindex(name: string): Promise<Outcome<Reindex>> {
    const found = await this.collection(name);
    if (!found.ok) return found;
    const cancelled = this.#reindexes.cancel(this.#row(name) as CollectionRow);
    if (cancelled.ok) await this.#alarm.at(clock.now());
    return cancelled;
  }

  /** Goes on with changes of encoder; the cron trigger sets it again. */
  override async alarm(): Promise<void> {
    const names = this.#rows().filter((row) => isUnderWay(reindexOf(row)));
    const going = await Promise.all(
      names.map(({ name }) =>
        this.#reindexes.step(name, clock.now()).catch((error) => {
          logLine('reindex_late', failureOf(name, error));
          return true;
        }),
      ),
    );
    if (going.includes(true)) await this.#alarm.by(clock.now() + REINDEX_MS);
  }

  async tick(now: number): Promise<{ started: string[] }> {
    if (this.#rows().some((row) => isUnderWay(reindexOf(row)))) await this.#alarm.at(now);
    // One collection that is away must not hold up the others.
    const results = await Promise.all(
      this.#rows().map((row) => answerOf(() => this.#tickOne(row, now), TICK_MS)),
    );
    return { started: results.flatMap((started) => started ?? []) };
  }

  async #tickOne(row: CollectionRow, now: number): Promise<string[]> {
    if (row.state === 'leaving') await this.#removeObjects(row);
    if (row.state !== 'lives') return [];
    if (row.ready === 0) await this.#preparation.prepare(row);
    const settings = CollectionSettings.parse(JSON.parse(row.settings));
    if (this.env.FEDCAR_JOIN_URL && row.name === 'default') {
      // Nobody else would wake a region that lost its alarm.
      await Promise.all(
        settings.regions.map((name) => answerOf(() => region(this.env, row.name, name, settings).wake())),
      );
    }
    const { started } = await coordinator(this.env, row.name, settings).tick(now);
    return started === null ? [] : [`${row.name}/${started}`];
  }

  async addToken(token: Omit<Token, 'revoked_at'>, hash: string): Promise<Outcome<Token>> {
    return this.#tokens.add(token, hash, clock.now());
  }

  async tokens(): Promise<Token[]> {
    return this.#tokens.all();
  }

  async revokeToken(id: string): Promise<Outcome<Token>> {
    return this.#tokens.revoke(id, clock.now());
  }

  async authenticate(id: string, hash: string, requests: number): Promise<Grant | null> {
    const now = clock.now();
    const token = this.#tokens.granted(id, hash, now);
    if (token === null) return null;
    const { scopes, collections, origins, expires_at: expiresAt } = token;
    const perMinute = token.requests_per_minute ?? requestsPerMinute(this.env);
    const spentUntil = this.#windows.spend(id, requests, perMinute, now);
    return { id, scopes, collections, origins, expiresAt, requestsPerMinute: perMinute, spentUntil };
  }

  async beginAudit(entry: AuditInput): Promise<Outcome<number>> {
    return this.#audit.begin(entry, clock.now());
  }

  async endAudit(id: number, status: number): Promise<void> {
    this.#audit.end(id, status);
  }

  async audit(before: number | null, limit: number): Promise<AuditEntry[]> {
    return this.#audit.page(before, limit);
  }

  /** The collection as it stands, for what concerns its participants. */
  async #subject(name: string): Promise<Outcome<Subject>> {
    const found = await this.collection(name);
    return found.ok ? { ok: true, value: await subjectOf(this.#row(name) as CollectionRow) } : found;
  }

  async invite(name: string, who: string, hash: string, expiresAt: number) {
    const found = await this.#subject(name);
    return found.ok ? this.#enrolments.invite(found.value, who, hash, expiresAt) : found;
  }

  async offer(name: string, by: OutsideParticipant, hash: string): Promise<Outcome<SignedTerms>> {
    const found = await this.#subject(name);
    return found.ok ? this.#enrolments.offer(found.value, by, hash, clock.now()) : found;
  }

  async enrol(name: string, by: OutsideParticipant, hash: string, terms: string): Promise<Outcome<null>> {
    const found = await this.#subject(name);
    if (!found.ok) return found;
    const taken = await this.#enrolments.enrol(found.value, by, hash, terms, clock.now());
    return taken.ok ? await this.#preparation.spread(found.value) : taken;
  }

  async participants(name: string): Promise<Outcome<Participant[]>> {
    const found = await this.#subject(name);
    return found.ok ? { ok: true, value: participantsOf(this.#federations, found.value) } : found;
  }

  async removeParticipant(name: string, who: string): Promise<Outcome<null>> {
    const found = await this.#subject(name);
    if (!found.ok) return found;
    if (!this.#federations.remove(name, who)) {
      const detail = `name: ${who} is no participant from outside`;
      return { ok: false, code: 'unknown_participant', detail };
    }
    return await this.#preparation.spread(found.value);
  }

  async roster(name: string): Promise<Outcome<Rosters>> {
    const found = await this.#subject(name);
    if (!found.ok) return found;
    const terms = await this.#enrolments.terms(found.value);
    return { ok: true, value: { ...describeRosters(this.#federations, found.value), terms } };
  }

  async putTerms(name: string, signed: SignedTerms): Promise<Outcome<Rosters>> {
    const found = await this.#subject(name);
    if (!found.ok) return found;
    const put = await this.#enrolments.putTerms(found.value, signed);
    return put.ok ? this.roster(name) : put;
  }

  async putRoster(name: string, signed: SignedRoster): Promise<Outcome<Rosters>> {
    const found = await this.#subject(name);
    if (!found.ok) return found;
    const before = this.#federations.adminKey(found.value);
    const put = await this.#federations.putRoster(found.value, signed);
    if (!put.ok) return put;
    if (before === this.#federations.adminKey(found.value)) {
      const told = await this.#preparation.spread(found.value);
      if (!told.ok) return told;
    } else {
      // Regions have to know the new key before its roster.
      this.ctx.storage.sql.exec('UPDATE collections SET ready = 0 WHERE name = ?', name);
      await this.#preparation.prepare(this.#row(name) as CollectionRow);
    }
    return this.roster(name);
  }

  async setAdminKey(name: string, key: string): Promise<Outcome<Rosters>> {
    const found = await this.#subject(name);
    if (!found.ok) return found;
    const set = this.#federations.setAdminKey(found.value, key);
    return set.ok ? this.roster(name) : set;
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
