/** Splitting documents: the form of a whole document, limits, context, offsets, and that no text is lost. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  isBlank,
  joinTitle,
  type SplitOptions,
  splitDocument,
} from '../../../../shared/retrieval/chunking.ts';
import { htmlBlocks } from '../../../../shared/retrieval/html.ts';
import { markdownBlocks } from '../../../../shared/retrieval/markdown.ts';
import { inlineText } from '../../../../shared/retrieval/markdown-inline.ts';
import { collapseSpace } from '../../../../shared/retrieval/text.ts';

/** Counts like a word-piece tokenizer: pieces of four letters, ideographs and punctuation one by one, two specials. */
function countTokens(text: string): number {
  let tokens = 2;
  for (const [word] of text.matchAll(
    /[\p{Script=Han}\p{Script=Hiragana}]|[\p{L}\p{N}]{1,4}|[^\s\p{L}\p{N}]/gu,
  )) {
    tokens += word === '' ? 0 : 1;
  }
  return tokens;
}
const options = (maxTokens: number, overlap?: number): SplitOptions => ({ countTokens, maxTokens, overlap });
const visible = (text: string) => text.replace(/\s+/g, '');
const split = (
  text: string,
  maxTokens = 40,
  format: 'text' | 'markdown' | 'html' = 'text',
  title = 'Title',
) => splitDocument({ title, text, format }, options(maxTokens));

describe('a document that fits', () => {
  it.each([
    ['am', 'Android activity manager.', 'am: Android activity manager.'],
    ['alarm', 'alarm', 'alarm'],
    ['', 'Only text', 'Only text'],
    ['Only title', ' ', 'Only title'],
  ])('is one passage: %j and %j', (title, text, joined) => {
    expect(joinTitle(title, text)).toBe(joined);
    expect(split(text, 40, 'text', title).map((passage) => passage.text)).toEqual([joined]);
  });

  it('keeps Markdown and HTML readable', () => {
    const markdown =
      'Some **bold** [words](https://x.example).\n\n- one\n- two `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |';
    expect(split(markdown, 80, 'markdown')[0]?.text).toBe(
      'Title: Some bold words.\none\ntwo code\na: 1; b: 2',
    );
    const html = '<p>Some <b>bold</b>\n text&nbsp;&amp; more</p><script>no()</script><ul><li>one<li>two</ul>';
    expect(split(html, 80, 'html')[0]?.text).toBe('Title: Some bold text & more\none\ntwo');
  });

  it.each([
    ['text', ' \n\t\r\n'],
    ['markdown', '\n\n'],
    ['html', '<script>x</script><style>y</style><p>&nbsp;</p>'],
  ] as const)('yields nothing without visible text and title: %s %j', (format, text) => {
    expect(split(text, 40, format, ' ')).toEqual([]);
    expect(isBlank({ title: ' ', text, format })).toBe(true);
    expect(split(text, 40, format, 'A title').map((passage) => passage.text)).toEqual(['A title']);
    expect(isBlank({ title: 'A title', text, format })).toBe(false);
  });

  it('needs room for a few tokens', () => {
    expect(() => split('x', 4)).toThrow(RangeError);
  });
});

describe('a long document', () => {
  const sentence = (n: number) => `Sentence number ${n} says a few plain words.`;
  const text = Array.from({ length: 12 }, (_, i) => sentence(i)).join(' ');

  it('is cut between sentences, each passage with the title, and says where its body lies', () => {
    const passages = split(text);
    expect(passages.length).toBeGreaterThan(3);
    for (const passage of passages) {
      expect(passage.text.startsWith('Title: Sentence')).toBe(true);
      expect(passage.text.endsWith('.')).toBe(true);
      expect(text.slice(passage.start, passage.end)).toBe(passage.text.slice(passage.bodyAt));
    }
  });

  it('repeats sentences when asked to', () => {
    const passages = splitDocument({ title: 'T', text, format: 'text' }, options(64, 1));
    for (let i = 1; i < passages.length; i++) {
      expect(passages[i]?.start).toBeLessThan(passages[i - 1]?.end as number);
      expect(passages[i]?.end).toBeGreaterThan(passages[i - 1]?.end as number);
    }
  });

  it('carries the headings above a passage and never ends with a heading', () => {
    const part = Array.from({ length: 5 }, (_, i) => sentence(i)).join(' ');
    const markdown = `# Guide\n\n## Sending\n\n${part}\n\n### Far away\n\n${part}\n\n## Receiving\n\n${part}`;
    const passages = split(markdown, 40, 'markdown', 'Guide');
    for (const passage of passages) {
      expect(passage.text.startsWith('Guide: ') || passage.text.startsWith('Guide\n')).toBe(true);
      expect(passage.text).toMatch(/words\.$/);
    }
    const last = passages.at(-1)?.text;
    expect(last).toMatch(/^Guide: Receiving: Sentence/);
    expect(passages.some((passage) => passage.text.startsWith('Guide: Sending: Far away: Sentence'))).toBe(
      true,
    );
    expect(
      passages.filter((passage) => passage.text.includes('Sending') && passage.text.includes('Receiving')),
    ).toEqual([]);
  });

  it('cuts sentences of Chinese and Japanese at their own stops and keeps surrogate pairs whole', () => {
    const chinese = '请把包裹放在门口。谢谢您的帮助！明天下午我在家，可以打电话给我。'.repeat(6);
    for (const passage of split(chinese)) expect(passage.text).toMatch(/[。！]$/);
    const rare = '𠀋'.repeat(200);
    for (const passage of split(rare)) expect(passage.text.slice(passage.bodyAt)).toMatch(/^(𠀋| )+$/u);
  });

  it('copes with a counter that stops at the limit, as a truncating encoder does', () => {
    const saturating = { countTokens: (piece: string) => Math.min(countTokens(piece), 40), maxTokens: 40 };
    const long = `${text} ${'unbroken'.repeat(300)} ${text}`;
    const passages = splitDocument({ title: 'Title', text: long, format: 'text' }, saturating);
    for (const passage of passages) expect(countTokens(passage.text)).toBeLessThan(40);
    expect(visible(passages.map((p) => p.text.slice(p.bodyAt)).join(''))).toBe(visible(long));
  });

  it('drops a context that would fill the passage', () => {
    const passages = split(
      text,
      30,
      'text',
      'A title of very many words that goes on and on without any end in sight',
    );
    for (const passage of passages) expect(countTokens(passage.text)).toBeLessThan(30);
  });

  it('reads deeply nested Markdown and HTML without exhausting the stack', () => {
    for (const hostile of ['>'.repeat(20_000), `${'- '.repeat(20_000)}x`, '[a'.repeat(5000)]) {
      expect(split(hostile, 64, 'markdown').length).toBeGreaterThan(0);
    }
    expect(split(`${'<div>'.repeat(1000)}deep`, 64, 'html')[0]?.text).toBe('Title: deep');
  });
});

describe('HTML', () => {
  it('leaves out what a reader does not see and keeps alternative texts and places', () => {
    const html =
      '<head><title>T</title></head><h2>Top</h2><p hidden>no</p><img alt="A cat"><input hidden>in<pre>a\n  b</pre>';
    const blocks = htmlBlocks(html);
    expect(blocks.map(({ text, level }) => [text, level])).toEqual([
      ['Top', 2],
      ['A catin', 0],
      ['a\n  b', 0],
    ]);
    expect(html.slice(blocks[0]?.start, blocks[0]?.end)).toBe('Top');
  });
});

describe('Markdown', () => {
  it('finds places in the source, also of list items, and resolves entities', () => {
    const source = '# One\n\nPara &amp; more\n\n- first\n- second\n  line\n\n> quoted\n> twice';
    const blocks = markdownBlocks(source);
    expect(blocks.map(({ text }) => text)).toEqual([
      'One',
      'Para & more',
      'first',
      'second\nline',
      'quoted\ntwice',
    ]);
    expect(source.slice(blocks[2]?.start, blocks[2]?.end).trim()).toBe('first');
    expect(source.slice(blocks[4]?.start, blocks[4]?.end)).toContain('quoted');
  });
});

const words = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.stringMatching(/^[a-z]{1,9}[.,!?]?$/) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '\n\n',
        '\n',
        '。',
        '請放在門口',
        '𠮷野家',
        'x'.repeat(120),
        'Dr. A.',
        '\r\n',
      ),
    },
  ),
  { minLength: 1, maxLength: 120 },
);

describe('inline Markdown', () => {
  it.each([
    ['**bold** and *soft* and ***both***', 'bold and soft and both'],
    [
      '**5 × 5 ft**: a closet, *2*, (**both**), un**real**ly, 2 ** 3',
      '5 × 5 ft: a closet, 2, (both), unreally, 2 ** 3',
    ],
    ['a [link](https://x.example/a_(b) "title") here', 'a link here'],
    ['[![badge](b.svg)](https://x.example) and [ref][1]', 'badge and ref'],
    ['`a * b` and snake_case_name and _soft_', 'a * b and snake_case_name and soft'],
    ['2 * 3 = 6, 4*5, \\*kept\\*', '2 * 3 = 6, 4*5, *kept*'],
    ['<https://x.example/~a_b_> <b>x</b>&nbsp;&lt;y&gt;', 'https://x.example/~a_b_ x\u00a0<y>'],
    ['~~gone~~ line  \nnext<br>last', 'gone line\nnext\nlast'],
  ])('%j', (source, text) => {
    expect(inlineText(source)).toBe(text);
  });
});

describe('a passage', () => {
  const word = 'x'.repeat(5000);
  /** Every word is one token, however long: nothing but the characters bounds a passage. */
  const byWords = { countTokens: (text: string) => text.split(/\s+/).length + 1, maxTokens: 40 };

  it.each([
    ['a word without end', `Begins. ${word} Ends.`],
    ['emoji without a space', `a${'😀'.repeat(3000)}`],
    ['long words', `${'Donaudampfschifffahrtsgesellschaftskapitän '.repeat(60)}`],
    ['a long heading', `# ${word}\n\nA sentence. Another one.`],
  ])('has at most eight characters a token, and no character is lost: %s', (_, text) => {
    for (const format of ['text', 'markdown'] as const) {
      const passages = splitDocument({ title: 'T', text, format }, byWords);
      expect(passages.length).toBeGreaterThan(1);
      for (const passage of passages) {
        expect(passage.text.length).toBeLessThanOrEqual(320);
        expect(passage.text.isWellFormed()).toBe(true);
      }
      const bodies = visible(passages.map((p) => p.text.slice(p.bodyAt)).join(''));
      expect(bodies).toBe(visible(format === 'text' ? text : text.replace(/^# /, '')));
    }
  });

  it.each(['\n', ' ', '\t', '\u000b', '\u000c', '\u00a0', '\u2028', '\r\n', ' \n'])(
    'keeps little of a run of white space: %j',
    (space) => {
      const run = space.repeat(60_000);
      for (const [format, text] of [
        ['text', `How do I reset it?${run}a`],
        ['html', `<pre>How do I reset it?${run}a</pre>`],
        ['markdown', `    How do I reset it?\n    ${space.replaceAll(/[\r\n]/g, ' ').repeat(60_000)}a`],
      ] as const) {
        const passages = split(text, 40, format);
        expect(passages.map((p) => visible(p.text)).join('')).toBe('Title:HowdoIresetit?a');
        for (const passage of passages) expect(passage.text.length).toBeLessThan(64);
      }
    },
  );

  it('keeps empty lines and indentation, which mean something', () => {
    expect(collapseSpace('def f():\n    if x:\n        return  1\n\n\n\nnext\u00a0one')).toBe(
      'def f():\n    if x:\n        return 1\n\nnext\u00a0one',
    );
  });
});

describe('Markdown that is more than a parser bears', () => {
  it.each([
    ['task marks', '- [ ] '.repeat(3000)],
    ['numbered task marks', '1. [ ] '.repeat(2000)],
    ['quoted task marks', '> - [x] '.repeat(1000)],
    ['tabs', Array.from({ length: 300 }, (_, i) => `${'\t'.repeat(i)}- a`).join('\n')],
    ['a wide header over short lines', `${'a|'.repeat(3000)}\n${'-|'.repeat(3000)}\n${'a\n'.repeat(3000)}`],
  ])('is read as text: %s', (_, source) => {
    const blocks = markdownBlocks(`Before.\n\n${source}\n\nAfter.`);
    const visible = (text: string) => text.replace(/\s+/g, '');
    const whole = visible(blocks.map(({ text }) => text).join(''));
    expect(whole).toContain(visible(source).slice(0, 100));
    expect(blocks[0]?.text).toBe('Before.');
    expect(blocks.at(-1)?.text).toBe('After.');
  });

  it('is no longer Markdown of ordinary depth and length', () => {
    const list = Array.from({ length: 2000 }, (_, i) => `- item **${i}**\n  goes on`).join('\n');
    const rows = Array.from({ length: 600 }, (_, i) => `| row ${i} | some words in it |`).join('\n');
    const code = `\`\`\`\n${'# not a heading\n\nx\n'.repeat(2000)}\`\`\``;
    const source = `# Guide\n\n${list}\n\n| a | b |\n|---|---|\n${rows}\n\n${code}\n\nThe end.`;
    const texts = markdownBlocks(source).map(({ text }) => text);
    expect(texts.filter((text) => /^item \d+\ngoes on$/.test(text))).toHaveLength(2000);
    expect(texts.filter((text) => /^a: row \d+; b: some words in it$/.test(text))).toHaveLength(600);
    expect(texts.filter((text) => text.startsWith('# not a heading')).length).toBeGreaterThan(0);
    expect(texts.at(-1)).toBe('The end.');
  });

  it('repeats the names of columns only as long as they are not most of the text', () => {
    const source = `|${'name'.repeat(500)}|b|\n|-|-|\n${'|a|b|\n'.repeat(5000)}`;
    const blocks = markdownBlocks(source);
    expect(blocks).toHaveLength(5000);
    expect(blocks.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(6 * source.length);
  });
});

describe('whatever the text', () => {
  const formats = fc.constantFrom('text' as const, 'markdown' as const, 'html' as const);
  const markup = fc.array(
    fc.constantFrom(' ', '\n', '<script>x</script>', '<p>', '# ', '&nbsp;', '---', 'a'),
  );
  const titles = fc.constantFrom('', ' ', 'A title', 'a title longer than any passage '.repeat(9));
  test.prop([markup, titles, formats, fc.integer({ min: 12, max: 60 })], { numRuns: 300 })(
    'there is a passage unless the document is blank',
    (pieces, title, format, maxTokens) => {
      const document = { title, text: pieces.join(''), format };
      const passages = splitDocument(document, options(maxTokens));
      expect(passages.length === 0).toBe(isBlank(document));
      for (const { text } of passages) expect(countTokens(text)).toBeLessThan(maxTokens);
      if (document.text.trim() === '')
        expect(visible(passages.map((p) => p.text).join(''))).toBe(visible(title));
    },
  );

  test.prop([words, fc.integer({ min: 12, max: 60 }), fc.string({ maxLength: 60 })], { numRuns: 300 })(
    'passages fit, keep every character, and lie in order',
    (pieces, maxTokens, title) => {
      const text = pieces.join(' ');
      const passages = splitDocument({ title, text, format: 'text' }, options(maxTokens));
      let at = 0;
      for (const passage of passages) {
        expect(countTokens(passage.text)).toBeLessThan(maxTokens);
        expect(passage.start).toBeGreaterThanOrEqual(at);
        expect(passage.end).toBeGreaterThanOrEqual(passage.start);
        at = passage.end;
        expect(() => encodeURIComponent(passage.text)).not.toThrow();
      }
      if (passages.length > 1) {
        expect(visible(passages.map((p) => p.text.slice(p.bodyAt)).join(''))).toBe(visible(text));
      }
    },
  );
});
