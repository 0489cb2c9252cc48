/**
 * What an operator's lowering may use: emitting an ONNX node, constants, the artifact's tensors and shapes made
 * at run time. lower.ts implements it.
 */
import type { Attribute, DataType } from '../onnx/model.ts';
import type { Dim, Shape } from './dims.ts';

export type Lowering = 'int8' | 'fp32';

/** How a frozen matrix is wanted: as the artifact has it ('out-in') or transposed ('in-out'). */
export type Layout = 'out-in' | 'in-out';

export interface Emitter {
  /** How frozen products are computed. */
  readonly lowering: Lowering;
  /** Emits a standard operator with one result. */
  emit(operator: string, inputs: readonly string[], attributes?: Record<string, Attribute>): string;
  /** Emits one of ONNX Runtime's own operators ('com.microsoft'). */
  emitRuntime(operator: string, inputs: readonly string[], attributes?: Record<string, Attribute>): string;
  /** A small constant, shared by value. */
  floats(values: readonly number[], shape?: readonly number[]): string;
  integers(values: readonly number[], dtype: 'uint8' | 'int32' | 'int64', shape?: readonly number[]): string;
  /** A tensor of the artifact; a matrix in the wanted layout and element type. */
  artifact(name: string, dtype: 'int8' | 'float32', layout?: Layout): string;
  /** How the artifact stores a tensor. */
  stored(name: string): { readonly dtype: 'int8' | 'float32'; readonly shape: readonly number[] };
  has(name: string): boolean;
  /** The name of a graph input; declares it on first use. */
  input(name: string, dtype: DataType, shape: Shape): string;
  /** A 1-D int64 tensor with the values of `dims`. */
  sizes(dims: readonly Dim[]): string;
  /** The target of a Reshape: constant if at most one dimension is symbolic. */
  reshapeTarget(shape: Shape): string;
  /** A uint8 column [length, 1] of `value`, made once a run. */
  filledColumn(value: number, length: Dim): string;
  /** Emits a standard operator with two results and returns the first; `second` gives the other by its name. */
  emitPair(operator: string, inputs: readonly string[], attributes?: Record<string, Attribute>): string;
  second(first: string): string;
}

export const int = (value: number): Attribute => ({ kind: 'int', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });
