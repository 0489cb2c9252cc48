/** Whether work takes time in proportion to its input, on a machine that does other things, too. */

/** Twice the input takes at most this many times the processor time. */
export const MOST_GROWTH = 2.5;
/** Below this a measurement is noise; what stays below it at an eighth of the longest text does no harm. */
const LEAST_MS = 25;
/** Of a growth that is too large, before it is believed. */
const MEASUREMENTS = 10;
/** Characters that are measured, one after the other. */
const SIZES = [16_384, 131_072];

async function processorMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * How many times the processor time grows when the input is doubled, at the first size where it can be measured; 1
 * where it never takes any. A growth that is too large is measured again: a collection of garbage, or another process on
 * the same core, is not the work's. What grows with the square takes four times as long however often it is measured.
 * @param textOf a text of about so many characters
 */
export async function growth(
  work: (text: string) => unknown,
  textOf: (characters: number) => string,
): Promise<{ times: number; characters: number; ms: number }> {
  for (const characters of SIZES) {
    const small = textOf(characters);
    let ms = await processorMs(() => work(small));
    if (ms < LEAST_MS) continue;
    const large = textOf(2 * characters);
    let doubled = await processorMs(() => work(large));
    for (let again = 0; again < MEASUREMENTS && doubled > MOST_GROWTH * ms; again++) {
      ms = Math.max(ms, await processorMs(() => work(small)));
      doubled = Math.min(doubled, await processorMs(() => work(large)));
    }
    return { times: doubled / ms, characters, ms: doubled };
  }
  return { times: 1, characters: SIZES.at(-1)!, ms: 0 };
}

const repeat =
  (piece: string, before = '', after = '') =>
  (characters: number): string =>
    before + piece.repeat(Math.ceil(characters / piece.length)) + after;

/** Texts that readers of text have taken long for: runs of each kind of character, nesting, marks that never close. */
export const HOSTILE: readonly (readonly [name: string, textOf: (characters: number) => string])[] = [
  // A run between two words: what a scan looks through again from every place in it.
  ...[' ', '\n', '\t', '\r', '\u000b', '\u000c', '\u00a0', '\u2028', '\u3000', '\ufeff', ' \n'].map(
    (space) => [`white space ${JSON.stringify(space)}`, repeat(space, 'How do I reset it?', 'a')] as const,
  ),
  ...[
    'a',
    'Ä',
    '7',
    '.',
    '?',
    '。',
    '」',
    '-',
    '*',
    '_',
    '#',
    '`',
    '~',
    '>',
    '<',
    '[',
    '(',
    '|',
    '=',
    '"',
    '\\',
    '&',
    ':',
  ].map((mark) => [`run of ${mark}`, repeat(mark, 'Begins. ', '\nends')] as const),
  ...['漢', '😀', 'e\u0301', '\u200b', '\u0000', '𠀋'].map(
    (mark) => [`run of ${JSON.stringify(mark)}`, repeat(mark)] as const,
  ),
  ...[
    'A word. ',
    'a, ',
    'A.\n',
    'a\n\n',
    '。a',
    '.) ',
    '- ',
    '> ',
    '1. ',
    '- [ ] ',
    '1. [ ] ',
    '> - [x] ',
    '- a\n',
    '> a\n',
    '1. a\n\n',
    '- \n',
    '  - a\n',
    '# a\n',
    '# ',
    '```\n',
    '~~~a\n',
    '    a\n',
    '|a',
    'a|b\n-|-\n',
    'a|b|c\n-|-\n',
    '[a]: b\n',
    '[a](',
    '![',
    '[a][',
    '**a',
    '_a',
    '`a',
    '``a`',
    '<div>',
    '</p>',
    '<p>',
    '<td>x',
    '<a b="',
    '<!--',
    '<title',
    '<pre>\n',
    '&amp;',
    '&#',
    'x&amp;',
    '<b>a',
    '[1',
    '[1,',
    '[1] ',
    '【1】 ',
    'data: a\n',
    'data: a\r\n\r\n',
    'title: ',
    '--- ',
    '---\n',
    'and ',
    'it ',
    'that the ',
    "a'",
    '"a":',
    '{"a":',
    'a\tb\n',
    'http://a',
    '\\\n',
    '***',
    'link:',
    'pass:',
    'image:a',
    '[.',
    '[[',
    '<<a,',
    'a:http://',
    'http://a[',
    '{{',
    '{%',
    '{/*',
    ':a:`',
    '|a|_',
    '.. a::\n',
    'a\n=\n',
    '%%a',
    '%%\n',
    '[^a]',
    '{ref}`a',
    '{% {{a',
    '{% raw %}',
    '{% highlight\n',
    '!!! a\n    ',
    '```{note}\n',
    '::: {.a}\n:b:\n',
    'a\n: b\n',
    '+-+\n|a',
    '== ==\na  b\n',
    '|===\n|a',
    '.. list-table::\n  * - a\n',
    '<td rowspan=9>a',
    '<a href="#">b',
    '[![a](b)](c)',
    '<A title="',
    '<A\n',
    '<a@',
    '\\`a',
    '\\ a',
    ':a:',
    ':a: {',
    '{" ',
    '*[a]: b\n',
    ':a: b\n',
    '% a\n ',
    '[a](<b',
    "[a](b 'c",
    '- [a](#b)\n',
    '<tr><th>a',
    'ab\n--\n',
    'a^[b c ',
    '::a{b',
    'U.S. A',
    '<svg><title>',
    '+-+\n|a|\n',
  ].map((piece) => [`repeated ${JSON.stringify(piece)}`, repeat(piece)] as const),
  ['lines of one item', repeat('a\n', '- a\n  ')],
  ['links of one item', repeat('[a]: b\n', '- a\n  ')],
  ['spaces after a title', repeat(' ', '---\ntitle: a', 'b\n---\n')],
  ['spaces after a heading', repeat(' ', '# a', 'b\n')],
  [
    'a wide header over short lines',
    (n) => `${'a|'.repeat(n / 8)}\n${'-|'.repeat(n / 8)}\n${'a\n'.repeat(n / 4)}`,
  ],
  ['a long name of a column', (n) => `|${'a'.repeat(n / 2)}|b|\n|-|-|\n${'|a|b|\n'.repeat(n / 12)}`],
  ['sentences under a long heading', repeat('One. ', `# ${'long '.repeat(800)}\n\n`)],
];
