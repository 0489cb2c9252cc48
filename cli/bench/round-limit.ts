/** `--rounds N`: settings with so many train rounds, every phase cut short or drawn out alike. */
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { TrainingPhase } from '../../shared/protocol/training-settings.ts';
import { type PlannedPhase, planRun, trainRounds } from '../../shared/round/run-plan.ts';

/** @param units about how many queries train: the coordinator counts them itself. */
export function withRounds(settings: CollectionSettings, rounds: number, units: number): CollectionSettings {
  const { privacy, training } = settings;
  if (privacy.noise === 'on') {
    return { ...settings, privacy: { ...privacy, training: { ...privacy.training, steps: rounds } } };
  }
  const plan = planRun(training.phases, { units, members: settings.regions.length, activeRows: 0 });
  const phases: TrainingPhase[] = [];
  const all = trainRounds(plan);
  let planned = 0;
  let given = 0;
  for (const [index, phase] of training.phases.entries()) {
    const { parts, rounds: own } = plan.phases[index] as PlannedPhase;
    planned += own;
    const upTo = Math.round((rounds * planned) / all);
    if (upTo > given) phases.push({ ...phase, passes: (upTo - given) / parts });
    given = upTo;
  }
  return { ...settings, training: { ...training, phases } };
}
