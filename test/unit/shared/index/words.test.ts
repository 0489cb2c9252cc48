import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countWords, MAX_TERM, wordsOf } from '../../../../shared/index/words.ts';
import { growth, HOSTILE, MOST_GROWTH } from '../../../helpers/growth.ts';

const terms = (text: string): string[] => [...wordsOf(text)].map(({ term }) => term);
/** Whether every term of the question is one of the passage. */
const finds = (question: string, passage: string): boolean => {
  const there = new Set(terms(passage));
  return terms(question).every((term) => there.has(term));
};

describe('words', () => {
  it.each([
    ['The parcels were DELIVERED', ['the', 'parcel', 'were', 'deliv']],
    ['Müller’s Straße', ['muller', 'strass']],
    ["don't stop", ['don', 'stop']],
    ['Łódź, Ærø, İstanbul', ['lodz', 'aero', 'istanbul']],
    ['ΟΔΟΣ οδός', ['οδοσ', 'οδοσ']],
    ['Ёлка елка', ['елка', 'елка']],
    ['مُحَمَّد محمد', ['محمد', 'محمد']],
    ['שָׁלוֹם שלום', ['שלום', 'שלום']],
    ['ＡＢＣ １２', ['abc', '12']],
  ])('%s', (text, expected) => expect(terms(text)).toEqual(expected));

  it.each([
    ['東京都', ['東京', '京都']],
    ['茶', ['茶']],
    ['カタカナー', ['カタ', 'タカ', 'カナ', 'ナー']],
    ['한국어', ['한국', '국어']],
    ['がぎ', ['がぎ']],
    ['Tokyo東京', ['東京', 'tokyo']],
  ])('scripts without spaces in pairs: %s', (text, expected) => {
    expect(terms(text).sort()).toEqual([...expected].sort());
  });

  it('keeps the vowels of scripts that write them as marks', () => {
    expect(terms('हिन्दी')).toEqual(['हिन्दी']);
    expect(terms('हिन्दी')).not.toEqual(terms('हन्द'));
    expect(terms('ภาษาไทย').length).toBeGreaterThan(2);
  });
});

describe('codes', () => {
  it.each([
    ['E-4712', ['e-4712', 'e4712', 'e', '4712']],
    ['foo_bar', ['foo_bar', 'foo', 'bar']],
    ['v1.2.3', ['v1.2.3', 'v1', 'v', '1', '2', '3']],
    ['XK-20939-B', ['xk-20939-b', 'xk20939b', 'xk', '20939', 'b']],
    ['getElementById', ['getelementbyid', 'get', 'element', 'by', 'id']],
    ['U.S.A.', ['u.s.a', 'usa', 'u', 's', 'a']],
    ['C++ and C#', ['c++', 'c', 'and', 'c#', 'c']],
    ['support@example.com', ['support@example.com', 'support', 'exampl', 'com']],
  ])('%s whole and in parts', (text, expected) => expect(terms(text).sort()).toEqual([...expected].sort()));

  it('finds one that is written in another way', () => {
    expect(finds('e4712', 'Fault E-4712.')).toBe(true);
    expect(finds('E‑4712', 'Fault e-4712')).toBe(true);
    expect(finds('E-4711', 'Fault E-4712')).toBe(false);
    expect(finds('email', 'by e-mail')).toBe(true);
  });

  it('does not take a sentence’s end or a list’s comma into it', () => {
    expect(terms('See E-4712.')).toEqual(terms('see E-4712'));
    expect(terms('a, b')).toEqual(['a', 'b']);
  });

  it('says what was written', () => {
    expect([...wordsOf('Parcels E-4712')].map(({ written }) => written)).toEqual([
      'Parcels',
      'E',
      '4712',
      'E-4712',
      'E-4712',
    ]);
  });
});

describe('what people send', () => {
  it('ends every term, and repeats itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const found = terms(text);
        expect(terms(text)).toEqual(found);
        for (const term of found) {
          expect(term.length).toBeGreaterThan(0);
          expect(Array.from(term).length).toBeLessThanOrEqual(2 * MAX_TERM);
        }
        const { counts, length } = countWords(text);
        expect(length).toBe(found.length);
        expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(length);
      }),
    );
  });

  const MORE = ['aB', 'a-', 'a1', 'ﷺ', '\u0301\u0323', 'e\u0301\u0323', 'ย'].map(
    (unit) => [`run of ${unit}`, (characters: number) => unit.repeat(characters / unit.length)] as const,
  );
  it.each([...HOSTILE, ...MORE])('takes time linear in the text: %s', async (_, textOf) => {
    expect((await growth(countWords, textOf)).times).toBeLessThanOrEqual(MOST_GROWTH);
  });
});
