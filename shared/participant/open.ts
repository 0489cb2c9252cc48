/**
 * A participant, put together: the same for a collection's own regions, for regions that are guests of another
 * deployment, and for `fedcar join`. They differ in where things are kept and in what was agreed, and in nothing else.
 */
import { RUN_VERSION } from '../protocol/run-version.ts';
import { Participant, type ParticipantOptions } from './participant.ts';
import { type GuardDeps, RoundGuard } from './round-guard.ts';
import type { SecureIdentity } from './secure-answer.ts';

export interface ParticipantDeps
  extends Omit<ParticipantOptions, 'identity'>,
    Omit<SecureIdentity, 'guard'>,
    GuardDeps {}

export function openParticipant(deps: ParticipantDeps): Participant {
  const { rules, ledger, joined, retentionMs, ...others } = deps;
  const { signer, adminKey, encoder, privacy, pin, witness, watch, ...options } = others;
  const both = deps.own?.over(ledger) ?? ledger;
  const guard = new RoundGuard({ rules, ledger: both, joined, retentionMs, now: deps.now });
  const job = deps.store.job();
  if (job !== null && job.spec.serial !== undefined && (joined.get()?.task ?? null) === null)
    guard.adopt(job.spec);
  // Its serial stays joined.
  if (job !== null && job.version !== RUN_VERSION) deps.store.clearJob();
  return new Participant({
    ...options,
    identity: { signer, adminKey, encoder, privacy, pin, guard, witness, watch },
  });
}
