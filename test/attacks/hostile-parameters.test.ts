/**
 * A coordinator that sends parameters under which clipping would not hold: rows next to a query and next to nothing, so
 * that norms are small differences of large numbers; a huge temperature; values that are no numbers; directions along
 * which a gradient would be longer than it was clipped to.
 */
import { describe } from 'vitest';
import { openEngine } from '../../models/engine.ts';
import { fsSource } from '../../models/fs-source.ts';
import { nodeOrtWasm } from '../../models/ort-wasm-node.ts';
import { checkDirections, checkParameters } from '../../shared/participant/parameter-bounds.ts';
import { principalDirections } from '../../shared/privacy/principal-directions.ts';
import { seededNormal } from '../helpers/tiny-bert.ts';
import { attack, refusalOf } from './outcome.ts';

const WIDTH = 384;
const none = new Float32Array(0);
const row = (value: number) => new Float32Array(WIDTH).fill(value);
const BAD: [string, Parameters<typeof checkParameters>[1], Float32Array, number][] = [
  ['a row that is no number', { adapter: none, head: row(Number.NaN) }, none, 20],
  ['an infinite row', { adapter: none, head: row(Number.POSITIVE_INFINITY) }, none, 20],
  ['a row of nothing', { adapter: none, head: row(0) }, none, 20],
  ['a row of a millionth', { adapter: none, head: row(1e-6 / Math.sqrt(WIDTH)) }, none, 20],
  ['a row of a million', { adapter: none, head: row(1e6) }, none, 20],
  ['a fixed row of nothing', { adapter: none, head: row(0.05) }, row(0), 20],
  ['an adapter that is no number', { adapter: row(Number.NaN), head: row(0.05) }, none, 20],
  ['a temperature of 10²⁰', { adapter: none, head: row(0.05) }, none, 1e20],
];

describe('a participant', () => {
  for (const [name, parameters, fixed, temperature] of BAD)
    attack(`given ${name}`, /^refused, (head|fixed|adapter|temperature): .* is agreed$/, () =>
      refusalOf((async () => checkParameters({ temperature }, parameters, fixed, WIDTH))()),
    );
});

/** What an honest coordinator makes of passages. */
const honest = principalDirections(Float32Array.from({ length: 500 * WIDTH }, seededNormal(4)), WIDTH, 128);
const DIRECTIONS: [string, Float32Array][] = [
  ['a thousand times as long', honest.map((value) => 1000 * value)],
  ['of which one is a little longer', honest.map((value, i) => (i < WIDTH ? 1.001 * value : value))],
  ['of which two are the same', Float32Array.of(...honest, ...honest.subarray(0, WIDTH))],
  ['that are no numbers', row(Number.NaN)],
  ['cut off', honest.subarray(1)],
];

describe('a participant whose sums are to go along directions', () => {
  for (const [name, directions] of DIRECTIONS)
    attack(name, /^refused, directions: /, () =>
      refusalOf((async () => checkDirections(directions, WIDTH))()),
    );
  attack('that are principal ones', 'accepted', () =>
    refusalOf((async () => checkDirections(honest, WIDTH))()),
  );
});

attack('one unit at clip 1, put to heads next to its query', 'no sum is longer than 1', async () => {
  const wasm = await nodeOrtWasm();
  const engine = await openEngine({ source: fsSource('models/minilm'), wasm, adapter: { kind: 'none' } });
  const texts = ['how do i reset my password', 'what is the weather in paris'];
  const queries = await engine.embed(texts.map((text) => engine.tokenize(text, 'query')));
  let longest = 0;
  for (const length of [1, 1e-2, 1e-3, 1e-6, 1e-10])
    for (const aside of [0, 1e-4, 1e-3, 1e-2])
      for (const tau of [10, 30, 1000])
        for (const label of [0, 1]) {
          const head = new Float32Array(2 * WIDTH);
          for (let i = 0; i < WIDTH; i++) {
            head[i] = length * (queries[i]! + aside * queries[WIDTH + i]!);
            head[WIDTH + i] = queries[WIDTH + i]!;
          }
          const sums = { head: new Float64Array(head.length) };
          const rows = Int32Array.of(label);
          const clip = { head: 1 - 2 ** -10 };
          await engine.headGradient(
            { queries: queries.slice(0, WIDTH), rows, head, active: Uint8Array.of(1, 1), tau, clip },
            sums,
          );
          longest = Math.max(longest, Math.hypot(...sums.head));
        }
  return longest <= 1 ? 'no sum is longer than 1' : `a sum is ${longest} long`;
});
