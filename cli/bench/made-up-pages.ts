/**
 * Pages that nobody wrote, of given lengths, in the formats that are read: the samples' words by Zipf's law, one in
 * twenty a new one, in paragraphs, lists, tables and code as pages of documentation have them. Pure.
 */

/** Of a page's next part. */
type Part = 'heading' | 'text' | 'list' | 'table' | 'code';

interface Writer {
  begin(title: string): string;
  write: Record<Part, (words: Words) => string>;
}

/** One new word in so many. */
const NEW_WORD = 20;

export class Words {
  readonly #known: readonly string[];
  #state: number;

  /** @param known at least one word */
  constructor(known: readonly string[], seed: number) {
    this.#known = known;
    this.#state = Math.imul(seed + 1, 0x9e3779b1);
  }

  #below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) | 0;
    return Math.floor(((this.#state >>> 0) / 2 ** 32) * limit);
  }

  word(): string {
    const known = () =>
      this.#known[Math.floor(this.#known.length ** (this.#below(1 << 20) / (1 << 20))) - 1]!;
    return this.#below(NEW_WORD) === 0 ? `${known()}${known()}${this.#below(1000)}` : known();
  }

  sentence(): string {
    const words = Array.from({ length: 8 + this.#below(12) }, () => this.word()).join(' ');
    return `${words[0]!.toUpperCase()}${words.slice(1)}.`;
  }

  paragraph(): string {
    return Array.from({ length: 3 + this.#below(3) }, () => this.sentence()).join(' ');
  }
}

const four = (line: () => string): string => Array.from({ length: 4 }, line).join('');

const WRITERS: Record<string, Writer> = {
  md: {
    begin: (title) => `---\ntitle: "${title}"\n---\n\n`,
    write: {
      heading: (words) => `## ${words.word()} ${words.word()}\n\n`,
      text: (words) =>
        `${words.paragraph()} See [${words.word()}](../${words.word()}.md) and **${words.word()}**.\n\n`,
      list: (words) => `${four(() => `- ${words.sentence()}\n`)}\n`,
      table: (words) =>
        `| Name | Value |\n|---|---|\n${four(() => `| ${words.word()} | ${words.word()} |\n`)}\n`,
      code: (words) => `\`\`\`sh\n${four(() => `${words.word()} --${words.word()}\n`)}\`\`\`\n\n`,
    },
  },
  html: {
    begin: (title) =>
      `<!doctype html><html><head><title>${title}</title></head><body><nav><a href="/">Home</a><a href="/a">Guides</a></nav>` +
      `<div class="bar">Search the handbook</div><h1>${title}</h1>\n`,
    write: {
      heading: (words) => `<h2 id="${words.word()}">${words.word()} ${words.word()}</h2>\n`,
      text: (words) =>
        `<p>${words.paragraph()} <a href="/b">${words.word()}</a> &amp; <b>${words.word()}</b>.</p>\n`,
      list: (words) => `<ul>${four(() => `<li>${words.sentence()}</li>\n`)}</ul>\n`,
      table: (words) =>
        `<table><tr><th>Name</th><th>Value</th></tr>${four(() => `<tr><td>${words.word()}</td><td>${words.word()}</td></tr>\n`)}</table>\n`,
      code: (words) => `<pre><code>${four(() => `${words.word()} --${words.word()}\n`)}</code></pre>\n`,
    },
  },
  rst: {
    begin: (title) => `${title}\n${'='.repeat(title.length)}\n\n`,
    write: {
      heading: (words) => `${words.word()} and more\n${'-'.repeat(40)}\n\n`,
      text: (words) =>
        `${words.paragraph()} See :ref:\`${words.word()} <a>\` and \`\`${words.word()}\`\`.\n\n`,
      list: (words) => `${four(() => `* ${words.sentence()}\n`)}\n`,
      table: (words) =>
        `=====  =====\nName   Value\n=====  =====\n${four(() => `a      ${words.word()}\n`)}=====  =====\n\n`,
      code: (words) => `.. code-block:: sh\n\n${four(() => `   ${words.word()} --${words.word()}\n`)}\n`,
    },
  },
  adoc: {
    begin: (title) => `= ${title}\n:toc:\n\n`,
    write: {
      heading: (words) => `== ${words.word()} ${words.word()}\n\n`,
      text: (words) => `${words.paragraph()} See link:a.html[${words.word()}] and \`${words.word()}\`.\n\n`,
      list: (words) => `${four(() => `* ${words.sentence()}\n`)}\n`,
      table: (words) => `|===\n|Name |Value\n\n${four(() => `|${words.word()} |${words.word()}\n`)}|===\n\n`,
      code: (words) => `----\n${four(() => `${words.word()} --${words.word()}\n`)}----\n\n`,
    },
  },
  txt: {
    begin: (title) => `${title}\n\n`,
    write: {
      heading: (words) => `${words.word()} ${words.word()}\n\n`,
      text: (words) => `${words.paragraph()}\n\n`,
      list: (words) => `${four(() => `- ${words.sentence()}\n`)}\n`,
      table: (words) => `${four(() => `${words.word()}: ${words.word()}\n`)}\n`,
      code: (words) => `${four(() => `    ${words.word()}\n`)}\n`,
    },
  },
};

export const PAGE_ENDINGS: readonly string[] = Object.keys(WRITERS);

const PARTS: readonly Part[] = ['heading', 'text', 'list', 'text', 'table', 'text', 'code'];

/** The text of a page of at least `bytes` ASCII characters. @param ending one of `PAGE_ENDINGS` */
export function madeUpPage(number: number, ending: string, bytes: number, known: readonly string[]): string {
  const { begin, write } = WRITERS[ending]!;
  const words = new Words(known, number);
  let page = begin(`Page ${number}`);
  for (let part = 0; page.length < bytes; part++) page += write[PARTS[part % PARTS.length]!](words);
  return page;
}
