/**
 * Invitations and what becomes of them. Each is good for the terms that stood when it was made, signed with the key that
 * signs rosters: whoever is invited takes those to the letter, and a collection that changed its terms invites again.
 * Where a key outside signs, its holder signs the terms before anybody is invited. Every method may be repeated.
 */
import { sameTerms, signTerms, spellTerms, termsHash, verifyTerms } from '../../shared/participant/terms.ts';
import type { Rosters } from '../../shared/protocol/api/participant.ts';
import type { SignedTerms } from '../../shared/protocol/enrolment.ts';
import type { Outcome, Refusal } from '../../shared/protocol/objects.ts';
import { ProtocolError } from '../../shared/secagg/errors.ts';
import { modelInfo } from '../engine.ts';
import type { ObjectsEnv } from '../env.ts';
import type { Federations, OutsideParticipant, Subject } from './federations.ts';
import { termsOf } from './participants.ts';

/** Migration: terms as the key signed them; null where an earlier release invited or enrolled. */
export const TERMS_TABLES = `
  CREATE TABLE terms (
    collection TEXT PRIMARY KEY, signed TEXT NOT NULL, key TEXT NOT NULL
  ) WITHOUT ROWID;
  ALTER TABLE invitations ADD COLUMN terms TEXT;
  ALTER TABLE participants ADD COLUMN terms TEXT;`;

const refuse = (code: string, detail: string): Refusal => ({ ok: false, code, detail });
const UNSIGNED =
  'terms: they wait for the signature of the admin key; fedcar participants sign KEY-FILE signs them';

interface Held {
  enrolled: boolean;
  signed: SignedTerms | null;
}

export class Enrolments {
  readonly #storage: DurableObjectStorage;
  readonly #env: ObjectsEnv;
  readonly #federations: Federations;

  constructor(storage: DurableObjectStorage, env: ObjectsEnv, federations: Federations) {
    this.#storage = storage;
    this.#env = env;
    this.#federations = federations;
  }

  get #sql(): SqlStorage {
    return this.#storage.sql;
  }

  /** The terms as they stand, and whether they are signed. */
  async terms(subject: Subject): Promise<Rosters['terms']> {
    const document = await this.#document(subject);
    const signed = this.#kept(subject, document) !== null || this.#federations.signsItself(subject);
    return { document, hash: termsHash(document), signed };
  }

  async #document({ collection, settings }: Subject): Promise<string> {
    const { name, sha256 } = await modelInfo(this.#env, settings.encoder);
    const ownMembers = settings.regionsTrain ? settings.regions.length : 0;
    const terms = termsOf(settings);
    return spellTerms({ version: 1, collection, model: { name, sha256 }, terms, ownMembers });
  }

  /** What a key outside signed, if it is this document and the key that signs next. */
  #kept(subject: Subject, document: string): SignedTerms | null {
    const [row] = this.#sql
      .exec<{ signed: string; key: string }>(
        'SELECT signed, key FROM terms WHERE collection = ?',
        subject.collection,
      )
      .toArray();
    if (row === undefined || row.key !== this.#federations.signingKey(subject)) return null;
    const signed = JSON.parse(row.signed) as SignedTerms;
    return sameTerms(signed.document, document) ? signed : null;
  }

  async #signed(subject: Subject): Promise<SignedTerms | null> {
    const document = await this.#document(subject);
    if (this.#federations.signsItself(subject)) return await signTerms(document, subject.own);
    return this.#kept(subject, document);
  }

  /** Takes the terms over that the holder of the key signed. They have to be those that stand, to the letter. */
  async putTerms(subject: Subject, signed: SignedTerms): Promise<Outcome<null>> {
    const key = this.#federations.signingKey(subject);
    const document = await this.#document(subject);
    if (document !== signed.document) {
      return refuse(
        'conflict',
        'document: not the terms as they stand, which may have changed; fetch them again',
      );
    }
    try {
      await verifyTerms(signed, key);
    } catch (error) {
      if (error instanceof ProtocolError) return refuse('invalid_request', `terms: ${error.detail}`);
      throw error;
    }
    const text = JSON.stringify(signed);
    this.#sql.exec('INSERT OR REPLACE INTO terms VALUES (?, ?, ?)', subject.collection, text, key);
    return { ok: true, value: null };
  }

  async invite(
    subject: Subject,
    name: string,
    hash: string,
    expiresAt: number,
  ): Promise<Outcome<{ adminKey: string; terms: string }>> {
    const { collection, settings } = subject;
    if (settings.regions.includes(name)) {
      return refuse('participant_exists', `name: ${name} is a region of the collection`);
    }
    if (this.#federations.outside(collection).some((each) => each.name === name)) {
      return refuse('participant_exists', `name: ${name} takes part already; remove it first`);
    }
    const signed = await this.#signed(subject);
    if (signed === null) return refuse('terms_unsigned', UNSIGNED);
    this.#sql.exec(
      `INSERT INTO invitations (collection, name, hash, expires_at, terms) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (collection, name) DO UPDATE
       SET hash = excluded.hash, expires_at = excluded.expires_at, terms = excluded.terms`,
      collection,
      name,
      hash,
      expiresAt,
      JSON.stringify(signed),
    );
    const adminKey = this.#federations.signingKey(subject);
    return { ok: true, value: { adminKey, terms: termsHash(signed.document) } };
  }

  /** The terms that an invitation is good for, to whoever may use it. */
  async offer(
    subject: Subject,
    by: OutsideParticipant,
    hash: string,
    now: number,
  ): Promise<Outcome<SignedTerms>> {
    const held = this.#held(subject.collection, by, hash, now);
    if (!held.ok) return held;
    const { enrolled, signed } = held.value;
    if (enrolled && signed !== null) return { ok: true, value: signed };
    // An invitation of an earlier release names no terms: those that stand count.
    if (signed === null) {
      const present = await this.#signed(subject);
      return present === null ? refuse('terms_unsigned', UNSIGNED) : { ok: true, value: present };
    }
    if (sameTerms(signed.document, await this.#document(subject))) return { ok: true, value: signed };
    return refuse(
      'terms_changed',
      `terms: those of ${subject.collection} changed since ${by.name} was invited; it has to be invited again`,
    );
  }

  /** Uses an invitation up; the same key may ask again. */
  async enrol(
    subject: Subject,
    by: OutsideParticipant,
    hash: string,
    taken: string,
    now: number,
  ): Promise<Outcome<null>> {
    const { collection } = subject;
    const { name, key } = by;
    const offered = await this.offer(subject, by, hash, now);
    if (!offered.ok) return offered;
    if (termsHash(offered.value.document) !== taken) {
      return refuse('terms_changed', 'terms: not those that the invitation is good for; ask for them again');
    }
    // It may have been used or taken back meanwhile.
    const held = this.#held(collection, by, hash, now);
    if (!held.ok) return held;
    if (held.value.enrolled) return { ok: true, value: null };
    const keys = [...this.#federations.regions(collection), ...this.#federations.outside(collection)];
    if (keys.some((each) => each.key === key)) {
      return refuse('participant_exists', 'key: another participant has it');
    }
    this.#storage.transactionSync(() => {
      this.#sql.exec('DELETE FROM invitations WHERE collection = ? AND name = ?', collection, name);
      this.#sql.exec(
        'INSERT INTO participants (collection, name, key, hash, enrolled_at, terms) VALUES (?, ?, ?, ?, ?, ?)',
        collection,
        name,
        key,
        hash,
        now,
        JSON.stringify(offered.value),
      );
    });
    return { ok: true, value: null };
  }

  /** What this key may do with an invitation of this hash. */
  #held(collection: string, { name, key }: OutsideParticipant, hash: string, now: number): Outcome<Held> {
    const read = (terms: string | null) => (terms === null ? null : (JSON.parse(terms) as SignedTerms));
    const [known] = this.#sql
      .exec<{ key: string; hash: string; terms: string | null }>(
        'SELECT key, hash, terms FROM participants WHERE collection = ? AND name = ?',
        collection,
        name,
      )
      .toArray();
    if (known?.hash === hash) {
      if (known.key === key) return { ok: true, value: { enrolled: true, signed: read(known.terms) } };
      return refuse('invitation_used', `invitation: ${name} has enrolled with another key`);
    }
    const [invitation] = this.#sql
      .exec<{ hash: string; expires_at: number; terms: string | null }>(
        'SELECT hash, expires_at, terms FROM invitations WHERE collection = ? AND name = ?',
        collection,
        name,
      )
      .toArray();
    if (invitation?.hash !== hash) {
      return refuse('invitation_unknown', `invitation: there is none like it for ${name}`);
    }
    if (now >= invitation.expires_at) {
      const when = new Date(invitation.expires_at).toISOString();
      return refuse('invitation_expired', `invitation: it expired at ${when}`);
    }
    return { ok: true, value: { enrolled: false, signed: read(invitation.terms) } };
  }
}
