/** The bytes of indexes that an isolate keeps open: one budget for its objects and its edge. */
import { expect, it } from 'vitest';
import { EDGE_BYTES, IDLE_MS, OpenBytes } from '../../../../shared/index/open-bytes.ts';

const MB = 1 << 20;

function budget() {
  let now = 0;
  const dropped: string[] = [];
  const bytes = new OpenBytes(() => now);
  const parts = new Map<string, { bytes: number }>();
  const keep = (name: string, size: number): boolean => {
    const part = parts.get(name) ?? { bytes: size };
    parts.set(name, part);
    return bytes.keep(part, () => dropped.push(name));
  };
  return { bytes, keep, dropped, parts, pass: (ms: number) => (now += ms) };
}

it('keeps what is in use, and lets the rest be read again, instead of dropping all of it by turns', () => {
  const { bytes, keep, dropped } = budget();
  // Three objects look through 60 MB, over and over, of which 40 find room.
  const turn = () => ['a', 'b', 'c'].map((name) => keep(name, 20 * MB));
  expect(turn()).toEqual([true, true, false]);
  expect(turn()).toEqual([true, true, false]);
  expect(bytes.bytes).toBe(40 * MB);
  expect(dropped).toEqual([]);
});

it('lets go of what nobody has used for a minute, of whichever object', () => {
  const { bytes, keep, dropped, pass } = budget();
  keep('idle', 20 * MB);
  pass(IDLE_MS - 1);
  keep('used', 20 * MB);
  expect(keep('new', 10 * MB)).toBe(false);
  pass(1);
  expect(keep('new', 10 * MB)).toBe(true);
  expect(dropped).toEqual(['idle']);
  expect(bytes.bytes).toBe(30 * MB);
});

it('leaves the edge its part, at once, and gives back what is open no more', () => {
  const { bytes, keep, dropped, parts } = budget();
  keep('first', 3 * MB);
  keep('second', 30 * MB);
  keep('third', 3 * MB);
  bytes.takeEdge(EDGE_BYTES);
  expect(dropped).toEqual(['first', 'second']);
  expect(keep('first', 3 * MB)).toBe(false);
  bytes.forget(parts.get('third')!);
  expect(keep('first', 3 * MB)).toBe(true);
  bytes.takeEdge(0);
  expect(keep('second', 30 * MB)).toBe(true);
  expect(bytes.bytes).toBe(33 * MB);
});
