import { expect, it } from 'vitest';
import type { AnsweredQuery } from '../../../../cli/evaluation.ts';
import { comparison } from '../../../../cli/start/comparison.ts';

const asked = (id: string, document: string, ranked: string[]): AnsweredQuery => ({
  id,
  text: id,
  relevant: new Map([[document, 1]]),
  ranked,
});
const wrong = [asked('1', 'a', ['b', 'a']), asked('2', 'a', ['a']), asked('3', 'b', ['c'])];
const right = [asked('1', 'a', ['a']), asked('2', 'a', ['a']), asked('3', 'b', ['c', 'b'])];
const rowsOf = (text: string) => text.split('\n').map((line) => line.trim().split(/ {2,}/));

it('compares all that finds, by documents with and without logged questions', () => {
  const compared = { vectors: wrong, words: wrong, memory: right, trained: wrong, everything: right };
  const rows = rowsOf(comparison({ ...compared, asked: new Set(['a']) }));
  expect(rows).toContainEqual(['questions', 'vectors', '+ words', '+ memory', 'trained', 'trained + memory']);
  const [low, high] = ['33.3 %', '66.7 %'];
  expect(rows).toContainEqual(['all test questions', '3', low, low, high, low, high]);
  const half = ['50.0 %', '50.0 %', '100.0 %', '50.0 %', '100.0 %'];
  expect(rows).toContainEqual(['about documents with logged questions', '2', ...half]);
  expect(rows).toContainEqual(['about documents that nobody asked about', '1', ...Array(5).fill('0.0 %')]);
});

it('leaves out groups without questions, and versions that there are not', () => {
  const compared = { vectors: wrong, words: wrong, memory: right, trained: null, everything: null };
  const text = comparison({ ...compared, asked: new Set(['a', 'b']) });
  expect(rowsOf(text)).toContainEqual(['questions', 'vectors', '+ words', '+ memory']);
  expect(text).not.toContain('nobody asked');
});
