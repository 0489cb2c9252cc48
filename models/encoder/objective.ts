/**
 * The training objective: cross-entropy over a cosine head, logit_c = τ·cos(q, w_c) for active rows and
 * τ·(cos(q, w_c) + margin) for the others, which do not learn (a margin of −10⁹ leaves them out); for a row that does
 * not answer the unlikelihood instead. And the clipped gradient sums of a microbatch: a unit is clipped alike whichever
 * of the two it has. The derivative of every part comes from the operator table.
 */
import { clipCoefficients, unitNormSquares, weightedGradient } from '../graph/clip.ts';
import { type Derivative, differentiate } from '../graph/differentiate.ts';
import type { Node } from '../graph/node.ts';
import { add, minimum, mul, scale, sqrt, sub } from '../graph/operators/arithmetic.ts';
import { cosineScores, crossEntropy, isLargest, unlikelihood } from '../graph/operators/classify.ts';
import { broadcast, select } from '../graph/operators/layout.ts';
import { input, literal } from '../graph/operators/leaves.ts';

/** The inputs of a training step; see build-model.ts for their meaning. */
export function objectiveInputs(width: number) {
  return {
    head: input('head', ['C', width]),
    active: input('active', ['C']),
    labels: input('labels', ['B'], 'int32'),
    relevant: input('relevant', ['B']),
    weights: input('weights', ['B']),
    tau: input('tau', []),
    margin: input('margin', []),
    clip: input('clip', [3]),
  };
}
export type ObjectiveInputs = ReturnType<typeof objectiveInputs>;

/** Loss [B], hits [B], norms [B] and clipped sums, by output name, for queries [B, width]. */
export function trainingStep(
  queries: Node,
  inputs: ObjectiveInputs,
  adapter: Record<string, Node>,
): Record<string, Node> {
  const { head, active, labels, relevant, weights, tau, margin, clip } = inputs;
  // Rows that do not learn compete at their fixed place, so that queries are not pulled over from them.
  const handicap = mul(sub(literal([1]), active), margin);
  const logits = mul(add(cosineScores(queries, head, active), handicap), tau);
  const entropy = crossEntropy(logits, labels);
  const loss = add(mul(entropy, relevant), mul(unlikelihood(entropy), sub(literal([1]), relevant)));
  const wanted = [...Object.values(adapter), head];
  const derivatives = differentiate(loss, broadcast(literal([1]), ['B']), wanted);
  const squares = derivatives.map(unitNormSquares);

  const ofHead = derivatives.at(-1)!;
  const headSquares = squares.at(-1)!;
  const adapterSquares = squares.length > 1 ? squares.slice(0, -1).reduce(add) : scale(headSquares, 0);
  const total = squares.reduce(add);
  const limits = [0, 1, 2].map((part) => select(clip, part));
  const joint = clipCoefficients(total, limits[0]!);
  const forAdapter = minimum(joint, clipCoefficients(adapterSquares, limits[1]!));
  const forHead = minimum(joint, clipCoefficients(headSquares, limits[2]!));

  const sums = Object.keys(adapter).map((name, index) => [
    name.replace('adapter', 'grad_adapter'),
    weightedGradient(derivatives[index] as Derivative, mul(weights, forAdapter)),
  ]);
  return {
    loss,
    correct: isLargest(logits, labels),
    norm_adapter: sqrt(adapterSquares),
    norm_head: sqrt(headSquares),
    ...Object.fromEntries(sums),
    grad_head: weightedGradient(ofHead, mul(weights, forHead)),
  };
}
