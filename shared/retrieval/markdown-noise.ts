/**
 * What sites' generators put between the lines of a Markdown text and no reader sees: imports and exports of MDX,
 * comments, fences of containers and directives, templates' marks, links of wikis. They become spaces, so that every
 * place in the source stays on its line; titles of containers and the words of links stay, and what a container has
 * indented is text like any other. Code is never touched.
 */
import { containerLine, directiveOf, indentedOpener, titleLine } from './markdown-containers.ts';
import { componentTitle } from './markdown-inline.ts';
import { type Defined, definedIn, withoutMarks } from './markdown-marks.ts';

/** @param source with single line feeds. @returns a text of the same length */
export function withoutNoise(source: string): string {
  if (!NOISE.test(source)) return source;
  const reader = new NoiseReader(source);
  return source
    .split('\n')
    .map((line) => padded(reader.read(line), line.length))
    .join('\n');
}

/** A text without any of these has no noise. */
const NOISE =
  /^[ \t]*::|^ {0,3}\[[^\n\]]+\]:|\^\[|\+\+[\w"]|(?:^|\s):[a-z][\w-]*\{|:::|\{\{|\{%|\{\/\*|\[\[|\[[!^]\w|%%|8<|\{:|[)\]]\{|`\{|\}`|^\[TOC\]|^(?:import|export)\s|^ {0,3}(?:!!!|\?\?\?|===)[\s+!]|^ {0,3}(?:<<<|@\[code)|^\([\w:.-]+\)=|^[ \t]*<[A-Z][\w.]*(?:[ \t][^<>\r\n]*)?$|(?:^|\s):[a-z][\w+-]*:|<\/?>|^[?!]>|^\*\[|\{["']/m;
const FENCE = /^[\s>]*(?:(?:[*+-]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})(.*)$/;
const STATEMENT =
  /^(?:import\s+(?:[\w*{][^'"]*\sfrom\s+)?['"][^'"]+['"];?\s*$|import\s+(?:\w+\s*,\s*)?\{\s*$|export\s+(?:default|const|let|var|function|async|class)\s[^=({;]*[=({;]|export\s+[{*].*(?:from|\}))/;
/** Elements whose text is no Markdown. */
const RAW_ELEMENT = /^ {0,3}<(script|style|pre|textarea)(?=[\s>])/i;

/** Brackets of longer statements are not followed. */
const LONGEST_STATEMENT = 8192;
/** Of a text with more that are not closed none are followed any more. */
const MOST_UNCLOSED = 8;

/** What is open around a line, with the line that ends it. */
interface Open {
  /** What becomes of the lines between: they stay, or they go. */
  keeps: boolean;
  ends: RegExp;
  /** Of the line that ends it; null leaves it as it is. */
  closing: string | null;
  /** Whether what it calls itself stays of lines that go. */
  titled?: boolean;
  /** No line before this place ends it. */
  until?: number;
}

/** Tags around lines, by the name that ends them: code, and what is shown to nobody. */
const TAGS: readonly { opens: RegExp; ends: RegExp; isCode: boolean }[] = [
  { opens: /^\s*\{%-?\s*highlight\b/, ends: /\{%-?\s*endhighlight\b/, isCode: true },
  { opens: /^\s*\{\{[<%]\s*highlight\b/, ends: /\{\{[<%]\s*\/\s*highlight\b/, isCode: true },
  { opens: /^\s*\{%-?\s*comment\b/, ends: /\{%-?\s*endcomment\b/, isCode: false },
  { opens: /^\s*%%\s*$/, ends: /%%\s*$/, isCode: false },
];

/** A component of MDX whose attributes stand on lines of their own. */
const COMPONENT_BEGINS = /^[ \t]*<[A-Z][\w.]*(?:[ \t][^<>]*)?$/;
const COMPONENT_ENDS = /^[ \t]*\/?>|[^=\s][ \t]?\/?>[ \t]*$/;

class NoiseReader {
  readonly #source: string;
  readonly #defined: Defined;
  /** `% ` begins a comment of MyST, and of nothing else that Markdown is written in. */
  readonly #isMyst: boolean;
  /** Where the line that is read begins. */
  #position = 0;
  #open: Open | null = null;
  /** Marks of MyST's directives that are open, the innermost last. */
  readonly #directives: string[] = [];
  /** Options of a directive may follow. */
  #options = false;
  /** Columns that the content of open admonitions is indented by. */
  #indented = 0;
  #blankBefore = true;
  #inList = false;
  #inIndentedCode = false;

  constructor(source: string) {
    this.#source = source;
    this.#defined = definedIn(source);
    this.#isMyst = /^ {0,3}(?:`{3,}|:{3,})\{[a-z]/m.test(source);
  }

  read(given: string): string {
    const line = this.#dedented(given);
    const next = this.#position + given.length + 1;
    const text = this.#line(line, next);
    this.#position = next;
    this.#blankBefore = line.trim() === '';
    return text;
  }

  /** Without what admonitions around it are indented by; they end at the first line that is less so. */
  #dedented(line: string): string {
    if (this.#indented === 0 || line.trim() === '') return line;
    const indent = /^[ \t]*/.exec(line)![0];
    const columns = indent.replaceAll('\t', '    ').length;
    if (columns < this.#indented) {
      this.#indented = columns - (columns % 4);
      this.#open = null;
    }
    return ' '.repeat(columns - this.#indented) + line.slice(indent.length);
  }

  /** @param next where the next line begins */
  #line(line: string, next: number): string {
    if (this.#open !== null) return this.#inside(line, this.#open);
    const option = this.#options && /^\s*(?::[\w-]+:|---\s*$)/.test(line);
    this.#options = option;
    if (option) return '';
    const fence = FENCE.exec(line);
    if (fence !== null) return this.#fence(line, fence[1]!, fence[2]!);
    if (this.#isIndentedCode(line)) return line;
    const raw = RAW_ELEMENT.exec(line)?.[1];
    if (raw !== undefined) {
      const ends = new RegExp(`</${raw}\\s*>`, 'i');
      if (!ends.test(line)) this.#open = { keeps: true, ends, closing: null };
      return line;
    }
    // A statement of MDX ends at an empty line, but for those between its brackets.
    if (STATEMENT.test(line)) {
      this.#open = {
        keeps: false,
        ends: /^\s*$/,
        closing: '',
        until: this.#endOfStatement(next - 1 - line.length),
      };
      return '';
    }
    const tag = TAGS.find(({ opens }) => opens.test(line));
    if (
      tag !== undefined &&
      !tag.ends.test(line.replace(tag.opens, '')) &&
      this.#comesLater(tag.ends, next)
    ) {
      const closing = tag.isCode ? '```' : '';
      this.#open = { keeps: tag.isCode, ends: tag.ends, closing };
      return closing;
    }
    if (this.#isMyst && /^%(?:\s|$)/.test(line)) return '';
    // An entry that stands for the table of contents.
    if (/^[*+-][ \t]+\S/.test(line) && /^\{: ?toc/.test(this.#source.slice(next, next + 6))) return '';
    if (COMPONENT_BEGINS.test(line) && this.#comesLater(COMPONENT_ENDS, next)) {
      this.#open = { keeps: false, ends: COMPONENT_ENDS, closing: '', titled: true };
      return titleLine(componentTitle(line));
    }
    if (indentedOpener(line) !== null) this.#indented += 4;
    this.#options = /^ {0,3}:{3,}\{/.test(line);
    return withoutMarks(containerLine(this.#beforeComment(line, next)), this.#defined);
  }

  #inside(line: string, { keeps, ends, closing, titled = false, until = 0 }: Open): string {
    const title = titled ? titleLine(componentTitle(`<A ${line}`)) : '';
    if (this.#position < until || !ends.test(line)) return keeps ? line : title;
    this.#open = null;
    return closing === '' ? title : (closing ?? line);
  }

  #fence(line: string, mark: string, info: string): string {
    const innermost = this.#directives.at(-1);
    if (innermost !== undefined && mark.startsWith(innermost) && info.trim() === '') {
      this.#directives.pop();
      return '';
    }
    const directive = directiveOf(info);
    const ends = new RegExp(`^[\\s>]*${mark}[\`~]*\\s*$`);
    if (directive?.kind === 'prose') {
      this.#directives.push(mark);
      this.#options = true;
      return titleLine(directive.title);
    }
    this.#open =
      directive === null ? { keeps: true, ends, closing: null } : { keeps: false, ends, closing: '' };
    return directive === null ? line : '';
  }

  /** Indented by four columns below an empty line, and not inside of a list. */
  #isIndentedCode(line: string): boolean {
    if (line.trim() === '') return this.#inIndentedCode;
    const indented = /^(?: {4}|\t)/.test(line);
    if (!indented)
      this.#inList = /^\s*(?:[*+-]|\d{1,9}[.)])\s/.test(line) || (this.#inList && /^\s/.test(line));
    this.#inIndentedCode = indented && !this.#inList && (this.#blankBefore || this.#inIndentedCode);
    return this.#inIndentedCode;
  }

  /** Statements whose brackets were looked for in vain. */
  #unclosed = 0;

  /** Where the brackets of the statement that begins at `from` are closed; `from` where they are not, or soon enough. */
  #endOfStatement(from: number): number {
    if (this.#unclosed === MOST_UNCLOSED) return from;
    let depth = 0;
    const end = Math.min(this.#source.length, from + LONGEST_STATEMENT);
    for (let at = from; at < end; at++) {
      const mark = this.#source[at]!;
      if ('([{'.includes(mark)) depth += 1;
      else if (')]}'.includes(mark)) depth -= 1;
      else if (mark === '\n' && depth <= 0) return at;
    }
    this.#unclosed += 1;
    return from;
  }

  /** The line up to a comment of MDX that begins on it and ends on a later one. */
  #beforeComment(line: string, next: number): string {
    const at = line.lastIndexOf('{/*');
    if (at < 0 || line.indexOf('*/}', at) >= 0 || !this.#comesLater(/\*\/\}/, next)) return line;
    this.#open = { keeps: false, ends: /\*\/\}/, closing: '' };
    return line.slice(0, at);
  }

  readonly #last = new Map<string, number>();

  /** Whether a line from `from` on has what `ends` looks for. */
  #comesLater(ends: RegExp, from: number): boolean {
    let last = this.#last.get(ends.source);
    if (last === undefined) {
      last = -1;
      for (const { index } of this.#source.matchAll(new RegExp(ends.source, 'gm'))) last = index;
      this.#last.set(ends.source, last);
    }
    return last >= from;
  }
}

function padded(text: string, length: number): string {
  return text.padEnd(length).slice(0, length);
}
