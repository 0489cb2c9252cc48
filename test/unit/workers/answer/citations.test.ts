/** Citations are checked against what was retrieved, wherever the text is cut into pieces. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { CitationFilter } from '../../../../workers/answer/citations.ts';

function filtered(pieces: readonly string[], passages: number) {
  const filter = new CitationFilter(passages);
  const text = pieces.map((piece) => filter.push(piece)).join('') + filter.end();
  return { text, cited: filter.cited };
}

describe('a citation', () => {
  it.each([
    ['It takes a day [1].', 'It takes a day [1].', [1]],
    ['Both [2][1], and [2].', 'Both [2][1], and [2].', [2, 1]],
    ['As one [1, 3; 2].', 'As one [1][3][2].', [1, 3, 2]],
    ['In other brackets【2】.', 'In other brackets[2].', [2]],
    ['Spaced [ 1 ].', 'Spaced [1].', [1]],
    ['Twice [1,1].', 'Twice [1].', [1]],
    ['Never retrieved [4].', 'Never retrieved.', []],
    ['Never [0], nor [99][4], but [1, 9].', 'Never, nor, but [1].', [1]],
    ['Not one: [2024-01], [x], [1a], [], [1 2].', 'Not one: [2024-01], [x], [1a], [], [1 2].', []],
    ['A year [12345] is none.', 'A year [12345] is none.', []],
    ['It ends in an open [1', 'It ends in an open [1', []],
    ['Trailing space ', 'Trailing space ', []],
  ])('%j becomes %j', (given, text, cited) => {
    expect(filtered([given], 3)).toEqual({ text, cited });
  });

  test.prop([
    fc.array(fc.constantFrom('[1]', '[9]', ' [2, 7]', '[', ']', '1', ',', ' ', 'word', '【3】', '\n'), {
      maxLength: 30,
    }),
    fc.integer({ min: 1, max: 4 }),
  ])('is found however the text is cut', (parts, size) => {
    const whole = parts.join('');
    const pieces = whole.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
    expect(filtered(pieces, 3)).toEqual(filtered([whole], 3));
  });

  it('does not hold back a text for ever', () => {
    const filter = new CitationFilter(3);
    expect(filter.push(`[${'1, '.repeat(40)}`)).not.toBe('');
  });
});
