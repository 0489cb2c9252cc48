/**
 * What the versions learned that a gate is about, as its participant finds it in the snapshots that it answers from. Kept
 * with the job: a slice sees one snapshot, and the round's record is written when all have been seen.
 */
import { judgedIn, learnedHash, learnedOf } from '../certificate/content.ts';
import type { Judged } from '../protocol/certificate.ts';
import type { RoundSpec, StateRef } from '../protocol/rounds.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import { unsoundIn } from '../protocol/sound-snapshot.ts';
import { findsOffset } from '../round/kept-out.ts';
import type { ShardStore } from './shard-store.ts';

/** Under which it is kept. */
export const JUDGED = 'judged';

export class JudgedVersions {
  /** By the hash of a snapshot's bytes. */
  readonly learned: Map<string, string>;

  /** @param kept by an earlier slice; null where there was none */
  constructor(kept: Uint8Array | null) {
    this.learned = new Map(kept === null ? [] : JSON.parse(new TextDecoder().decode(kept)));
  }

  has({ hash }: StateRef): boolean {
    return this.learned.has(hash);
  }

  /** @throws RangeError where its numbers say something else than what is signed of them */
  saw({ key, hash }: StateRef, snapshot: Snapshot): void {
    if (this.learned.has(hash)) return;
    const problem = unsoundIn(snapshot);
    if (problem !== null) throw new RangeError(`parameters ${key}: ${problem}`);
    this.learned.set(hash, learnedHash(learnedOf(snapshot)));
  }

  bytes(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify([...this.learned]));
  }
}

/** What goes on record of a gate that judges what is served; null of any other round. */
export function judgedOf(spec: RoundSpec, store: Pick<ShardStore, 'blob'>): Judged | null {
  if (spec.kind !== 'gate' || findsOffset(spec)) return null;
  return judgedIn(spec, new JudgedVersions(store.blob(JUDGED)).learned);
}
