/** What the command prints, in the width of its terminal. */
import { describe, expect, it } from 'vitest';
import { table } from '../../../cli/table.ts';
import { displayWidth, harmless, reflow, visible, widthOf, wrap } from '../../../cli/terminal-text.ts';

describe('what a service said', () => {
  it('moves and clears nothing on a terminal; colours, lines and tabs stay', () => {
    const red = '\u001B[31mred\u001B[39m\n\tnext';
    expect(harmless(red)).toBe(red);
    expect(harmless('\u001B[2J\u001B[Hgone\r\u0007\u009B1A')).toBe(
      '\\u001b[2J\\u001b[Hgone\\u000d\\u0007\\u009b1A',
    );
    expect(reflow('\u001B[1Aover', Number.POSITIVE_INFINITY)).toBe('\\u001b[1Aover');
  });
});

describe('a table', () => {
  const rows = [
    ['id', 'name', 'scopes'],
    ['58cdd03d8521a237', 'the website of the shop in Lisbon', 'query, feedback, ingest'],
    ['1', '説明', 'query'],
  ];

  it('has its natural width where there is room, and knows wide characters', () => {
    expect(table(rows, '', [0, 1, 2])).toBe(
      [
        'id                 name                                scopes',
        '58cdd03d8521a237   the website of the shop in Lisbon   query, feedback, ingest',
        '1                  説明                                query',
      ].join('\n'),
    );
  });

  it.each([120, 80, 60, 50])('fits %i columns, and loses no word', (width) => {
    const text = table(rows, '  ', [0, 1, 2], width);
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    for (const word of rows.flat().flatMap((cell) => cell.split(/[ ,]+/))) expect(text).toContain(word);
  });

  it('becomes a line for each cell where its columns do not fit', () => {
    const figures = [
      ['version', 'top-1', 'recall', 'interval'],
      ['0 (plain)', '50.0 %', '100.0 %', '9.5 %–90.5 %'],
      ['1', '60.0 %', '100.0 %', '19.5 %–90.5 %'],
    ];
    expect(table(figures, '', [0], 30)).toBe(
      [
        ...['version: 0 (plain)', '  top-1: 50.0 %', '  recall: 100.0 %', '  interval: 9.5 %–90.5 %'],
        ...['version: 1', '  top-1: 60.0 %', '  recall: 100.0 %', '  interval: 19.5 %–90.5 %'],
      ].join('\n'),
    );
  });
});

describe('lines', () => {
  it('are broken between words, as far in, and never within a word', () => {
    expect(reflow('  one two three\nfour', 10)).toBe('  one two\n  three\nfour');
    expect(reflow('sha256 0123456789abcdef', 10)).toBe('sha256\n0123456789abcdef');
    expect(reflow('one two', widthOf({ columns: 3 }))).toBe('one two');
    expect(widthOf({ isTTY: true, columns: 60 })).toBe(60);
    expect(reflow('\u001b[2mone two\u001b[22m', 7)).toBe('\u001b[2mone two\u001b[22m');
  });

  it('that begin with a number hang behind it', () => {
    expect(reflow('0.49  Doors and bells  a/b#0', 15)).toBe('0.49  Doors and\n      bells\n      a/b#0');
    expect(reflow('\u001b[2m  [10] one two three\u001b[22m', 13)).toBe(
      '\u001b[2m  [10] one\n       two\n       three\u001b[22m',
    );
    expect(reflow('* [1] one two', 10)).toBe('* [1] one\n      two');
  });

  it('of a cell are divided, best after a comma or a dash', () => {
    expect(wrap('wnam,weur,apac,sam', 10)).toEqual(['wnam,weur,', 'apac,sam']);
    expect(wrap('a bcdefgh', 4)).toEqual(['a', 'bcde', 'fgh']);
    expect(wrap('説明書', 4)).toEqual(['説明', '書']);
  });

  it('of others are shown without what a terminal would act upon', () => {
    expect(visible('a\nb\u001b[31mc\t\u009bd')).toBe('a\\nb\\u001b[31mc\\t\\u009bd');
  });
});
