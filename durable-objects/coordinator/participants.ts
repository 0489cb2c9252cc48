/**
 * Who takes part in a collection's rounds, and who speaks for whom: regions by RPC, participants from outside by
 * signed requests. Invariants: a request counts once (nonces are kept for as long as its time would pass), and a round
 * keeps the roster that it was opened under whatever is signed meanwhile.
 */
import { fromBase64Url } from '../../shared/crypto/bytes.ts';
import { isSignedBy, type RequestSignature } from '../../shared/crypto/request-signature.ts';
import type { Federation } from '../../shared/protocol/enrolment.ts';
import { SKEW_S } from '../../shared/protocol/fl.ts';
import type { Outcome } from '../../shared/protocol/objects.ts';
import type { AnySignedRoster } from '../../shared/protocol/secagg.ts';
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import { isPresent } from '../../shared/secagg/roster.ts';
import { Values } from '../values.ts';

export const NONCE_TABLE = `CREATE TABLE nonces (
  participant TEXT NOT NULL, nonce TEXT NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (participant, nonce)
) WITHOUT ROWID;
CREATE INDEX nonces_expires ON nonces (expires);
-- When a participant from outside last spoke, milliseconds since 1970.
CREATE TABLE seen (participant TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;`;

/** Who spoke within this time is waited for when a round opens: idle participants ask a few times in it. */
const PRESENT_MS = 90_000;
/** A sighting is written at most so often. */
const SIGHTING_MS = 5_000;

const FEDERATION = 'federation';
const ROUND = 'roundRosters';
const NOBODY: Federation = { revision: 0, rosters: [], outside: [], problem: null };

export class Participants {
  readonly #storage: DurableObjectStorage;
  readonly #values: Values;
  /** Held requests of participants that wait for something to do. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#values = new Values(storage);
  }

  configure(federation: Federation): void {
    if (federation.revision < this.#federation().revision) return;
    this.#values.set(FEDERATION, federation);
    for (const name of this.#waiting.keys()) this.wake(name);
  }

  #federation(): Federation {
    return this.#values.kept(FEDERATION, (stored) => stored as Federation) ?? NOBODY;
  }

  /** Why no run may start; null when one may. */
  problem(): string | null {
    const { problem, rosters } = this.#federation();
    const last = rosters.at(-1);
    if (problem !== null || last === undefined || isPresent(last.roster)) return problem;
    // The directory has not spoken since this code came.
    return 'roster: the one in force has the form of an earlier release, and its successor is not here yet';
  }

  isOutside(name: string): boolean {
    return this.#federation().outside.some((each) => each.name === name);
  }

  /** Whose rosters are believed; null while the directory has not said so. */
  adminKey(): string | null {
    return this.#federation().adminKey ?? null;
  }

  /** Names of those whom the next round asks, in order. */
  names({ regions, regionsTrain }: Pick<CollectionSettings, 'regions' | 'regionsTrain'>): string[] {
    const { rosters, outside } = this.#federation();
    const own = regionsTrain ? regions : [];
    const all = [...own, ...outside.map(({ name }) => name)];
    const members = rosters.at(-1)?.roster.members.map(({ id }) => id);
    return (members === undefined ? all : all.filter((name) => members.includes(name))).sort();
  }

  /** From now on the open round goes by the rosters in force. */
  adopt(): void {
    this.#values.set(ROUND, this.#federation().rosters);
  }

  /** Rosters of the open round, oldest first; those in force before the first. */
  rosters(): AnySignedRoster[] {
    const kept = this.#values.kept(ROUND, (stored) => stored as AnySignedRoster[]);
    return kept ?? this.#federation().rosters;
  }

  /** In force, whatever the open round goes by: what a participant catches up with. */
  rostersAfter(epoch: number, limit: number): AnySignedRoster[] {
    return this.#federation()
      .rosters.filter(({ roster }) => roster.epoch > epoch)
      .slice(0, limit);
  }

  /** Takes a signed request for its participant's; a second time it is refused. */
  async admit(request: RequestSignature, now: number): Promise<Outcome<string>> {
    const { keyId, createdS, nonce } = request;
    const skew = Math.round(now / 1000) - createdS;
    if (Math.abs(skew) > SKEW_S) {
      const detail = `created: ${Math.abs(skew)} s ${skew > 0 ? 'behind' : 'ahead of'} the clock here, which shows ${new Date(now).toISOString()}; at most ${SKEW_S}`;
      return { ok: false, code: 'clock_skew', detail };
    }
    const known = this.#federation().outside.find(({ name }) => name === keyId);
    if (known === undefined) {
      return { ok: false, code: 'not_a_participant', detail: `keyid: ${keyId} is no participant here` };
    }
    if (!(await isSignedBy(fromBase64Url(known.key, 32), request))) {
      return { ok: false, code: 'signature_invalid', detail: `signature: not by the key of ${keyId}` };
    }
    const expires = (createdS + 2 * SKEW_S) * 1000;
    const { rowsWritten } = this.#storage.sql.exec(
      'INSERT OR IGNORE INTO nonces (participant, nonce, expires) VALUES (?, ?, ?)',
      keyId,
      nonce,
      expires,
    );
    if (rowsWritten === 0) {
      return { ok: false, code: 'signature_replayed', detail: `nonce: ${keyId} has used it before` };
    }
    this.#storage.sql.exec('DELETE FROM nonces WHERE expires < ?', now);
    this.#sighted(keyId, now);
    return { ok: true, value: keyId };
  }

  #sighted(name: string, now: number): void {
    if (now - (this.seenAt(name) ?? 0) < SIGHTING_MS) return;
    this.#storage.sql.exec('INSERT OR REPLACE INTO seen (participant, at) VALUES (?, ?)', name, now);
  }

  seenAt(name: string): number | null {
    const row = this.#storage.sql
      .exec<{ at: number }>('SELECT at FROM seen WHERE participant = ?', name)
      .toArray()[0];
    return row?.at ?? null;
  }

  isPresent(name: string, now: number): boolean {
    return now - (this.seenAt(name) ?? Number.NEGATIVE_INFINITY) < PRESENT_MS;
  }

  /** Resolves when `name` is woken, or after `ms`. */
  untilWoken(name: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const held = this.#waiting.get(name) ?? new Set();
      const done = () => {
        clearTimeout(timer);
        held.delete(done);
        if (held.size === 0) this.#waiting.delete(name);
        resolve();
      };
      const timer = setTimeout(done, ms);
      held.add(done);
      this.#waiting.set(name, held);
    });
  }

  /** Lets go of what `name` waits for. @returns whether a request of its was held */
  wake(name: string): boolean {
    const held = [...(this.#waiting.get(name) ?? [])];
    for (const done of held) done();
    return held.length > 0;
  }
}
