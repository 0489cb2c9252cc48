import { expect, it } from 'vitest';
import type { AnsweredQuery } from '../../../../cli/evaluation.ts';
import { comparison } from '../../../../cli/start/comparison.ts';

const asked = (id: string, document: string, ranked: string[]): AnsweredQuery => ({
  id,
  text: id,
  relevant: new Map([[document, 1]]),
  ranked,
});

it('compares by group and leaves out groups without questions', () => {
  const text = comparison({
    before: [asked('1', 'a', ['b', 'a']), asked('2', 'a', ['a']), asked('3', 'b', ['c'])],
    after: [asked('1', 'a', ['a']), asked('2', 'a', ['a']), asked('3', 'b', ['c', 'b'])],
    placed: { a: 'weur', b: 'apac', c: 'sam' },
    asked: new Set(['a']),
  });
  const rows = text.split('\n').map((line) => line.trim().split(/ {2,}/));
  expect(rows).toContainEqual(['all test questions', '3', '33.3 %', '66.7 %', '+33.3']);
  expect(rows).toContainEqual(['about documents with training questions', '2', '50.0 %', '100.0 %', '+50.0']);
  expect(rows).toContainEqual(['about documents that nobody asked about', '1', '0.0 %', '0.0 %', '+0.0']);
  expect(rows).toContainEqual(['about documents of weur', '2', '50.0 %', '100.0 %', '+50.0']);
  expect(text).not.toContain('of sam');
  expect(text).toContain('66.7 % → 100.0 %');
});
