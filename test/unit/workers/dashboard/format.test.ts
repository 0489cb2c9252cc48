import { describe, expect, it } from 'vitest';
import {
  ago,
  cosine,
  duration,
  epsilon,
  many,
  noised,
  ordinal,
  percent,
  points,
} from '../../../../workers/dashboard/client/format.ts';

describe('figures', () => {
  it('have the same number of digits, so that columns align', () => {
    expect([0, 0.5, 0.9666].map(percent)).toEqual(['0.0 %', '50.0 %', '96.7 %']);
    expect([0.11, -0.005, 0].map(points)).toEqual(['+11.0', '−0.5', '+0.0']);
    expect([0.1, -0.25, 1].map(cosine)).toEqual(['0.100', '−0.250', '1.000']);
    expect(cosine(null)).toBe('–');
    expect([0, 1.999, Number.POSITIVE_INFINITY].map(epsilon)).toEqual(['0.00', '2.00', '∞']);
  });

  it('say how much noise is in them, and never fewer than none', () => {
    expect(noised(319.6, 29.2)).toBe('≈ 320 ± 30');
    expect(noised(-12, 29.2)).toBe('≈ 0 ± 30');
  });

  it('count in words', () => {
    expect([0, 1, 1200].map((value) => many(value, 'region'))).toEqual([
      '0 regions',
      '1 region',
      '1,200 regions',
    ]);
    expect([1, 2, 3, 4, 11, 21].map(ordinal)).toEqual(['1st', '2nd', '3rd', '4th', '11th', '21st']);
  });
});

describe('times', () => {
  it('are told from now, in the largest unit that fits', () => {
    const now = 1_800_000_000_000;
    expect(ago(now, now)).toBe('just now');
    // A clock that is ahead of the service's must not say that something will happen.
    expect(ago(now + 5000, now)).toBe('just now');
    expect(ago(now - 61_000, now)).toBe('1 min. ago');
    expect(ago(now - 3 * 3_600_000, now)).toBe('3 hr. ago');
    expect(ago(now - 49 * 3_600_000, now)).toBe('2 days ago');
  });

  it('last in two units at most', () => {
    expect([400, 59_000, 185_000, 7_800_000].map(duration)).toEqual([
      '0 s',
      '59 s',
      '3 min 5 s',
      '2 h 10 min',
    ]);
    expect(duration(-5)).toBe('0 s');
  });
});
