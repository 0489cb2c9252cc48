/**
 * Symbolic dimensions: a number, a symbol ('B' units, 'S' padded tokens a unit, 'C' head rows) or a product of
 * symbols in alphabetical order ('B*S'). Shapes are compared as written, so one graph holds for every batch.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** The product of dimensions, split into its number and its symbols in alphabetical order. */
export function product(shape: Shape): { count: number; symbols: string } {
  let count = 1;
  const symbols: string[] = [];
  for (const dim of shape) {
    if (typeof dim === 'number') count *= dim;
    else symbols.push(...dim.split('*'));
  }
  return { count, symbols: symbols.sort().join('*') };
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

export function sameSize(a: Shape, b: Shape): boolean {
  const [left, right] = [product(a), product(b)];
  return left.count === right.count && left.symbols === right.symbols;
}

/** NumPy broadcasting. Throws a RangeError for shapes that do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new RangeError(`shapes [${a}] and [${b}] do not broadcast: ${left} against ${right}`);
  });
}

/** The axes of `full` along which a value of shape `part` was repeated to get it. */
export function repeatedAxes(part: Shape, full: Shape): number[] {
  const missing = full.length - part.length;
  return full.flatMap((dim, axis) => (axis < missing || part[axis - missing] !== dim ? [axis] : []));
}
