/** Titles and text of documents as people write them, in Markdown with what sites' generators add, and in HTML. */
import { describe, expect, it } from 'vitest';
import { splitDocument } from '../../../../shared/retrieval/chunking.ts';
import { readDocument } from '../../../../shared/retrieval/document.ts';

const read = (text: string, format: 'markdown' | 'html' = 'markdown', title = '') => {
  const { title: own, blocks, source } = readDocument({ title, text, format });
  expect(source).toHaveLength(text.length);
  for (const { start, end } of blocks) expect(start >= 0 && start < end && end <= text.length).toBe(true);
  return { title: own, text: blocks.map((block) => block.text) };
};

describe('front matter', () => {
  it.each([
    ['---\ntitle: Plain\n---\nText.', 'Plain'],
    ['\uFEFF---\r\ntitle: "A \\"quoted\\" one"\r\n---\r\n\r\nText.', 'A "quoted" one'],
    ["---\nTitle: 'It''s here' # note\n---\nText.", "It's here"],
    ['---\ntitle: Closing time # keep short\n---\nText.', 'Closing time'],
    ['---\ntitle: C# in a day\n---\nText.', 'C# in a day'],
    ['---\ntitle: >-\n  Closing time\n  in June\ndraft: no\n---\nText.', 'Closing time in June'],
    ['---\ntitle: |\n  Closing\n  time\n...\nText.', 'Closing time'],
    ['---\ntitle: "Over\n  two lines"\n---\nText.', 'Over two lines'],
    ['---\ntitle: On and\n  on\n---\nText.', 'On and on'],
    ['---\nlayout: page\ntags:\n- a\n- b\nauthors: [\n  x, y\n]\ntitle: Last\n---\nText.', 'Last'],
    ['---\ntitle: Re: the lamp\n---\nText.', 'Re: the lamp'],
    ['---\ntitle: "`npm` &amp; *us*"\n---\nText.', 'npm & us'],
    ['+++\n# site\ntitle = "Toml \\u0041"\n[extra]\ntitle = "no"\n+++\nText.', 'Toml A'],
    ["+++\ndate = 2024-01-01\ntitle = '''\nLong'''\n+++\nText.", 'Long'],
    [';;;\n{ "title": "Json" }\n;;;\nText.', 'Json'],
    ['{\n  "title": "Bare json",\n  "tags": ["a"]\n}\n\nText.', 'Bare json'],
    ['---\ntitle: &name Anchored\nalias: *name\n---\nText.', 'Anchored'],
    ['---\ntitle: !!str 2024\n---\nText.', '2024'],
    ['---\n{ tags: [a, b], title: "In braces, too" }\n---\nText.', 'In braces, too'],
    ['---\n  title: Indented\n  tags:\n    - a\n---\nText.', 'Indented'],
    ['---\nog:title: Shared\ntitle: Own\n---\nText.', 'Own'],
    ['\n\n---\ntitle: Below empty lines\n---\nText.', 'Below empty lines'],
    ['---\ntitle: "With an id {#id}"\n---\nText.', 'With an id'],
  ])('%j says the title', (source, title) => {
    expect(read(source)).toEqual({ title, text: ['Text.'] });
  });

  it.each([
    ['---\ntitle: null\n---\n# Heading\n\nText.', 'Heading'],
    ['---\ntitle: [a, b]\n---\n## Heading\n\nText.', 'Heading'],
    ['---\ndescription: About\n---\nText.', ''],
  ])('%j says none', (source, title) => {
    expect(read(source)).toEqual({ title, text: ['Text.'] });
  });

  it.each([
    ['---\n\nA page that begins with a rule.\n\n---\n\nText.', ['A page that begins with a rule.', 'Text.']],
    ['---\ntitle: Never closed\n\nText.', ['title: Never closed', 'Text.']],
    ['----\ntitle: x\n----\nText.', ['title: x', 'Text.']],
    ['Text.\n\n---\ntitle: x\n---\n', ['Text.', 'title: x']],
    ['+++\nnothing here\n+++\n\nText.', ['+++\nnothing here\n+++', 'Text.']],
  ])('%j is none', (source, text) => {
    const found = read(source);
    expect([...(found.title === '' ? [] : [found.title]), ...found.text].sort()).toEqual([...text].sort());
  });
});

describe('titles', () => {
  it.each([
    ['# ATX #\n\nText.', 'ATX'],
    ['Set\nin two lines\n===\n\nText.', 'Set in two lines'],
    ['<h1 align="center">\n  In <em>HTML</em>\n</h1>\n\nText.', 'In HTML'],
    ['[![build](b.svg)](ci)\n\n<!-- licence -->\n\n# After badges\n', 'After badges'],
    ['## Second first\n\n# The title\n', 'The title'],
    ['```sh\n# a comment\n```\n\n# Real\n', 'Real'],
    ['# With `code` {#the-id}\n', 'With code'],
    ['# Classes {: .big }\n', 'Classes'],
    ['# Set {a, b}\n', 'Set {a, b}'],
    ['# Costs {/*costs*/}\n', 'Costs'],
    ['Text.\n\n### Only a small one\n', 'Only a small one'],
    ['# Name ![badge](b.svg) [![other](o.svg)](ci)\n', 'Name'],
    ['# ![Only a logo](l.svg)\n', 'Only a logo'],
    ['<h1><img alt="Logo" src="l.svg"> Named</h1>\n\nText.', 'Named'],
    ['<h1><img alt="Only a logo" src="l.svg"></h1>\n\nText.', 'Only a logo'],
    ['Text only.', ''],
  ])('of %j', (source, title) => expect(read(source).title).toBe(title));

  it('that are given count, and are not said twice', () => {
    expect(read('# Mine\n\nText.', 'markdown', 'Given')).toEqual({ title: 'Given', text: ['Mine', 'Text.'] });
    expect(read('# Mine\n\nText.', 'markdown', ' Mine ')).toEqual({ title: 'Mine', text: ['Text.'] });
    const options = { countTokens: (text: string) => text.split(' ').length, maxTokens: 64 };
    const passages = splitDocument(
      { title: '', text: '---\ntitle: T\n---\nBody.', format: 'markdown' },
      options,
    );
    expect(passages.map(({ text }) => text)).toEqual(['T: Body.']);
  });
});

describe('Markdown', () => {
  it.each([
    [
      'import Tabs from "@theme/Tabs";\nimport "./a.css"\n\nexport const price = {\n  a: 1,\n};\n\nText.',
      ['Text.'],
    ],
    ['import your data from the menu, then export it.', ['import your data from the menu, then export it.']],
    ['A {/* hidden */}word.\n\n{/* over\n\nlines */}\n\nText.', ['A word.', 'Text.']],
    ['A {/*never closed\n\nText.', ['A {/never closed', 'Text.']],
    ['::: warning Take care\nHot.\n:::\n\n:::note[Mind]\nCold.\n:::', ['Take care', 'Hot.', 'Mind', 'Cold.']],
    ['::: details Click {open}\nIn.\n:::\n\n::: {.note}\nOut.\n:::', ['Click', 'In.', 'Out.']],
    ['> [!NOTE]\n> Ask first.', ['Ask first.']],
    ['> [!tip]- Folded\n> Ask.', ['Folded\nAsk.']],
    ['!!! warning "Hot"\n    Do not touch.', ['Hot', 'Do not touch.']],
    ['=== "Linux"\n    apt install x', ['Linux', 'apt install x']],
    ['{{#include ../a.rs}}\n\n{% include "x.md" %}\n\nA {{ name }}b.', ['A b.']],
    ['See [[Page]], [[Other#part|that]] and ![[picture.png]].', ['See Page, that and .']],
    ['[[1]](https://example.org) stays a link.', ['[1] stays a link.']],
    [
      '`{{ code }}` and `[[x]]` stay.\n\n```\n::: {{ y }}\nimport "z"\n```',
      ['{{ code }} and [[x]] stay.', '::: {{ y }}\nimport "z"'],
    ],
    ['Go to /list?a=1&region=eu&copy=2 &amp; &#65;&nope;', ['Go to /list?a=1&region=eu&copy=2 & A&nope;']],
    ['- [ ] task\n- [x] done', ['task', 'done']],
    ['[![build](b.svg)](ci) [![npm](n.svg)](npm)\n\nText.', ['Text.']],
    // The first line below front matter is a line like any other.
    ['---\nid: x\n---\nimport A from "a";\nimport {\n  B,\n} from "./b";\n\nText.', ['Text.']],
    ['---\nid: x\n---\n```sh\n{{ kept }}\n```', ['{{ kept }}']],
    // What stands in an element that is no text ends with it.
    ['<script setup>\nimport { ref } from "vue"\n</script>\n\nText.', ['Text.']],
    ['<style>\n/* ::: */\n</style>\n\n::: tip\nText.\n:::', ['Text.']],
    ['!!! note\n    One.\n\n    Two.\n\n    - three\n\nOut.', ['One.', 'Two.', 'three', 'Out.']],
    ['=== "Shell"\n\n    ```sh\n    npm i\n    ```\n\n    Then go.', ['Shell', 'npm i', 'Then go.']],
    ['???+ tip "Outer"\n    !!! note\n        Inner.\n\n    Outer text.', ['Outer', 'Inner.', 'Outer text.']],
    ['Moves.[^1] Next.\n\n[^1]: Said so.', ['Moves. Next.', 'Said so.']],
    ['A set [^abc] stays.', ['A set [^abc] stays.']],
    [
      'A ==mark== and a==b and %%hidden%% end. ^block-1\n\n%%\nover lines\n%%\n\nText.',
      ['A mark and a==b and end.', 'Text.'],
    ],
    ['100%% and 50%% stay.', ['100%% and 50%% stay.']],
    [
      '{{< note title="Mind" >}}\nHot.\n{{< /note >}}\n\nSee [x]({{< ref "y.md" >}}).',
      ['Mind', 'Hot.', 'See x.'],
    ],
    ['{{< highlight go >}}\nfunc {{ main }}\n{{< /highlight >}}\n\nText.', ['func {{ main }}', 'Text.']],
    [
      '{% highlight rb %}\nputs 1\n{% endhighlight %}\n\n{% comment %}\nno\n{% endcomment %}\n\nText.',
      ['puts 1', 'Text.'],
    ],
    ['{% highlight never closed\n\nText.', ['{% highlight never closed', 'Text.']],
    ['{% include a.html p="{{ x }}" %}\n\n{% raw %}{{ shown }}{% endraw %} here.', ['{{ shown }} here.']],
    ['{% tab title="First" %}\nIn.\n{% endtab %}', ['First', 'In.']],
    ['A [button](x.md){ .big } and a line.{: .cls }\n\n{: .note }\nText.', ['A button and a line.', 'Text.']],
    ['[[toc]]\n\n[TOC]\n\n--8<-- "a.md"\n\n<<< @/a.js{2}\n\n@[code](a.js)\n\nText.', ['Text.']],
    [
      '(label)=\n\n```{note} Mind\n:class: x\n\nHot.\n```\n\n```{toctree}\na\n```\n\nText.',
      ['Mind', 'Hot.', 'Text.'],
    ],
    [
      '````{tip}\nBefore.\n```sh\nnpm i\n```\n````\n\n```{r, echo=FALSE}\nplot(x)\n```',
      ['Before.', 'npm i', 'plot(x)'],
    ],
    ['See {ref}`the part <part>` and {doc}`intro` and `{code}`.', ['See the part and intro and {code}.']],
    ['Text:\n\n    {{ code }}\n    [[x]]\n\nEnd.', ['Text:', '{{ code }}\n[[x]]', 'End.']],
    ['- item\n\n    goes {{ x }}on.', ['item', 'goes on.']],
    ['Term\n: Its meaning.\n: Another.\n\nTime: now.', ['Term', 'Its meaning.', 'Another.', 'Time: now.']],
    ['A line\\\nthat breaks.', ['A line\nthat breaks.']],
  ])('%j', (source, text) => expect(read(source).text).toEqual(text));
});

describe('HTML', () => {
  it.each([
    [
      '<title>T &amp; U</title><header>Top</header><nav>Menu</nav><main><p>Body</p></main><footer>End</footer>',
      ['Body'],
    ],
    [
      '<header><p>Site</p></header><article><header><h1>H</h1></header><p>Body</p></article><p>Aside</p>',
      ['Body'],
    ],
    ['<nav>Menu</nav><p>Body</p><footer>End</footer>', ['Body']],
    ['<header>Only this</header>', ['Only this']],
    [
      '<p>A<button>Copy</button> <span hidden>x</span><i aria-hidden="true">y</i><b style="color: red; display:none">z</b>B</p>',
      ['A B'],
    ],
    ['<p><a href="a">One</a><a href="b">Two</a></p>', ['One Two']],
    [
      '<table><tr><th>Zone</th><th>Fee</th><th>Day</th></tr><tr><td>A</td><td></td><td>Mon</td></tr></table>',
      ['Zone: A; Day: Mon'],
    ],
    [
      '<table><tr><th colspan="2">Who</th><th>Fee</th></tr><tr><td>Ann</td><td>Lee</td><td>9</td></tr></table>',
      ['Who: Ann; Lee; Fee: 9'],
    ],
    ['<table><tr><td><p>A</p><p>B</p></td><td>C<br>D</td></tr></table>', ['A B; C D']],
    ['<table><tr><td><h2>Head</h2><ul><li>x</li></ul></td><td>y</td></tr></table>', ['x', 'y']],
    ['<table><tr><th>Names</th><th>alone</th></tr></table>', ['Names; alone']],
    [
      '<table><tr><td></td><th>Mon</th><th>Tue</th></tr><tr><th rowspan="2">Shut</th><td>5</td><td>6</td></tr><tr><td>7</td><td>8</td></tr></table>',
      ['Shut; Mon: 5; Tue: 6', 'Shut; Mon: 7; Tue: 8'],
    ],
    [
      '<div role="banner">Top</div><div role="main"><p>Body</p></div><div role="contentinfo">End</div>',
      ['Body'],
    ],
    ['<div role="banner">Top</div><div role="search">Find</div><p>Body</p>', ['Body']],
    [
      '<a class="skip-link" href="#c">Skip</a><ul><li><a href="#a">A</a></li><li><a href="b">B</a></li></ul><p>Body</p>',
      ['B', 'Body'],
    ],
    ['<h2><a href="#s">Part</a></h2><p>See <a href="#s">there</a>.</p>', ['See there.']],
    ['<dl><dt>run()<a class="headerlink" href="#r">¶</a></dt><dd>Runs.</dd></dl>', ['run()', 'Runs.']],
    ['<table><tr><td class="linenos"><pre>1\n2</pre></td><td><pre>a\nb</pre></td></tr></table>', ['a\nb']],
  ])('%s', (source, text) => {
    const { text: found } = read(source, 'html');
    expect(found).toEqual(text);
  });

  it('has its title in <title>, else in a heading without the mark of its link', () => {
    expect(read('<title>A &lt; B\n| Site</title><h1>H</h1>', 'html').title).toBe('A < B | Site');
    expect(read('<h2>Small</h2><h1>Big<a href="#big">¶</a></h1>', 'html').title).toBe('Big');
  });
});
