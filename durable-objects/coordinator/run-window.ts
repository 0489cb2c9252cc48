/** Which questions a run reads: those that can still pay for all of it. */
import { project } from '../../shared/privacy/ledger.ts';
import type { Arrivals } from '../../shared/privacy/ledger-arrivals.ts';
import { roomFor } from '../../shared/privacy/ledger-room.ts';
import { planNoise, policyOf } from '../../shared/round/noise-plan.ts';
import type { ActiveRun } from './run-store.ts';
import type { RunnerDeps } from './runner.ts';

/** @returns why there are none, in words, where there are none */
export function windowOf(
  { settings, ledger }: Pick<RunnerDeps, 'settings' | 'ledger'>,
  { noise }: Pick<ActiveRun, 'noise'>,
  now: number,
): Arrivals | string {
  const { privacy, retentionDays } = settings;
  const policy = ledger.covering(policyOf(privacy, retentionDays));
  if (noise === null) return { from: now - policy.retentionMs - 1, to: now };
  const { releases } = planNoise(privacy, retentionDays);
  const entries = ledger.entries();
  const room = roomFor(policy, entries, releases, now);
  if (room !== null) return room;
  const { epsilon } = project(policy, entries, releases, now);
  return `the privacy budget does not allow the run: ε would be ${epsilon.toFixed(3)} of ${privacy.epsilon}`;
}
