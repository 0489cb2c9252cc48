/**
 * Per-unit clipping without per-unit gradients: ghost norms first, then one more product per parameter with
 * cotangents scaled by each unit's coefficient. A gradient is linear in its cotangent and a unit's cotangent is its
 * own, so the result is Σ_b coefficient_b · gradient_b.
 */
import type { Derivative, Use } from './differentiate.ts';
import type { Node } from './node.ts';
import { div, maximum, minimum, mul, sqrt } from './operators/arithmetic.ts';
import { broadcast, reshape } from './operators/layout.ts';
import { literal } from './operators/leaves.ts';

/** Keeps 0/0 out: a gradient of norm zero has coefficient 1. */
const SMALLEST_NORM = 1e-30;

/** Squared norms [B] of the units' gradients. Throws a RangeError for a parameter that is used more than once. */
export function unitNormSquares(derivative: Derivative): Node {
  const { consumer, cotangent, index } = onlyUse(derivative);
  if (consumer.operator.ghostNorm === undefined) {
    throw new RangeError(`operator '${consumer.operator.name}' has no ghost norm`);
  }
  // Rounding may leave a difference of squares slightly negative.
  return maximum(consumer.operator.ghostNorm(consumer, cotangent, index), literal([0]));
}

/** Σ_b coefficients[b] · (gradient of unit b), for coefficients [B]. */
export function weightedGradient(derivative: Derivative, coefficients: Node): Node {
  const { consumer, cotangent, index } = onlyUse(derivative);
  const { derivative: rule } = consumer.operator;
  if (rule === 'none') throw new RangeError(`operator '${consumer.operator.name}' has no derivative`);
  return rule(consumer, scaleUnits(cotangent, coefficients))[index]!;
}

/** min(1, limit/‖g‖) [B] for a scalar limit; an infinite limit never clips. */
export function clipCoefficients(normSquares: Node, limit: Node): Node {
  return minimum(div(limit, maximum(sqrt(normSquares), literal([SMALLEST_NORM]))), literal([1]));
}

/** Multiplies every unit's part of a cotangent [B, k] or [B*S, k] by its coefficient [B]. */
function scaleUnits(cotangent: Node, coefficients: Node): Node {
  if (cotangent.shape[0] === 'B') return mul(cotangent, reshape(coefficients, ['B', 1]));
  const tokens = broadcast(reshape(coefficients, ['B', 1]), ['B', 'S']);
  return mul(cotangent, reshape(tokens, ['B*S', 1]));
}

function onlyUse({ uses }: Derivative): Use {
  const [use] = uses;
  if (use === undefined || uses.length > 1) {
    throw new RangeError(`a clipped parameter enters the graph once, this one ${uses.length} times`);
  }
  return use;
}
