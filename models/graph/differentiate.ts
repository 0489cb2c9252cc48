/**
 * Reverse-mode differentiation: walks the graph from a scalar's terms back to the wanted nodes and appends the
 * operators' vector-Jacobian products. Knows no operator; an operator without a derivative on the way is an error.
 */

import { ancestors, type Node, type Operator } from './node.ts';
import { add } from './operators/arithmetic.ts';
import { PLACE, stack } from './operators/layout.ts';

/** One place where a wanted node enters the graph, with the cotangent of the node it enters. */
export interface Use {
  readonly consumer: Node;
  readonly cotangent: Node;
  readonly index: number;
}

export interface Derivative {
  readonly gradient: Node;
  readonly uses: readonly Use[];
}

/**
 * The gradients of Σ(seed ∘ output) with respect to `wanted`, in the same order. Throws a RangeError if a wanted
 * node does not influence the output.
 */
export function differentiate(output: Node, seed: Node, wanted: readonly Node[]): Derivative[] {
  const relevant = dependents(output, wanted);
  const arriving = new Map<Node, Node[]>([[output, [seed]]]);
  const uses = new Map<Node, Use[]>(wanted.map((node) => [node, []]));
  const gradients = new Map<Node, Node>();
  for (const node of [...relevant].reverse()) {
    const parts = arriving.get(node);
    if (parts === undefined) continue;
    const cotangent = total(parts);
    gradients.set(node, cotangent);
    if (node.inputs.every((input) => !relevant.has(input))) continue;
    const { derivative, name } = node.operator;
    if (derivative === 'none') throw new RangeError(`operator '${name}' has no derivative`);
    derivative(node, cotangent).forEach((part, index) => {
      const input = node.inputs[index]!;
      if (part === null || !relevant.has(input)) return;
      arriving.set(input, [...(arriving.get(input) ?? []), part]);
      uses.get(input)?.push({ consumer: node, cotangent, index });
    });
  }
  return wanted.map((node) => {
    const gradient = gradients.get(node);
    if (gradient === undefined) throw new RangeError(`'${node.operator.name}' does not influence the output`);
    return { gradient, uses: uses.get(node)! };
  });
}

/** The nodes between `wanted` and `output`, both included, inputs first. */
function dependents(output: Node, wanted: readonly Node[]): Set<Node> {
  const between = new Set<Node>();
  for (const node of ancestors([output])) {
    if (wanted.includes(node) || node.inputs.some((input) => between.has(input))) between.add(node);
  }
  return between;
}

/** The sum of cotangents; entries of one stack, each placed by its own select, are put together instead. */
function total(parts: readonly Node[]): Node {
  const [first, ...rest] = parts as [Node, ...Node[]];
  if (parts.every((part) => part.operator === (PLACE as Operator)) && parts.length === first.shape[0]) {
    const slot = (part: Node) => (part.attributes as { index: number }).index;
    const entries = [...parts].sort((a, b) => slot(a) - slot(b));
    if (entries.every((part, index) => slot(part) === index))
      return stack(entries.map((part) => part.inputs[0]!));
  }
  return rest.reduce(add, first);
}
