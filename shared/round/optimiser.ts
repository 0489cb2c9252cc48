/**
 * Server optimisers (Reddi et al. 2021, "Adaptive Federated Optimization"): the aggregate is a pseudo-gradient,
 * and one step of momentum or Adam turns it into new parameters. Groups differ only in their learning rate.
 */
import type { OptimiserSettings } from '../protocol/training-settings.ts';

export interface OptimiserState {
  step: number;
  /** First moment, as long as the parameters. */
  first: Float32Array;
  /** Second moment; empty for momentum. */
  second: Float32Array;
}

export function newOptimiserState(kind: OptimiserSettings['kind'], length: number): OptimiserState {
  return {
    step: 0,
    first: new Float32Array(length),
    second: new Float32Array(kind === 'adam' ? length : 0),
  };
}

/** Factor on the learning rates at step `step` (from 0) of `steps`. */
export function rateFactor(settings: OptimiserSettings, step: number, steps: number): number {
  const warmupSteps = settings.warmup * steps;
  const rise = warmupSteps >= 1 ? Math.min(1, (step + 1) / warmupSteps) : 1;
  if (settings.decay === 'constant' || steps <= 1) return rise;
  const at = Math.min(1, step / steps);
  return rise * (settings.decay === 'linear' ? 1 - at : 0.5 * (1 + Math.cos(Math.PI * at)));
}

/**
 * One step in place: `parameters -= rate · direction(gradient)`.
 * @param split index of the first head parameter: below it `rates.adapter` applies, from it on `rates.head`.
 * @throws RangeError when lengths differ.
 */
export function applyStep(
  settings: OptimiserSettings,
  state: OptimiserState,
  parameters: Float32Array,
  gradient: Float64Array,
  split: number,
  rates: { adapter: number; head: number },
): void {
  if (gradient.length !== parameters.length || state.first.length !== parameters.length) {
    throw new RangeError(
      `optimiser: ${parameters.length} parameters, ${gradient.length} gradient coordinates, ${state.first.length} moments`,
    );
  }
  state.step += 1;
  const { first, second } = state;
  const beta1 = settings.momentum;
  if (settings.kind === 'momentum') {
    for (let i = 0; i < parameters.length; i++) {
      const velocity = beta1 * first[i]! + gradient[i]!;
      first[i] = velocity;
      parameters[i] = parameters[i]! - (i < split ? rates.adapter : rates.head) * velocity;
    }
    return;
  }
  const beta2 = settings.beta2;
  const correction1 = 1 - beta1 ** state.step;
  const correction2 = 1 - beta2 ** state.step;
  for (let i = 0; i < parameters.length; i++) {
    const g = gradient[i]!;
    const m = beta1 * first[i]! + (1 - beta1) * g;
    const v = beta2 * second[i]! + (1 - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    const rate = i < split ? rates.adapter : rates.head;
    parameters[i] =
      parameters[i]! - (rate * (m / correction1)) / (Math.sqrt(v / correction2) + settings.epsilon);
  }
}
