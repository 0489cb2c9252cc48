/** reStructuredText and AsciiDoc, as they become Markdown and then text. */
import { describe, expect, it } from 'vitest';
import { asciidocToMarkdown } from '../../../../shared/retrieval/asciidoc.ts';
import { readDocument } from '../../../../shared/retrieval/document.ts';
import { rstToMarkdown } from '../../../../shared/retrieval/rst.ts';

const read = (text: string) => {
  const { title, blocks } = readDocument({ title: '', text, format: 'markdown' });
  return {
    title,
    text: blocks.map((block) => (block.level > 0 ? `${'#'.repeat(block.level)} ` : '') + block.text),
  };
};

describe('reStructuredText', () => {
  it.each([
    ['=====\nTitle\n=====\n\nText.\n\nPart\n====\n\nMore.\n', 'Title', ['Text.', '## Part', 'More.']],
    [
      'Title\n=====\n\nA\n-\n\nPart\n----\n\nSee `the docs <https://example.org>`_, :ref:`that <x>` and ``code``.',
      'Title',
      [...['A\n', '## Part'].slice(1), 'See the docs, that and code.'],
    ],
    [
      'T\n=\n\nRun::\n\n    # install\n    npm i\n\nThen go.',
      'T',
      ['Run:', '# install', 'npm i', 'Then go.'],
    ],
    ['Top\n===\n\n.. code-block:: sh\n   :linenos:\n\n   npm i\n\nText.', 'Top', ['npm i', 'Text.']],
    [
      'Top\n===\n\n.. _target:\n\n.. note:: Mind\n   the gap.\n\n.. image:: a.png\n   :alt: x\n\nText.',
      'Top',
      ['Mind', 'the gap.', 'Text.'],
    ],
    ['Top\n===\n\n.. A comment\n   over lines.\n\nText.\n\n----\n\nEnd.', 'Top', ['Text.', 'End.']],
  ])('%j', (source, title, text) => {
    const found = read(rstToMarkdown(source));
    expect(found.title).toBe(title);
    for (const each of text) expect(found.text.join('\n')).toContain(each);
    expect(found.text.join('\n')).not.toMatch(/::|`|\.\. |linenos|a\.png|A comment|_target/);
  });
});

describe('AsciiDoc', () => {
  it('keeps headings, links, code, lists and the words of everything else', () => {
    const source = [
      '= The title',
      'Ann Lee <ann@example.org>',
      ':toc:',
      '',
      'Intro with https://example.org[the docs], xref:a.adoc[that page] and <<part,a part>>.',
      '',
      '// a comment',
      '[source,sh]',
      '----',
      '= no heading',
      'npm i',
      '----',
      '',
      '== Part',
      '',
      '.Steps',
      '* one',
      '** two',
      '. first',
      '',
      'NOTE: Ask first.',
      '',
      '|===',
      '|Zone |Fee',
      '|A |5',
      '|===',
      '',
      'Term:: Its meaning.',
      'image::a.png[]',
    ].join('\n');
    expect(read(asciidocToMarkdown(source))).toEqual({
      title: 'The title',
      text: [
        'Intro with the docs, that page and a part.',
        '= no heading\nnpm i',
        '## Part',
        'Steps',
        'one',
        'two',
        'first',
        'NOTE: Ask first.',
        'Zone; Fee',
        'A; 5',
        'Term: Its meaning.',
      ],
    });
  });
});
