/**
 * Settings that contradict each other although each of them is well formed. They are refused where a collection is made
 * or changed; what an earlier version stored is opened as it is.
 */
import { type CollectionSettings, phasesOf } from './settings.ts';
import type { TrainingPhase } from './training-settings.ts';

/** A sentence each, which names both fields, as paths below `settings`, and their values. */
export function settingsConflicts(settings: CollectionSettings): string[] {
  const { activeThreshold, inactiveThreshold, phases } = settings.training;
  const { recordsPerDay, recordsPerContributor } = settings.feedback;
  const conflicts: string[] = [];
  if (inactiveThreshold >= activeThreshold)
    conflicts.push(
      `training.inactiveThreshold: ${inactiveThreshold} is not below training.activeThreshold, ${activeThreshold}: a row with as many queries would come and go at once`,
    );
  if (recordsPerDay > recordsPerContributor)
    conflicts.push(
      `feedback.recordsPerDay: ${recordsPerDay} is above feedback.recordsPerContributor, ${recordsPerContributor}`,
    );
  const noised = settings.privacy.noise === 'on';
  if (!noised && phases.every(({ passes }) => passes === 0))
    conflicts.push('training.phases: passes is 0 in each of them, so that nothing is trained');
  for (const [index, phase] of phasesOf(settings).entries()) {
    const at = noised ? 'privacy.training' : `training.phases.${index}`;
    const still = stillProblem(phase, settings.adapter.kind !== 'none');
    if (still !== null) conflicts.push(`${at}.optimiser.${still} while ${at}.train is ${phase.train}`);
  }
  return conflicts;
}

/** What a phase says that it trains, and does not move. */
function stillProblem({ train, optimiser }: TrainingPhase, hasAdapter: boolean): string | null {
  const { adapterRate, headRate } = optimiser;
  if (train === 'adapter-and-head' && hasAdapter)
    return adapterRate === 0 ? 'adapterRate: 0 keeps the adapter where it is' : null;
  return headRate === 0 ? 'headRate: 0 keeps the head where it is' : null;
}
