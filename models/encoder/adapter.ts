/**
 * The trainable adapter between the embedding layer and the first block (arXiv 2509.16508): soft embeddings
 * E' = E + E·A with A [width, width], or low-rank E' = E + (E·U)·V with U [width, rank], V [rank, width].
 */
import type { Node } from '../graph/node.ts';
import { add } from '../graph/operators/arithmetic.ts';
import { input } from '../graph/operators/leaves.ts';
import { matmul } from '../graph/operators/matmul.ts';

export type AdapterSpec = { kind: 'none' } | { kind: 'full' } | { kind: 'low-rank'; rank: number };

/** The adapter's parameters by the name of their graph input, in a fixed order. Throws a RangeError for a bad rank. */
export function adapterParameters(spec: AdapterSpec, width: number): Record<string, Node> {
  if (spec.kind === 'none') return {};
  if (spec.kind === 'full') return { adapter_a: input('adapter_a', [width, width]) };
  if (!Number.isInteger(spec.rank) || spec.rank < 1 || spec.rank > width) {
    throw new RangeError(`adapter rank must be an integer from 1 to ${width}, got ${spec.rank}`);
  }
  return {
    adapter_u: input('adapter_u', [width, spec.rank]),
    adapter_v: input('adapter_v', [spec.rank, width]),
  };
}

/** Soft embeddings [B*S, width] from embeddings of the same shape. */
export function adapt(embeddings: Node, parameters: Record<string, Node>): Node {
  const factors = Object.values(parameters);
  return factors.length === 0
    ? embeddings
    : add(
        embeddings,
        factors.reduce((x, p) => matmul(x, p), embeddings),
      );
}
