/** What earlier runs taught stays where a later one reads other questions. */
import { expect, it } from 'vitest';
import { fixedRows, withKept } from '../../../durable-objects/coordinator/parameters.ts';
import type { Parameters } from '../../../shared/protocol/parameters.ts';

const WIDTH = 2;
const learned = (rows: Record<number, number>, adapter = 0): Parameters => ({
  activeRows: Uint32Array.from(Object.keys(rows), Number),
  adapter: Float32Array.of(adapter),
  head: Float32Array.from(Object.values(rows).flatMap((value) => [value, value])),
});
const spelled = ({ activeRows, head }: Parameters) =>
  Object.fromEntries(Array.from(activeRows, (row, at) => [row, head[at * WIDTH]]));

it('a row that learned stays learned, and is taught anew where a run teaches it', () => {
  const before = learned({ 2: 20, 5: 50, 9: 90 }, 1);
  const now = learned({ 5: 55, 7: 70 }, 2);
  const both = withKept(now, before, new Set([2, 5, 9]), WIDTH);
  expect(spelled(both)).toEqual({ 2: 20, 5: 55, 7: 70, 9: 90 });
  expect(Array.from(both.activeRows)).toEqual([2, 5, 7, 9]);
  expect(both.adapter).toBe(now.adapter);
});

it('unless its passage went, or has changed and so another number', () => {
  const both = withKept(learned({ 5: 55, 11: 1 }), learned({ 2: 20, 9: 90 }), new Set([9]), WIDTH);
  expect(spelled(both)).toEqual({ 5: 55, 9: 90, 11: 1 });
});

it('where nothing is kept, what the run learned is all there is', () => {
  const now = learned({ 5: 55 });
  expect(withKept(now, null, new Set(), WIDTH)).toEqual(now);
});

it('rows that are kept compete in training as they learned, others as their passages are', () => {
  const rows = {
    *numbers() {
      for (const row of [1, 2, 5, 9]) yield { row };
    },
    embeddings: (wanted: readonly number[]) => Float32Array.from(wanted.flatMap((row) => [-row, -row])),
  };
  const fixed = fixedRows({
    active: [5],
    rows,
    kept: learned({ 2: 20, 5: 50 }),
    most: 10,
    width: WIDTH,
    seed: 3,
  });
  const firsts = Array.from(fixed).filter((_, index) => index % WIDTH === 0);
  expect(firsts.sort((a, b) => a - b)).toEqual([-9, -1, 20]);
});
