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
import { textBlocks, toPieces } from '../../../../shared/retrieval/text.ts';

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

describe('time', () => {
  it.each([
    ['one paragraph', 'markdown', 'Some *text* with [links](x) and more words. '],
    ['open emphasis', 'markdown', '**a_'],
    ['open brackets', 'markdown', '![[a'],
    ['open tags', 'html', '<div>'],
    ['quotes after a stop', 'text', '.'],
  ] as const)('grows with the length: %s', (_, format, piece) => {
    const source = piece.repeat(250_000 / piece.length);
    const began = performance.now();
    if (format === 'markdown') markdownBlocks(source);
    else if (format === 'html') htmlBlocks(source);
    else toPieces(textBlocks(source), source);
    expect(performance.now() - began).toBeLessThan(3000);
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
