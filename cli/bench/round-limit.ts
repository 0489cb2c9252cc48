/** `--rounds N`: settings with so many train rounds, cut short or drawn out in their last phase. */
import { planRun } from '../../shared/federated/run-plan.ts';
import type { CollectionSettings, TrainingPhase } from '../../shared/protocol/settings.ts';

/** @param units about how many queries train: the coordinator counts them itself. */
export function withRounds(settings: CollectionSettings, rounds: number, units: number): CollectionSettings {
  const { privacy, training } = settings;
  if (privacy.noise === 'on') {
    return { ...settings, privacy: { ...privacy, training: { ...privacy.training, steps: rounds } } };
  }
  const plan = planRun(training.phases, units);
  const phases: TrainingPhase[] = [];
  let left = rounds;
  for (const [index, phase] of training.phases.entries()) {
    const { parts, rounds: planned } = plan.phases[index] as { parts: number; rounds: number };
    const last = index === training.phases.length - 1;
    const given = last ? left : Math.min(planned, left);
    if (given > 0) phases.push({ ...phase, passes: given / parts });
    left -= given;
  }
  return { ...settings, training: { ...training, phases } };
}
