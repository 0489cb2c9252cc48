/**
 * Assembles models/scoring/row-products.wasm: products of int8 rows with a query in two int16 halves, in integers
 * and therefore exact. WebAssembly's SIMD has one instruction for it (`i32x4.dot_i16x8_s`); JavaScript has none. The
 * binary lies in the repository, because Workers take WebAssembly as files only; a test holds it against this source.
 */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const TARGET = join(dirname(dirname(fileURLToPath(import.meta.url))), 'models/scoring/row-products.wasm');
/** 320 KiB: the query, 1,024 results, and rows of 256 KiB at a time. */
const PAGES = 5;

const I32 = 0x7f;
const V128 = 0x7b;

/** LEB128, unsigned. */
function u(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}
const list = (items) => [...u(items.length), ...items.flat()];
const section = (id, content) => [id, ...u(content.length), ...content];
const text = (value) => list([...new TextEncoder().encode(value)]);
const simd = (opcode, ...operands) => [0xfd, ...u(opcode), ...operands];

// Parameters of `products(at, count, width, high, low, out)`, then locals.
const [at, count, width, high, low, out, end, query, x, sumHigh, sumLow] = Array.from(Array(11).keys());
const get = (local) => [0x20, ...u(local)];
const set = (local) => [0x21, ...u(local)];
/** One byte: 0 to 63, as signed LEB128. */
const i32 = (value) => [0x41, value];
const add = [0x6a];
const advance = (local, by) => [...get(local), ...i32(by), ...add, ...set(local)];
const zero = simd(0x0c, ...Array(16).fill(0));
const load = simd(0x00, 4, 0);
const load8x8 = simd(0x01, 3, 0);
const dot = simd(0xba);
const addLanes = simd(0xae);
const lane = (local, index) => [...get(local), ...simd(0x1b, index), 0xac];
const addLong = [0x7c];
/** A vector's four lanes as one i64. */
const total = (local) => [
  ...lane(local, 0),
  ...[1, 2, 3].flatMap((index) => [...lane(local, index), ...addLong]),
];
/** `sum += dot(x, the eight int16 at half + query)` */
const accumulate = (sum, half) => [
  ...get(sum),
  ...get(x),
  ...get(half),
  ...get(query),
  ...add,
  ...load,
  ...dot,
  ...addLanes,
  ...set(sum),
];
const LOOP = [0x03, 0x40];
const END = [0x0b];
const againIf = (condition) => [...condition, 0x0d, 0];

const body = [
  ...LOOP,
  ...[zero, set(sumHigh), zero, set(sumLow), i32(0), set(query)].flat(),
  ...[get(at), get(width), add, set(end)].flat(),
  ...LOOP,
  ...[get(at), load8x8, set(x)].flat(),
  ...accumulate(sumHigh, high),
  ...accumulate(sumLow, low),
  ...advance(at, 8),
  ...advance(query, 16),
  ...againIf([...get(at), ...get(end), 0x49]),
  ...END,
  // out = f64((Σ high << 15) + Σ low)
  ...[get(out), total(sumHigh), [0x42, 15, 0x86], total(sumLow), addLong, [0xb9], [0x39, 3, 0]].flat(),
  ...advance(out, 8),
  ...[get(count), i32(1), [0x6b], set(count)].flat(),
  ...againIf(get(count)),
  ...END,
  ...END,
];
const locals = [
  [2, I32],
  [3, V128],
];

/** The module: exports `memory` and `products`. */
export function rowProducts() {
  const code = [...list(locals.map(([n, type]) => [...u(n), type])), ...body];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([[0x60, ...list(Array(6).fill(I32)), ...list([])]])),
    ...section(3, list([u(0)])),
    ...section(5, list([[1, PAGES, PAGES]])),
    ...section(
      7,
      list([
        [...text('memory'), 2, 0],
        [...text('products'), 0, 0],
      ]),
    ),
    ...section(10, list([[...u(code.length), ...code]])),
  ]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await writeFile(TARGET, rowProducts());
