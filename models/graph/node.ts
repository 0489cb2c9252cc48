/**
 * The intermediate representation: immutable nodes that point at their inputs and at their operator. An operator
 * is one row of the table: shape rule, ONNX lowering, derivative and, where it consumes a trained parameter, the
 * ghost norm. Nothing here knows an operator by name.
 */
import type { DataType } from '../onnx/model.ts';
import type { Shape } from './dims.ts';
import type { Emitter } from './emitter.ts';

/** One value of the graph. `order` grows with creation, so that sorting by it is a topological order. */
export interface Node<A = unknown> {
  readonly order: number;
  readonly operator: Operator<A>;
  readonly inputs: readonly Node[];
  readonly attributes: A;
  readonly shape: Shape;
  readonly dtype: DataType;
}

export interface Operator<A = unknown> {
  readonly name: string;
  /** Checks the inputs (RangeError) and gives the result's shape. */
  shape(inputs: readonly Node[], attributes: A): Shape;
  /** float32 unless stated. */
  dtype?(inputs: readonly Node[], attributes: A): DataType;
  /** Emits ONNX nodes for `node`, whose inputs have the given names, and returns the result's name. */
  lower(emitter: Emitter, inputs: readonly string[], node: Node<A>): string;
  /**
   * The vector-Jacobian product: from the cotangent of `node` those of its inputs, null where the derivative is
   * zero or the input is frozen. 'none' marks an operator that has no derivative.
   */
  readonly derivative: 'none' | Derivative<A>;
  /**
   * Squared L2 norms [B] of every unit's own gradient with respect to input `index`, without making those
   * gradients (Goodfellow 2015; Li et al. 2021, section 4).
   */
  ghostNorm?(node: Node<A>, cotangent: Node, index: number): Node;
}

/** Declared through a method, so that an `Operator<A>` is an `Operator` (parameters compare bivariantly). */
type Derivative<A> = { rule(node: Node<A>, cotangent: Node): readonly (Node | null)[] }['rule'];

let created = 0;

/** Makes a node after its operator's shape rule has accepted the inputs. */
export function makeNode<A>(operator: Operator<A>, inputs: readonly Node[], attributes: A): Node<A> {
  const shape = operator.shape(inputs, attributes);
  const dtype = operator.dtype?.(inputs, attributes) ?? 'float32';
  created += 1;
  return { order: created, operator, inputs, attributes, shape, dtype };
}

/** Everything that `outputs` depend on, inputs first; `isKnown` nodes are left out with what lies behind them. */
export function ancestors(outputs: readonly Node[], isKnown: (node: Node) => boolean = () => false): Node[] {
  const seen = new Set<Node>();
  const pending = outputs.filter((node) => !isKnown(node));
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    pending.push(...node.inputs.filter((input) => !isKnown(input)));
  }
  return [...seen].sort((a, b) => a.order - b.order);
}
