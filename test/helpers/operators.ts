/** Every operator of the graph. Those whose derivative is 'none' serve derivatives, clipping and metrics only. */
import type { Operator } from '../../models/graph/node.ts';
import { GELU, GELU_SLOPE, SOFTMAX } from '../../models/graph/operators/activation.ts';
import {
  ADD,
  DIV,
  INVERSE_SQRT,
  MAXIMUM,
  MINIMUM,
  MUL,
  SCALE,
  SQRT,
  SQUARE,
  SUB,
} from '../../models/graph/operators/arithmetic.ts';
import {
  COSINE_SCORES,
  CROSS_ENTROPY,
  IS_LARGEST,
  SOFTMAX_ERROR,
  UNLIKELIHOOD,
  UNLIKELIHOOD_SLOPE,
} from '../../models/graph/operators/classify.ts';
import { FROZEN_PRODUCT } from '../../models/graph/operators/frozen-product.ts';
import { BROADCAST, PLACE, RESHAPE, SELECT, STACK, TRANSPOSE } from '../../models/graph/operators/layout.ts';
import { FROZEN, INPUT, LITERAL } from '../../models/graph/operators/leaves.ts';
import { MATMUL } from '../../models/graph/operators/matmul.ts';
import { INVERSE_RMS, RMS_NORM } from '../../models/graph/operators/normalise.ts';
import { MEAN, SUM, SUM_SQUARES } from '../../models/graph/operators/reduce.ts';
import { LEADING_ROWS, TO_FLOAT, TOKEN_MASK, WORD_ROWS } from '../../models/graph/operators/tokens.ts';

export const OPERATORS: readonly Operator[] = [
  ...[INPUT, LITERAL, FROZEN],
  ...[ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, SCALE, SQUARE, SQRT, INVERSE_SQRT],
  ...[RESHAPE, BROADCAST, TRANSPOSE, SELECT, PLACE, STACK],
  ...[SUM, MEAN, SUM_SQUARES],
  ...[GELU, GELU_SLOPE, SOFTMAX, RMS_NORM, INVERSE_RMS],
  ...[MATMUL, FROZEN_PRODUCT, COSINE_SCORES],
  ...[WORD_ROWS, LEADING_ROWS, TOKEN_MASK, TO_FLOAT],
  ...[CROSS_ENTROPY, UNLIKELIHOOD, UNLIKELIHOOD_SLOPE, SOFTMAX_ERROR, IS_LARGEST],
] as readonly Operator[];
