/**
 * From token states to a text's embedding: the mean of its own tokens or its first token, normalised. Where the
 * artifact has a centre, the direction that all texts share is taken out (Mu and Viswanath 2018, arXiv 1702.01417), so
 * that texts which have nothing in common are about orthogonal, whatever the encoder.
 */
import type { Node } from '../graph/node.ts';
import { div, inverseSqrt, maximum, mul, sub } from '../graph/operators/arithmetic.ts';
import { reshape } from '../graph/operators/layout.ts';
import { frozen, literal } from '../graph/operators/leaves.ts';
import { sum, sumSquares } from '../graph/operators/reduce.ts';
import { toFloat, tokenMask } from '../graph/operators/tokens.ts';
import { hasTensor, type ModelManifest } from '../manifest.ts';

/** Name of the tensor [width] that is taken from every normalised embedding. */
export const CENTRE = 'pooling.centre';

const SMALLEST_SQUARE = 1e-24;

/** Embeddings [B, width] of length one from token states [B*S, width] and int32 lengths [B]. */
export function poolTokens(manifest: ModelManifest, states: Node, lengths: Node): Node {
  const pooled = normalise(
    manifest.pooling === 'mean' ? meanPool(states, lengths) : firstToken(states, lengths),
  );
  if (!hasTensor(manifest, CENTRE)) return pooled;
  return normalise(sub(pooled, frozen(CENTRE, [manifest.width])));
}

/** The mean over a unit's own tokens. */
function meanPool(states: Node, lengths: Node): Node {
  const share = div(literal([1]), maximum(toFloat(lengths), literal([1])));
  return mul(sumOf(states, tokenMask(lengths)), reshape(share, ['B', 1]));
}

function firstToken(states: Node, lengths: Node): Node {
  return sumOf(states, tokenMask(lengths, 1));
}

/** The sum [B, width] of the tokens that `mask` [B, S] keeps. */
function sumOf(states: Node, mask: Node): Node {
  const width = states.shape[1]!;
  const kept = mul(reshape(states, ['B', 'S', width]), reshape(mask, ['B', 'S', 1]));
  return reshape(sum(kept, [1]), ['B', width]);
}

function normalise(x: Node): Node {
  return mul(x, inverseSqrt(sumSquares(x, [1]), SMALLEST_SQUARE));
}
