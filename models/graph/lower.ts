/**
 * Turns nodes into one ONNX graph with branches. A region is a set of named results and, if wanted, one nested
 * choice; what lies behind a region's results is emitted in that region, unless an enclosing region has it. Weights,
 * constants and inputs exist once, at the top.
 */
import type { ModelManifest } from '../manifest.ts';
import type {
  Attribute,
  DataType,
  ExternalTensor,
  InlineTensor,
  OnnxGraph,
  OnnxNode,
  ValueInfo,
} from '../onnx/model.ts';
import type { Dim, Shape } from './dims.ts';
import { type Emitter, int, type Layout, type Lowering } from './emitter.ts';
import { ancestors, type Node } from './node.ts';

/** `values` are results of this region; a name that only a nested branch gives is given by both its branches. */
export interface Region {
  readonly values: Readonly<Record<string, Node>>;
  readonly choice?: {
    readonly condition: { input: string; equals: number };
    readonly whenEqual: Region;
    readonly otherwise: Region;
  };
}

/** One constant that the graph takes from the artifact, as an external file of its own. */
export interface WeightUse {
  readonly location: string;
  readonly tensor: string;
  readonly dtype: 'int8' | 'float32';
  readonly layout: Layout;
  readonly shape: readonly number[];
}

export interface LoweredGraph {
  readonly graph: OnnxGraph;
  readonly weights: readonly WeightUse[];
}

/** Where a symbolic dimension is read: axis `axis` of the input `input`. */
export type DimSources = Readonly<Record<string, { input: string; axis: number }>>;

export interface LowerOptions {
  readonly name: string;
  readonly manifest: ModelManifest;
  readonly lowering: Lowering;
  readonly dims: DimSources;
  /** Names and element types of the graph's outputs; a branch without a value gives an empty tensor. */
  readonly outputs: readonly { name: string; dtype: DataType; rank: number }[];
  /** Every input, declared in this order, used or not. */
  readonly inputs: readonly ValueInfo[];
}

interface Scope {
  readonly nodes: OnnxNode[];
  readonly names: Map<Node, string>;
  readonly parent: Scope | null;
}

export function lowerGraph(region: Region, options: LowerOptions): LoweredGraph {
  return new GraphLowering(options).run(region);
}

class GraphLowering implements Emitter {
  readonly lowering: Lowering;
  private readonly options: LowerOptions;
  private readonly top: Scope = { nodes: [], names: new Map(), parent: null };
  private scope: Scope = this.top;
  private readonly constants = new Map<string, InlineTensor | ExternalTensor>();
  private readonly weights = new Map<string, WeightUse>();
  /** Values made once at the top: sizes, shapes, filled vectors. */
  private readonly shared = new Map<string, string>();
  private readonly seconds = new Map<string, string>();
  private made = 0;

  constructor(options: LowerOptions) {
    this.options = options;
    this.lowering = options.lowering;
  }

  run(region: Region): LoweredGraph {
    const { name, inputs } = this.options;
    // Shared values are emitted at the top while the branches are made, so before the node that holds those.
    const body = this.branch(region, name, this.top);
    const graph = { ...body, inputs, initializers: [...this.constants.values()] };
    return { graph, weights: [...this.weights.values()] };
  }

  /** The graph of one region; its outputs are all of the model's, in order. */
  private branch(region: Region, name: string, scope: Scope): OnnxGraph {
    const outer = this.scope;
    this.scope = scope;
    for (const node of ancestors(Object.values(region.values), (known) => this.find(known) !== undefined)) {
      const inputs = node.inputs.map((input) => this.find(input)!);
      scope.names.set(node, node.operator.lower(this, inputs, node));
    }
    const outputs = this.results(region, name);
    this.scope = outer;
    return { name, nodes: scope.nodes, initializers: [], inputs: [], outputs };
  }

  private results(region: Region, name: string): ValueInfo[] {
    const infos = this.options.outputs;
    const nested = region.choice === undefined ? [] : infos.filter((info) => !(info.name in region.values));
    const chosen = new Map(nested.map((info) => [info.name, this.resultName(info.name)]));
    if (region.choice !== undefined) {
      const { condition, whenEqual, otherwise } = region.choice;
      const test = this.emit('Equal', [condition.input, this.integers([condition.equals], 'int32', [])]);
      const make = (part: Region, label: string) => {
        const scope = { nodes: [], names: new Map(), parent: this.scope };
        const graph = this.branch(part, `${name}/${label}`, scope);
        const outputs = graph.outputs.filter((_, index) => nested.includes(infos[index]!));
        return { kind: 'graph', value: { ...graph, outputs } } as const;
      };
      const attributes = { then_branch: make(whenEqual, 'then'), else_branch: make(otherwise, 'else') };
      this.scope.nodes.push({
        operator: 'If',
        domain: '',
        inputs: [test],
        outputs: [...chosen.values()],
        attributes,
      });
    }
    return infos.map(({ name: output, dtype, rank }) => {
      const result = chosen.get(output) ?? this.result(region.values[output], output, dtype, rank);
      return { name: result, dtype, shape: Array.from({ length: rank }, (_, axis) => `${result}.${axis}`) };
    });
  }

  /** The graph's own outputs bear their public names; those of branches are distinct from all others. */
  private resultName(output: string): string {
    return this.scope === this.top ? output : this.fresh(output);
  }

  /** A branch's output must be made inside the branch, so an outer value (or none at all) is copied. */
  private result(node: Node | undefined, output: string, dtype: DataType, rank: number): string {
    const source = node === undefined ? this.empty(dtype, rank) : this.find(node)!;
    const isOwn = this.scope !== this.top && this.scope.nodes.some((made) => made.outputs.includes(source));
    if (isOwn) return source;
    const target = this.resultName(output);
    this.scope.nodes.push({
      operator: 'Identity',
      domain: '',
      inputs: [source],
      outputs: [target],
      attributes: {},
    });
    return target;
  }

  private empty(dtype: DataType, rank: number): string {
    const shape = Array.from({ length: rank }, () => 0);
    return this.constant(dtype, shape, new Uint8Array(0));
  }

  private find(node: Node): string | undefined {
    for (let scope: Scope | null = this.scope; scope !== null; scope = scope.parent) {
      const name = scope.names.get(node);
      if (name !== undefined) return name;
    }
    return undefined;
  }

  private fresh(hint: string): string {
    this.made += 1;
    return `${hint}_${this.made}`;
  }

  private push(
    operator: string,
    domain: OnnxNode['domain'],
    inputs: readonly string[],
    attributes = {},
  ): string {
    const output = this.fresh(operator);
    this.scope.nodes.push({ operator, domain, inputs, outputs: [output], attributes });
    return output;
  }

  emit(operator: string, inputs: readonly string[], attributes?: Record<string, Attribute>): string {
    return this.push(operator, '', inputs, attributes);
  }

  emitRuntime(operator: string, inputs: readonly string[], attributes?: Record<string, Attribute>): string {
    return this.push(operator, 'com.microsoft', inputs, attributes);
  }

  floats(
    values: readonly number[],
    shape: readonly number[] = values.length === 1 ? [] : [values.length],
  ): string {
    return this.constant('float32', shape, new Uint8Array(Float32Array.from(values).buffer));
  }

  integers(
    values: readonly number[],
    dtype: 'uint8' | 'int32' | 'int64',
    shape: readonly number[] = [values.length],
  ): string {
    const array =
      dtype === 'int64'
        ? BigInt64Array.from(values, BigInt)
        : dtype === 'int32'
          ? Int32Array.from(values)
          : Uint8Array.from(values);
    return this.constant(dtype, shape, new Uint8Array(array.buffer));
  }

  private constant(dtype: DataType, shape: readonly number[], bytes: Uint8Array): string {
    const key = `${dtype}[${shape}]${bytes.join()}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known.name;
    const name = this.fresh(`constant_${dtype}`);
    this.constants.set(key, { name, dtype, shape, bytes });
    return name;
  }

  stored(name: string): { dtype: 'int8' | 'float32'; shape: readonly number[] } {
    const entry = this.options.manifest.tensors.find((tensor) => tensor.name === name);
    if (entry === undefined) throw new RangeError(`the artifact has no tensor '${name}'`);
    return entry;
  }

  has(name: string): boolean {
    return this.options.manifest.tensors.some((tensor) => tensor.name === name);
  }

  artifact(tensor: string, dtype: 'int8' | 'float32', layout: Layout = 'out-in'): string {
    const stored = this.stored(tensor);
    if (dtype === 'int8' && stored.dtype !== 'int8') {
      throw new RangeError(`int8 lowering wants '${tensor}' as int8, the artifact has ${stored.dtype}`);
    }
    const shape = layout === 'in-out' ? [...stored.shape].reverse() : stored.shape;
    const location = layout === 'in-out' ? `${tensor}.transposed` : tensor;
    const byteLength = shape.reduce((size, dim) => size * dim, dtype === 'int8' ? 1 : 4);
    if (!this.weights.has(location)) {
      this.weights.set(location, { location, tensor, dtype, layout, shape });
      this.constants.set(`external ${location}`, { name: location, dtype, shape, location, byteLength });
    }
    return location;
  }

  input(name: string): string {
    if (!this.options.inputs.some((info) => info.name === name))
      throw new RangeError(`undeclared input '${name}'`);
    return name;
  }

  sizes(dims: readonly Dim[]): string {
    return this.once(`sizes ${dims}`, () => {
      if (dims.every((dim) => typeof dim === 'number')) return this.integers(dims as number[], 'int64');
      if (dims.length > 1) {
        return this.emit(
          'Concat',
          dims.map((dim) => this.sizes([dim])),
          { axis: int(0) },
        );
      }
      const symbol = String(dims[0]);
      const source = this.options.dims[symbol];
      if (source === undefined) {
        const factors = symbol.split('*');
        if (factors.length === 1) throw new RangeError(`dimension '${symbol}' has no source`);
        return factors.map((factor) => this.sizes([factor])).reduce((a, b) => this.emit('Mul', [a, b]));
      }
      return this.emit('Shape', [source.input], { start: int(source.axis), end: int(source.axis + 1) });
    });
  }

  reshapeTarget(shape: Shape): string {
    const symbolic = shape.filter((dim) => typeof dim === 'string').length;
    if (symbolic > 1) return this.sizes(shape);
    return this.integers(
      shape.map((dim) => (typeof dim === 'string' ? -1 : dim)),
      'int64',
    );
  }

  filledColumn(value: number, length: Dim): string {
    return this.once(`filled ${value} ${length}`, () =>
      this.emit('Expand', [this.integers([value], 'uint8'), this.sizes([length, 1])]),
    );
  }

  emitPair(operator: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    const [first, second] = [this.fresh(operator), this.fresh(operator)];
    this.scope.nodes.push({ operator, domain: '', inputs, outputs: [first, second], attributes });
    this.seconds.set(first, second);
    return first;
  }

  second(first: string): string {
    const name = this.seconds.get(first);
    if (name === undefined) throw new RangeError(`'${first}' has no second result`);
    return name;
  }

  /** Emits at the top, whatever the current region is. */
  private once(key: string, make: () => string): string {
    const known = this.shared.get(key);
    if (known !== undefined) return known;
    const inner = this.scope;
    this.scope = this.top;
    const name = make();
    this.scope = inner;
    this.shared.set(key, name);
    return name;
  }
}
