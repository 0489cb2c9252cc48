/** Dialects of Markdown, pages of old and of new sites, and other markup, as their tools show them. */
import { describe, expect, it } from 'vitest';
import { readPage } from '../../../helpers/read-page.ts';

type Page = readonly [what: string, source: string, ...read: string[]];

const PAGES: Record<string, readonly Page[]> = {
  '.md': [
    // Fields without fences.
    [
      'MultiMarkdown',
      'Title:   Hoses\nAuthor:  Jane Roe\n\n# Taps\n\nTurn it.',
      'Hoses',
      'heading|Taps',
      'Turn it.',
    ],
    [
      'a value over lines',
      'Title: A long title\n       that goes on\ncss: a.css\n\nIt drips.',
      'A long title that goes on',
      'It drips.',
    ],
    [
      'Pelican',
      'Title: Review\nDate: 2010-12-03 10:20\nTags: a, b\nSlug: my-post\n\nText.',
      'Review',
      'Text.',
    ],
    ['escapes', '---\ntitle: "\\U0001F600 \\x41 \\u00e9"\n---\nText.', '😀 A é', 'Text.'],
    [
      'emphasis without spaces',
      '# T\n\nこれと*斜体*も**太字**も。2*3*4 と a*b*c、甲*乙。',
      'T',
      'これと斜体も太字も。2*3*4 と a*b*c、甲*乙。',
    ],
    ['a title alone', '\uFEFFTitle: Permits\n\nText.', 'Permits', 'Text.'],
    ['prose with a colon', 'Note: bring your badge.\n\nText.', '', 'Note: bring your badge.', 'Text.'],
    [
      'a record with names of its own',
      'Title: Manager\nOffice: Berlin\n\nText.',
      '',
      'Title: Manager\nOffice: Berlin',
      'Text.',
    ],
    [
      'fields in the middle of prose',
      'Title: Manager\nand more of it.\n\nText.',
      '',
      'Title: Manager\nand more of it.',
      'Text.',
    ],
    [
      'fields without a title',
      'Author: Jane\nDate: 2020\n\n# T\n\nText.',
      'T',
      'Author: Jane\nDate: 2020',
      'Text.',
    ],
    // Front matter that says what it is in.
    ['YAML by name', '---yaml\ntitle: A\n---\nText.', 'A', 'Text.'],
    ['TOML by name', '---toml\ntitle = "A"\n---\nText.', 'A', 'Text.'],
    ['JSON by name', '---json\n{ "title": "A" }\n---\nText.', 'A', 'Text.'],
    ['JavaScript by name', "---js\n{\n  title: 'A',\n  now: function () {}\n}\n---\nText.", 'A', 'Text.'],
    [
      'two rules around prose',
      '---\n\nFirst of all: read it.\n\n---\n\nText.',
      '',
      'First of all: read it.',
      'Text.',
    ],
    // Marks.
    [
      'keys',
      '# T\n\nPress ++ctrl+alt+del++, in C++ i++ and j++ stay.',
      'T',
      'Press ctrl+alt+del, in C++ i++ and j++ stay.',
    ],
    [
      'the language of inline code',
      '# T\n\n`#!python range()` and `#!/bin/sh`',
      'T',
      'range() and #!/bin/sh',
    ],
    [
      'a footnote in its place',
      '# T\n\nText^[An inline note.] goes on; /^[a-z]/ and 2^[n] stay.',
      'T',
      'Text (An inline note.) goes on; /^[a-z]/ and 2^[n] stay.',
    ],
    [
      'references by their words',
      '# T\n\nRead [Our  policy] and [x], a[0].\n\n[our policy]: https://x.org',
      'T',
      'Read Our policy and [x], a[0].',
    ],
    [
      'a version with its link',
      '# T\n\n## [1.2.0] - 2024\n\nText.\n\n[1.2.0]: https://x.org',
      'T',
      'heading|1.2.0 - 2024',
      'Text.',
    ],
    [
      'a grid',
      '# T\n\n+-----+------+\n| Key | Does |\n+=====+======+\n| F1  | help |\n+-----+------+',
      'T',
      'row|Key: F1; Does: help',
    ],
    [
      'a grid with text below',
      '# T\n\n+--+--+\n| a | b |\n+--+--+\nText.',
      'T',
      '+--+--+\n| a | b |\n+--+--+\nText.',
    ],
    // Containers.
    [
      'a picture of DocFX',
      '# T\n\n:::image type="content" source="a.png" alt-text="The portal.":::\n\nText.',
      'T',
      'The portal.',
      'Text.',
    ],
    [
      'zones of DocFX',
      '# T\n\n:::zone pivot="cli"\n\nUse it.\n\n:::zone-end\n\n::: moniker range=">=a"\n\nNew.\n\n::: moniker-end\n\n:::code language="json" source="a.json":::',
      'T',
      'Use it.',
      'New.',
    ],
    [
      'links and files of DocFX',
      '# T\n\n> [!div class="next"]\n> [Next](n.md)\n\n[!INCLUDE [x](../x.md)]\n\n> [!VIDEO https://x.org]\n\nText.',
      'T',
      'Next',
      'Text.',
    ],
    [
      'a title in attributes',
      '# T\n\n::: {.callout-note title="Mind"}\nIt is hot.\n:::',
      'T',
      'Mind',
      'It is hot.',
    ],
    [
      'components of Nuxt',
      '# T\n\n::alert{type="info"}\nCheck it.\n::\n\n::card-group\n  :::card{title="One"}\n  Card.\n  :::\n::\n\nSee :icon{name="x"} here, std::move and a::b.',
      'T',
      'Check it.',
      'One',
      'Card.',
      'See here, std::move and a::b.',
    ],
    ['comments of MyST', '# T\n\n```{note}\nText.\n```\n\n% hidden\n\nEnd.', 'T', 'Text.', 'End.'],
    ['a share at the beginning of a line', '# T\n\n% of all people agree.', 'T', '% of all people agree.'],
    // HTML in it.
    [
      'a heading with a logo above',
      '<h1 align="center">\n  <br>\n  <a href="x"><img src="l.png" alt="Logo"></a>\n  <br>\n  Zephyr\n</h1>\n\nText.',
      'Zephyr',
      'Text.',
    ],
    ['a heading that is a logo', '<h1><img src="l.png" alt="Zephyr"></h1>\n\nText.', 'Zephyr', 'Text.'],
    [
      'badges',
      '# T\n\n<p align="center">\n<a href="b"><img src="https://img.shields.io/x.svg" alt="Build"></a>\n</p>\n\nText.',
      'T',
      'Text.',
    ],
  ],
  '.mdx': [
    [
      'statements with empty lines in them',
      'export function Box() {\n  const a = 1\n\n  return a\n}\n\nimport {\n  b\n} from "c"\n\n# T\n\nText.',
      'T',
      'Text.',
    ],
    ['a statement whose brackets stay open', 'export const a = "(";\n\n# T\n\nText.', 'T', 'Text.'],
  ],
  '.qmd': [
    [
      'Quarto',
      '---\ntitle: "Rain"\n---\n\n```{r}\nplot(x)\n```\n\nIt rained.',
      'Rain',
      'code|plot(x)',
      'It rained.',
    ],
  ],
  '.html': [
    [
      'a banner for cookies',
      '<div class="site-cookie-banner"><p>We use cookies.</p></div><div id="onetrust-consent-sdk">Accept</div><p>Text.</p>',
      '',
      'Text.',
    ],
    [
      'text about cookies',
      '<div class="has-cookie-banner"><h2 id="cookie-consent">Consent</h2><div class="section" id="cookie-notice"><p>We ask for it.</p></div></div>',
      'Consent',
      'We ask for it.',
    ],
    [
      'frames before HTML 5',
      '<ul class="nav navbar"><li>Home</li></ul><h1>T</h1><p>Text.</p><div class="footer">Imprint</div>',
      'T',
      'Text.',
    ],
    ['a page that is a footer', '<div id="footer"><p>Only this.</p></div>', '', 'Only this.'],
    [
      'a heading above its content',
      '<header><h1>T</h1><p>By Ann</p></header><main><h2>Part</h2><p>Text.</p></main>',
      'T',
      'heading|Part',
      'Text.',
    ],
    [
      'a heading of its own',
      '<header><h1>Brand</h1></header><main><h1>T</h1><p>Text.</p></main>',
      'T',
      'Text.',
    ],
    [
      'a wiki',
      '<h1>T</h1><p>It digs<sup class="reference"><a href="#n">[1]</a></sup>.</p><h2>Diet<span class="mw-editsection">[edit]</span></h2><p>Worms.</p>',
      'T',
      'It digs.',
      'heading|Diet',
      'Worms.',
    ],
    [
      'what is shown where a film cannot be',
      '<p>See it.</p><video>No video.</video><audio>No audio.</audio><canvas>No canvas.</canvas>',
      '',
      'See it.',
    ],
    [
      'titles of pictures',
      '<body><svg><title>Logo</title></svg><!-- <title>Old</title> --><h1>T</h1><p>Text.</p>',
      'T',
      'Text.',
    ],
    [
      'a title behind a script',
      '<script>"<title>no</title>"</script><title>A &amp; B</title><p>Text.</p>',
      'A & B',
      'Text.',
    ],
    ['a heading that nobody closed', '<h1>T<p>One.<ul><li>two</ul>', 'T', 'One.', 'item|two'],
    ['a heading over lines', '<h1>First<br>second</h1><p>Text.</p>', 'First second', 'Text.'],
  ],
  '.rst': [
    [
      'code that is Markdown',
      'T\n=\n\n.. code-block:: md\n\n  ```js\n  a\n  ```\n\nEnd.',
      'T',
      'code|```js\n  a\n  ```',
      'End.',
    ],
    ['anonymous targets', 'T\n=\n\nSee this__ page.\n\n__ https://x.org', 'T', 'See this page.'],
    [
      'the columns of cards',
      'T\n=\n\n.. grid:: 2\n\n   .. grid-item-card:: One\n\n      Card.',
      'T',
      'One',
      'Card.',
    ],
  ],
  '.adoc': [
    [
      'headings of the older form',
      'Old Title\n=========\n\nPart A\n------\n\nText.',
      'Old Title',
      'heading|Part A',
      'Text.',
    ],
    [
      'code below a line',
      '= T\n\nType this command:\n----\na\n----\n\nEnd.',
      'T',
      'Type this command:',
      'code|a',
      'End.',
    ],
    ['code that is Markdown', '= T\n\n----\n```js\na\n```\n----\n\nEnd.', 'T', 'code|```js\na\n```', 'End.'],
    ['icons', '= T\n\nicon:check[] Done.', 'T', 'Done.'],
  ],
};

describe.each(Object.entries(PAGES))('%s', (ending, pages) => {
  it.each(pages)('%s', (_, source, ...expected) => {
    expect(readPage(ending, source)).toEqual(expected);
  });
});
