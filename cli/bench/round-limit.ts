/** `--rounds N`: a schedule with so many train rounds, cut short or drawn out in its last phase. */
import { planRun } from '../../shared/federated/run-plan.ts';
import type { TrainingPhase, TrainingSettings } from '../../shared/protocol/settings.ts';

/** @param units about how many queries train: the coordinator counts them itself. */
export function withRounds(training: TrainingSettings, rounds: number, units: number): TrainingSettings {
  const plan = planRun(training, units);
  const phases: TrainingPhase[] = [];
  let left = rounds;
  for (const [index, phase] of training.phases.entries()) {
    const { parts, rounds: planned } = plan.phases[index] as { parts: number; rounds: number };
    const last = index === training.phases.length - 1;
    const given = last ? left : Math.min(planned, left);
    if (given > 0) phases.push({ ...phase, passes: given / parts });
    left -= given;
  }
  return { ...training, phases };
}
