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
    [
      'T\n=\n\n+-----+-----+\n| Who | Fee |\n+=====+=====+\n| Ann | 5 |\n|     | net |\n+-----+-----+\n\nText.',
      'T',
      ['Who: Ann; Fee: 5 net', 'Text.'],
    ],
    [
      'T\n=\n\n=====  ====\nWho    Fee\n=====  ====\nAnn    5\n       net\nBob    6\n=====  ====\n\nText.',
      'T',
      ['Who: Ann; Fee: 5 net', 'Who: Bob; Fee: 6', 'Text.'],
    ],
    [
      'T\n=\n\n.. list-table:: Fees\n   :header-rows: 1\n\n   * - Who\n     - Fee\n   * - Ann\n       Lee\n     - 5\n\nText.',
      'T',
      ['Fees', 'Who: Ann Lee; Fee: 5', 'Text.'],
    ],
    [
      'T\n=\n\n.. csv-table:: Fees\n   :header: "Who", "Fee"\n\n   "Lee, Ann", 5\n\nText.',
      'T',
      ['Who: Lee, Ann; Fee: 5'],
    ],
    [
      'T\n=\n\n#. one\n#. two\n\nTerm\n  Its meaning.\n\n| a line',
      'T',
      ['one\ntwo', 'Term\nIts meaning.', 'a line'],
    ],
    [
      'T\n=\n\n.. |v| replace:: 2.1\n\nSince |v| [1]_ it runs.\n\n.. [1] Nearly.',
      'T',
      ['Since 2.1 it runs.', 'Nearly.'],
    ],
    [
      'T\n=\n\n.. figure:: a.png\n   :alt: x\n\n   What it shows.\n\n.. only:: html\n\n   Online text.',
      'T',
      ['What it shows.', 'Online text.'],
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

  it.each([
    [
      '[cols="1,1",options="header"]\n|===\n|Who |Fee\n\n|Ann\n|5 euros\n\n|Bob 2+|6\n|===',
      ['Who: Ann; Fee: 5 euros', 'Who: Bob; Fee: 6'],
    ],
    ['|===\n|Who |Fee\n\n|Ann |5\n|===\n\nText.', ['Who: Ann; Fee: 5', 'Text.']],
    ['|===\n|A |B\n|1 |2\n|===', ['A; B', '1; 2']],
    ['|===\n|Never |closed', ['Never; closed']],
    [
      ':product: Acme\n\nUse {product} and {unknown}, #marked#.\n\n----\n{product}\n----\n<1> What it means.',
      ['Use Acme and {unknown}, marked.', '{product}', 'What it means.'],
    ],
  ])('reads %j', (source, text) => {
    expect(read(asciidocToMarkdown(`= T\n\n${source}`))).toEqual({ title: 'T', text });
  });
});
