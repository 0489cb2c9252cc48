/**
 * What a participant is, in its state folder: its key, the key of its choices, the agreement, the pinned roster. Made
 * once; one process at a time.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fromBase64Url, toBase64Url } from '../../shared/crypto/bytes.ts';
import { type Signer, signerFromSeed } from '../../shared/crypto/ed25519.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import type { OwnBudget } from '../../shared/participant/agreement.ts';
import type { Joined, Kept } from '../../shared/participant/round-guard.ts';
import type { LedgerEntry } from '../../shared/privacy/ledger.ts';
import { Agreement } from '../../shared/protocol/enrolment.ts';
import type { Roster } from '../../shared/protocol/secagg.ts';
import type { RosterPin } from '../../shared/secagg/roster.ts';
import { lockFileSoon } from '../process-lock.ts';
import { keptFile, readJson, writeJson } from './files.ts';
import { RoundLogFile } from './round-log-file.ts';

interface Identity {
  /** Seed of the Ed25519 key, base64url. It never leaves this file. */
  seed: string;
  /** Keys which records are held out, and shuffles; base64url. */
  splitKey: string;
}

export interface Membership {
  /** The deployment's address. */
  url: string;
  agreement: Agreement;
  budget: OwnBudget;
  /** What its own noise alone keeps ε below; absent where it relies on others' noise too. */
  ownEpsilon?: number;
  /** Hash of the invitation that was used up; absent where an earlier release did. */
  invitation?: string;
}

/** The state can not be used as it is; the message says what to do. */
export class StateError extends Error {
  override readonly name = 'Failure';
}

export class ParticipantState {
  readonly folder: string;
  readonly pin: Kept<RosterPin> & { forget(): void };
  /** The last roster that was told. */
  readonly told: Kept<Roster>;
  /** What rounds would have cost with this participant's noise alone. */
  readonly ownCharges: Kept<LedgerEntry[]>;
  /** The own figure by which noise was drawn last; 0: none. */
  readonly drawn: Kept<number>;
  /** The last round that was joined from here. */
  readonly joined: Kept<Joined>;
  readonly log: RoundLogFile;
  #unlock = () => {};

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.pin = keptFile(join(folder, 'pin.json'));
    this.told = keptFile(join(folder, 'roster.json'));
    this.ownCharges = keptFile(join(folder, 'own-noise.json'));
    this.drawn = keptFile(join(folder, 'own-epsilon.json'));
    this.joined = keptFile(join(folder, 'joined.json'));
    this.log = new RoundLogFile(join(folder, 'rounds.jsonl'));
  }

  /** Keeps other processes out until `release`. @throws StateError while another takes part from here */
  async lock(): Promise<void> {
    const why = (holder: string) =>
      `${this.folder}: ${holder} takes part from here already; if it does not, delete the file lock there`;
    this.#unlock = await lockFileSoon(join(this.folder, 'lock'), (holder) => new StateError(why(holder)));
  }

  release(): void {
    this.#unlock();
  }

  /** Makes the keys when there are none. */
  async identity(): Promise<{ signer: Signer; splitKey: Uint8Array }> {
    const file = join(this.folder, 'identity.json');
    let identity = readJson<Identity>(file);
    if (identity === null) {
      identity = { seed: toBase64Url(systemRandom(32)), splitKey: toBase64Url(systemRandom(32)) };
      writeJson(file, identity);
    }
    const signer = await signerFromSeed(fromBase64Url(identity.seed, 32));
    return { signer, splitKey: fromBase64Url(identity.splitKey, 32) };
  }

  /** Null before the enrolment. */
  membership(): Membership | null {
    const kept = readJson<Membership>(join(this.folder, 'membership.json'));
    return kept === null ? null : { ...kept, agreement: Agreement.parse(kept.agreement) };
  }

  setMembership(membership: Membership): void {
    writeJson(join(this.folder, 'membership.json'), membership);
  }
}
