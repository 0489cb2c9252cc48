/**
 * BERT's layers (Devlin et al. 2019, post-norm) over the graph's operators. Tokens are rows of [B*S, width]; padding is
 * masked in attention, so it changes nothing.
 */
import type { Node } from '../graph/node.ts';
import { GELU_MINIMUM, gelu, softmax } from '../graph/operators/activation.ts';
import { add, scale, sub } from '../graph/operators/arithmetic.ts';
import { frozenProduct } from '../graph/operators/frozen-product.ts';
import { broadcast, reshape, select, transpose } from '../graph/operators/layout.ts';
import { frozen, literal } from '../graph/operators/leaves.ts';
import { matmul } from '../graph/operators/matmul.ts';
import { rmsNorm } from '../graph/operators/normalise.ts';
import { mean } from '../graph/operators/reduce.ts';
import { leadingRows, tokenMask, wordRows } from '../graph/operators/tokens.ts';
import type { ModelManifest } from '../manifest.ts';

/** Added to masked scores: exp underflows to exactly zero. */
const MASKED = -1e9;

/** What the embedding layer gives, [B*S, width], for int32 ids [B, S]. */
export function embeddingLayer(manifest: ModelManifest, ids: Node): Node {
  const { width, positions } = manifest;
  const words = wordRows(ids, 'embeddings.word', width);
  const table = leadingRows(frozen('embeddings.position', [positions, width]), 'S');
  const places = add(table, frozen('embeddings.type', [width]));
  return layerNorm(manifest, reshape(add(words, places), ['B*S', width]), 'embeddings.norm');
}

/** The transformer blocks: token states [B*S, width] from the soft embeddings [B*S, width]. */
export function encodeTokens(manifest: ModelManifest, embeddings: Node, lengths: Node): Node {
  const mask = tokenMask(lengths);
  // Written out over the queries once: adding it to every layer's scores is then a plain pass over memory.
  const penalties = reshape(scale(sub(literal([1]), mask), MASKED), ['B', 1, 1, 'S']);
  const scoreBias = broadcast(penalties, ['B', 1, 'S', 'S'], true);
  let x = embeddings;
  for (let layer = 0; layer < manifest.layers; layer++) x = block(manifest, x, scoreBias, `layer.${layer}`);
  return x;
}

function block(manifest: ModelManifest, x: Node, scoreBias: Node, name: string): Node {
  const { width, intermediate } = manifest;
  const attended = linear(attention(manifest, x, scoreBias, name), `${name}.attention.output`, width, width);
  const middle = layerNorm(manifest, add(attended, x), `${name}.attention.norm`);
  const inner = frozenProduct(middle, `${name}.intermediate.weight`, intermediate, width);
  const hidden = gelu(inner, frozen(`${name}.intermediate.bias`, [intermediate]));
  const result = linear(hidden, `${name}.output`, width, intermediate, GELU_MINIMUM);
  return layerNorm(manifest, add(result, middle), `${name}.output.norm`);
}

/** Multi-head self-attention with one product for queries, keys and values. */
function attention({ width, heads }: ModelManifest, x: Node, scoreBias: Node, name: string): Node {
  const size = width / heads;
  const joint = linear(x, `${name}.attention.qkv`, 3 * width, width);
  const parts = transpose(reshape(joint, ['B', 'S', 3, heads, size]), [2, 0, 3, 1, 4]);
  const scores = matmul(select(parts, 0), select(parts, 1), { transB: true, factor: 1 / Math.sqrt(size) });
  const context = matmul(softmax(add(scores, scoreBias)), select(parts, 2));
  return reshape(transpose(context, [0, 2, 1, 3]), ['B*S', width]);
}

function linear(x: Node, name: string, outputs: number, inputs: number, lowest: number | null = null): Node {
  const product = frozenProduct(x, `${name}.weight`, outputs, inputs, lowest);
  return add(product, frozen(`${name}.bias`, [outputs]));
}

function layerNorm({ width, layerNormEpsilon }: ModelManifest, x: Node, name: string): Node {
  const centred = sub(x, mean(x, [1]));
  const standard = rmsNorm(centred, frozen(`${name}.gamma`, [width]), layerNormEpsilon);
  return add(standard, frozen(`${name}.beta`, [width]));
}
