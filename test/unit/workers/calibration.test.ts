import { expect, it } from 'vitest';
import { scoreOf, scoreOfFused } from '../../../workers/calibration.ts';

it('rises with the cosine and stays between 0 and 1', () => {
  const scores = Array.from({ length: 201 }, (_, i) => scoreOf(-1 + i / 100));
  expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
  expect(scores).toEqual([...scores].sort((a, b) => a - b));
});

// Quartiles measured on four corpora: docs/decisions/0010-calibrated-score.md.
it('tells the usual question from the usual stray one', () => {
  expect(scoreOf(0.46)).toBeGreaterThan(0.75);
  expect(scoreOf(0.25)).toBeLessThan(0.15);
  expect(scoreOf(0.38)).toBeCloseTo(0.5, 5);
});

// A question has some words of a passage by chance: docs/decisions/0020-words-and-vectors.md.
it('with words it takes a little more to be found', () => {
  expect(scoreOfFused(0.41, 0.44)).toBeCloseTo(0.5, 5);
  for (const cosine of [0, 0.2, 0.4, 0.6]) expect(scoreOfFused(cosine, 0.44)).toBeLessThan(scoreOf(cosine));
});
