/** Pages as people and their generators write them: what each is called, and what of it is read. */
import { describe, expect, it } from 'vitest';
import { readPage } from '../../../helpers/read-page.ts';

type Page = readonly [source: string, ...read: string[]];

const PAGES: Record<string, readonly Page[]> = {
  '.md': [
    // Titles.
    ['---\ntitle: [Draft] Notes\ntags: [a, b]\n---\nBody.', '[Draft] Notes', 'Body.'],
    ['---\ntitle: [a, b]\n---\n# Real\n\nBody.', 'Real', 'Body.'],
    ['% The heat pump\n% An author\n% 2020\n\nBody.', 'The heat pump', 'Body.'],
    ['% A title\n  that goes on\n\nBody.', 'A title that goes on', 'Body.'],
    ['%80 of it is water.\n\nBody.', '', '%80 of it is water.', 'Body.'],
    ['---\ntitle: C# for beginners\n---\nBody.', 'C# for beginners', 'Body.'],
    ['---\nseo:\n  title: Nested\n---\n# Real\n\nBody.', 'Real', 'Body.'],
    [
      '---\nNote: text and no mapping\n\nText.\n\n---\n\nMore.',
      '',
      'Note: text and no mapping',
      'Text.',
      'More.',
    ],
    ['# \u200b\n\n# Seen\n\nBody.', 'Seen', 'Body.'],
    ['# [Linked](http://x) `cmd` &mdash; *done* {#id .cls}\n\nBody.', 'Linked cmd — done', 'Body.'],
    ['#No space\n\n# Title #\n\nBody.', 'Title', '#No space', 'Body.'],
    // What a backslash protects stays where it stands, beside code and in addresses.
    ['# T\n\na \\* b `c` \\_d\\_ then [x](y\\_z) and \\# and `e`.', 'T', 'a * b c _d_ then x and # and e.'],
    ['# T\n\nWrite \\` or `\\*` or \\[x\\](y).', 'T', 'Write ` or \\* or [x](y).'],
    ['# T\n\n1986\\. A year.\n\n\\# none', 'T', '1986. A year.', '# none'],
    [
      '# T\n\n[a](<b c> "t") [x](y \'z\') [f](g(h)) <a@b.org> <https://x.org>',
      'T',
      'a x f a@b.org https://x.org',
    ],
    ['# T\n\nsoft\u00adhyphen and co&shy;operate', 'T', 'softhyphen and cooperate'],
    ['# T\n\nUse ?a=1&region=eu&copy=2 here.', 'T', 'Use ?a=1&region=eu&copy=2 here.'],
    // Tables of contents say what headings say.
    ['# T\n\n- [A](#a)\n- [B](#b)\n  - [C](#c)\n\n## A\n\nText.', 'T', 'heading|A', 'Text.'],
    ['# T\n\n- [A](#a) is explained here.\n- [B](b.md)', 'T', 'item|A is explained here.', 'item|B'],
    ['# T\n\n* TOC\n{:toc}\n\nText.', 'T', 'Text.'],
    // Generators' marks.
    ['# T\n\n?> A hint.\n\n!> A warning.', 'T', 'A hint.', 'A warning.'],
    [
      '# T\n\nHTML is text.\n\n*[HTML]: Hyper Text Markup Language',
      'T',
      'HTML is text.',
      'HTML: Hyper Text Markup Language',
    ],
    ['# T\n\n{{< figure src="x.png" caption="The valve." >}}', 'T', 'The valve.'],
    [
      '# T\n\n:construction: Work goes on :smile:, and :material-check:{ .green } done.',
      'T',
      'Work goes on , and done.',
    ],
    [
      '# T\n\nAt 10:30:45 on a:b:c, key :value, std::move and `:smile:`.',
      'T',
      'At 10:30:45 on a:b:c, key :value, std::move and :smile:.',
    ],
    ['# T\n\n> [!tip]- Folded\n> Warm.', 'T', 'Folded\nWarm.'],
    ['# T\n\nTerm\n: One\n: Two', 'T', 'term|Term', 'item|One', 'item|Two'],
    ['# T\n\n````md\n```\ninner\n```\n````\n\nend', 'T', 'code|```\ninner\n```', 'end'],
    ['# T\n\n| A | B |\n|:--|--:|\n| 1 \\| x | |\n| | 2 |', 'T', 'row|A: 1 | x', 'row|B: 2'],
  ],
  '.mdx': [
    ['# T\n\n<Callout type="warning" title="Careful">Hot stove.</Callout>', 'T', 'Careful\nHot stove.'],
    ['# T\n\n<Card title="Refunds" />\n\n<Card title={name} />\n\nText.', 'T', 'Refunds', 'Text.'],
    [
      '# T\n\n<Card\n  title="Refunds"\n  icon="x"\n>\n  Within **30** days.\n</Card>',
      'T',
      'Refunds',
      'Within 30 days.',
    ],
    ['# T\n\n<Tile href="x"\n  title="Ask us"\n  onClick={() => go()} />\n\nMore.', 'T', 'Ask us', 'More.'],
    ['# T\n\nIf a <B then c.\n\n<B\n\nText that stays.', 'T', 'If a <B then c.', '<B', 'Text that stays.'],
    ['# T\n\n<Note>\n  **Mind** the `gap`.\n</Note>', 'T', 'Mind the gap.'],
    ['# T\n\n<>All of it</> is{" "}text.', 'T', 'All of it is text.'],
    [
      'import A from "a"\n\nexport const b = { c: 1 }\n\n# T\n\nimport your data first.',
      'T',
      'import your data first.',
    ],
    ['# T\n\n<a title="shown on hover">Link</a> and <Tooltip tip="x">word</Tooltip>.', 'T', 'Link and word.'],
  ],
  '.html': [
    [
      '<table><tr><th scope=row>Weight</th><td>3 kg</td></tr><tr><th>Height:</th><td>2 m</td><td>7 ft</td></tr></table>',
      '',
      'row|Weight: 3 kg',
      'row|Height: 2 m; 7 ft',
    ],
    [
      '<table><tr><th></th><th>Mon</th><th>Tue</th></tr><tr><th>Open</th><td>9</td><td>10</td></tr></table>',
      '',
      'row|Open; Mon: 9; Tue: 10',
    ],
    [
      '<table><thead><tr><th>Name<th>Price<tbody><tr><td>Tea<td>3<tr><td><td>4</table>',
      '',
      'row|Name: Tea; Price: 3',
      'row|Price: 4',
    ],
    [
      '<table><tr><td rowspan=2>A</td><td>1</td></tr><tr><td>2</td></tr><tr><td>B</td><td>3</td></tr></table>',
      '',
      'row|A; 1',
      'row|A; 2',
      'row|B; 3',
    ],
    ['<table><tr><th>Only<th>names</table>', '', 'row|Only; names'],
    ['<p>soft&shy;hyphen, a<wbr>b, H<sub>2</sub>O</p>', '', 'softhyphen, ab, H2O'],
    ['<x-panel title="on hover">x</x-panel><p>&copy=2 &amp;amp;</p>', '', 'x', '©=2 &amp;'],
    ['<p>Unclosed <b>bold<p>Next<dl><dt>T<dd>D</dl>', '', 'Unclosed bold', 'Next', 'term|T', 'item|D'],
  ],
  '.rst': [
    ['T\n=\n\n:Author: Me\n:Status: *done*\n\nText.', 'T', 'Author: Me', 'Status: done', 'Text.'],
    [
      'T\n=\n\n.. py:function:: foo(a)\n\n   Does it.\n\n   :param int a: The a.\n   :returns: it',
      'T',
      'foo(a)',
      'Does it.',
      'int a: The a.',
      'returns: it',
    ],
    [
      'T\n=\n\n.. versionadded:: 2.0\n   More.\n\n.. deprecated:: 3.0',
      'T',
      'New in version 2.0',
      'More.',
      'Deprecated since version 3.0',
    ],
    ['T\n=\n\nWort\\ s, \\*esc\\*, a\\_b and `interp`.', 'T', 'Worts, *esc*, a_b and interp.'],
    [
      'T\n=\n\nSee :doc:`page` and :ref:`Label <l>` [1]_.\n\n.. [1] Foot.',
      'T',
      'See page and Label.',
      'Foot.',
    ],
  ],
  '.adoc': [
    ['= T\n\n* [ ] open\n* [x] done\n* [*] done, too', 'T', 'item|open', 'item|done', 'item|done, too'],
    ['= T\n\nLine +\nbreak', 'T', 'Line\nbreak'],
    ['= T\n\n+++<u>as it is</u>+++ and pass:[this]', 'T', 'as it is and this'],
    ['= T\n:v: 1.2\n\nVersion {v}, \\{not}.', 'T', 'Version 1.2, {not}.'],
  ],
};

describe.each(Object.entries(PAGES))('%s', (ending, pages) => {
  it.each(pages)('%j', (source, ...expected) => {
    expect(readPage(ending, source)).toEqual(expected);
    // Line breaks of other systems are the same to a reader.
    expect(readPage(ending, source.replaceAll('\n', '\r\n')).map(shape)).toEqual(expected.map(shape));
  });
});

/** Without what white space looks like. */
function shape(text: string): string {
  return text.replace(/\s+/g, ' ');
}
