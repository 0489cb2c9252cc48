/**
 * Who belongs to which collection: invitations (hashed), participants from outside, and the chain of signed rosters.
 * A roster is signed with the deployment's own key, or with one that the deployment does not have: then a draft waits
 * here for its signature, and the roster before stays in force. Every method may be repeated.
 */
import { toBase64Url } from '../../shared/crypto/bytes.ts';
import type { Signer } from '../../shared/crypto/ed25519.ts';
import type { Federation } from '../../shared/protocol/enrolment.ts';
import type { Outcome, Refusal } from '../../shared/protocol/objects.ts';
import {
  type AnySignedRoster,
  DEPLOYMENT,
  ROSTER_VERSION,
  type Roster,
  type SignedRoster,
} from '../../shared/protocol/secagg.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { ProtocolError } from '../../shared/secagg/errors.ts';
import { isPresent, rosterHash, signAsFirst, signRoster, verifyRoster } from '../../shared/secagg/roster.ts';
import { type Member, rosterWanted, unkeptRoster, type Wanted } from './rosters.ts';

export const FEDERATION_TABLES = `
  CREATE TABLE federations (
    collection TEXT PRIMARY KEY,
    -- Public keys, base64url: the one kept outside that signs rosters, and one that takes over with the next roster.
    admin_key TEXT, next_admin_key TEXT,
    -- Keys of the regions, JSON; counts what the coordinator was told.
    regions TEXT NOT NULL DEFAULT '[]', revision INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE TABLE invitations (
    collection TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (collection, name)
  ) WITHOUT ROWID;
  -- hash: of the invitation that it came with.
  CREATE TABLE participants (
    collection TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, hash TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL, PRIMARY KEY (collection, name)
  ) WITHOUT ROWID;
  CREATE TABLE rosters (
    collection TEXT NOT NULL, epoch INTEGER NOT NULL, signed TEXT NOT NULL, PRIMARY KEY (collection, epoch)
  ) WITHOUT ROWID;`;

/** With which form of rosters the coordinator was told last who takes part; 0: before forms had numbers. */
export const ROSTER_VERSION_COLUMN =
  'ALTER TABLE federations ADD COLUMN roster_version INTEGER NOT NULL DEFAULT 0;';

/**
 * Before rosters were kept, epoch 0 was signed anew whenever a collection was made ready, and always the same: regions
 * have pinned it all the same. `unkept`: the chain of the collection has to begin with it.
 */
export const UNKEPT_COLUMN = `ALTER TABLE federations ADD COLUMN unkept INTEGER NOT NULL DEFAULT 0;
  INSERT INTO federations (collection, unkept)
    SELECT name, 1 FROM collections WHERE name NOT IN (SELECT collection FROM federations);`;

/** What the holder of a key outside does about a roster that waits. */
const SIGN = 'fedcar participants sign KEY-FILE signs it';

/** Of whom is spoken: a collection, its settings, the deployment's own signer for it. */
export interface Subject {
  collection: string;
  settings: CollectionSettings;
  own: Signer;
}

export interface OutsideParticipant {
  name: string;
  key: string;
}

interface FederationRow extends Record<string, SqlStorageValue> {
  admin_key: string | null;
  next_admin_key: string | null;
  regions: string;
  revision: number;
  unkept: number;
}

const refuse = (code: string, detail: string): Refusal => ({ ok: false, code, detail });

export class Federations {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  get #sql(): SqlStorage {
    return this.#storage.sql;
  }

  #row(collection: string): FederationRow {
    this.#sql.exec('INSERT OR IGNORE INTO federations (collection) VALUES (?)', collection);
    return this.#sql
      .exec<FederationRow>('SELECT * FROM federations WHERE collection = ?', collection)
      .toArray()[0] as FederationRow;
  }

  /** Public key that rosters in force are signed with; regions are told. */
  adminKey({ collection, own }: Subject): string {
    return this.#row(collection).admin_key ?? toBase64Url(own.key);
  }

  /** Public key that the next roster has to be signed with: who enrols now pins it. */
  signingKey({ collection, own }: Subject): string {
    const { admin_key, next_admin_key } = this.#row(collection);
    return next_admin_key ?? admin_key ?? toBase64Url(own.key);
  }

  /** Whether the deployment holds the key that signs the next roster. */
  signsItself(subject: Subject): boolean {
    return this.signingKey(subject) === toBase64Url(subject.own.key);
  }

  /** As they were told last; none before that. */
  regions(collection: string): Member[] {
    return JSON.parse(this.#row(collection).regions) as Member[];
  }

  setRegions(collection: string, members: readonly Member[]): void {
    this.#row(collection);
    const json = JSON.stringify(members);
    this.#sql.exec('UPDATE federations SET regions = ? WHERE collection = ?', json, collection);
  }

  outside(collection: string): OutsideParticipant[] {
    return this.#sql
      .exec<{ name: string; key: string }>(
        'SELECT name, key FROM participants WHERE collection = ? ORDER BY name',
        collection,
      )
      .toArray();
  }

  invitations(collection: string): { name: string; expiresAt: number }[] {
    return this.#sql
      .exec<{ name: string; expires_at: number }>(
        'SELECT name, expires_at FROM invitations WHERE collection = ? ORDER BY name',
        collection,
      )
      .toArray()
      .map(({ name, expires_at }) => ({ name, expiresAt: expires_at }));
  }

  /** Oldest first; the last one is in force. */
  rosters(collection: string): AnySignedRoster[] {
    return this.#sql
      .exec<{ signed: string }>('SELECT signed FROM rosters WHERE collection = ? ORDER BY epoch', collection)
      .toArray()
      .map(({ signed }) => JSON.parse(signed) as AnySignedRoster);
  }

  wanted({ collection, settings }: Subject): Wanted {
    const trains = settings.regionsTrain ? this.regions(collection) : [];
    const regions = trains.map(({ id, key }) => ({ id, key, operator: DEPLOYMENT }));
    const outside = this.outside(collection).map(({ name, key }) => ({ id: name, key, operator: name }));
    const last = this.rosters(collection).at(-1)?.roster ?? null;
    return rosterWanted(collection, settings, [...regions, ...outside], last);
  }

  /** The roster that waits for a signature; null when none does. */
  draft(subject: Subject): Roster | null {
    const wanted = this.wanted(subject);
    if (wanted.kind !== 'roster') return null;
    const last = this.rosters(subject.collection).at(-1)?.roster ?? null;
    const { next_admin_key } = this.#row(subject.collection);
    if (last === null || rosterHash(last) !== rosterHash(wanted.roster)) return wanted.roster;
    // The same members under another key are another epoch.
    if (next_admin_key === null) return null;
    return { ...wanted.roster, epoch: last.epoch + 1, previous: rosterHash(last) };
  }

  /** Takes back an invitation, or ends a membership. @returns whether there was one */
  remove(collection: string, name: string): boolean {
    return this.#storage.transactionSync(() =>
      ['invitations', 'participants']
        .map((table) =>
          this.#sql.exec(`DELETE FROM ${table} WHERE collection = ? AND name = ?`, collection, name),
        )
        .some(({ rowsWritten }) => rowsWritten > 0),
    );
  }

  /** The collection is gone: its rosters stay, so that another life goes on with the chain. */
  forget(collection: string): void {
    for (const table of ['invitations', 'participants']) {
      this.#sql.exec(`DELETE FROM ${table} WHERE collection = ?`, collection);
    }
  }

  setAdminKey({ collection, own }: Subject, key: string): Outcome<null> {
    if (key === toBase64Url(own.key)) {
      return refuse('admin_key_pinned', 'key: the deployment holds this one; another has to be kept outside');
    }
    const { admin_key } = this.#row(collection);
    if (admin_key !== key && this.outside(collection).length + this.invitations(collection).length > 0) {
      const detail = 'key: participants from outside have pinned the present one, or are invited to';
      return refuse('admin_key_pinned', detail);
    }
    const next = admin_key === key ? null : key;
    this.#sql.exec('UPDATE federations SET next_admin_key = ? WHERE collection = ?', next, collection);
    return { ok: true, value: null };
  }

  /** Puts a roster in force that was signed outside. It has to be the draft, to the letter. */
  async putRoster(subject: Subject, signed: SignedRoster): Promise<Outcome<null>> {
    const { collection } = subject;
    const last = this.rosters(collection).at(-1);
    if (last !== undefined && JSON.stringify(last) === JSON.stringify(signed))
      return { ok: true, value: null };
    try {
      await verifyRoster(signed, this.signingKey(subject));
    } catch (error) {
      if (error instanceof ProtocolError) return refuse('roster_refused', error.detail);
      throw error;
    }
    const draft = this.draft(subject);
    if (draft === null || rosterHash(draft) !== rosterHash(signed.roster)) {
      return refuse(
        'roster_refused',
        'roster: it is not the draft, which may have changed since; fetch it again',
      );
    }
    this.#storage.transactionSync(() => {
      this.#insert(collection, signed);
      const { next_admin_key } = this.#row(collection);
      if (next_admin_key === null) return;
      // What another key signed leads nowhere for who pins the new one.
      this.#sql.exec(
        'DELETE FROM rosters WHERE collection = ? AND epoch < ?',
        collection,
        signed.roster.epoch,
      );
      this.#sql.exec(
        'UPDATE federations SET admin_key = next_admin_key, next_admin_key = NULL WHERE collection = ?',
        collection,
      );
    });
    return { ok: true, value: null };
  }

  #insert(collection: string, signed: AnySignedRoster): void {
    this.#sql.exec(
      'INSERT INTO rosters (collection, epoch, signed) VALUES (?, ?, ?)',
      collection,
      signed.roster.epoch,
      JSON.stringify(signed),
    );
  }

  /** Signs what the deployment may sign itself, and says what the coordinator should know. */
  async settle(subject: Subject): Promise<Federation> {
    const { collection, own } = subject;
    await this.#beginChain(subject);
    for (;;) {
      const draft = this.draft(subject);
      if (draft === null || !this.signsItself(subject)) break;
      const signed = await signRoster(draft, own);
      // Somebody may have joined meanwhile.
      const still = this.draft(subject);
      if (still !== null && rosterHash(still) === rosterHash(draft)) this.#insert(collection, signed);
    }
    const wanted = this.wanted(subject);
    const rosters = wanted.kind === 'none' ? [] : this.rosters(collection);
    this.#sql.exec(
      'UPDATE federations SET revision = revision + 1, roster_version = ? WHERE collection = ?',
      ROSTER_VERSION,
      collection,
    );
    return {
      revision: this.#row(collection).revision,
      rosters: wanted.kind === 'problem' ? [] : rosters,
      outside: this.outside(collection),
      adminKey: this.adminKey(subject),
      problem: this.problem(subject),
    };
  }

  async #beginChain(subject: Subject): Promise<void> {
    const { collection, own, settings } = subject;
    const wanted = this.wanted(subject);
    if (this.#row(collection).unkept === 0 || wanted.kind !== 'roster') return;
    const signed = await signAsFirst(unkeptRoster(wanted.roster, settings), own);
    this.#storage.transactionSync(() => {
      if (this.rosters(collection).length === 0) this.#insert(collection, signed);
      this.#sql.exec('UPDATE federations SET unkept = 0 WHERE collection = ?', collection);
    });
  }

  /** Why there is no roster to train under; null when there is one or none is needed. */
  problem(subject: Subject): string | null {
    const wanted = this.wanted(subject);
    if (wanted.kind !== 'roster') return wanted.kind === 'problem' ? wanted.problem : null;
    const last = this.rosters(subject.collection).at(-1);
    if (last === undefined) return `roster: the first one waits for the signature of the admin key; ${SIGN}`;
    return isPresent(last.roster)
      ? null
      : `roster: epoch ${last.roster.epoch} has the form of an earlier release, and the same members in the form of this one wait for the signature of the admin key; ${SIGN}`;
  }

  /** Collections whose coordinators were not told of a roster since the form of rosters changed. */
  inEarlierForm(): string[] {
    return this.#sql
      .exec<{ collection: string }>(
        'SELECT collection FROM federations WHERE roster_version < ?',
        ROSTER_VERSION,
      )
      .toArray()
      .map(({ collection }) => collection);
  }
}
