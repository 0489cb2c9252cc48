/**
 * Lines that open or close something around other lines and are no text themselves: containers of VitePress and
 * Docusaurus, admonitions and tabs of MkDocs, callouts, directives of MyST, tags of Liquid and shortcodes of Hugo. Of
 * such a line its title stays.
 */

/** Longer lines are text. */
const LONGEST = 300;

/** Directives of MyST whose content is prose; Quarto and R Markdown write `{r}` where code is run. */
const PROSE =
  /^(?:note|tip|hint|warning|caution|danger|error|important|attention|seealso|admonition|todo|versionadded|versionchanged|deprecated|dropdown|details|tab-(?:set|item)|card|grid(?:-item(?:-card)?)?|topic|sidebar|margin|epigraph|pull-quote|rubric|figure|exercise|solution|proof(?::\w+)?|prf:\w+|theorem|definition|glossary|only|div)$/;
/** Those that show nothing of what stands in them. */
const SILENT = /^(?:toctree|contents|tableofcontents|include|index|meta|raw|bibliography|image)$/;

export interface Directive {
  kind: 'prose' | 'silent';
  title: string;
}

/** What the words behind a fence's mark say, where they name a directive; null for code. */
export function directiveOf(info: string): Directive | null {
  const found = /^\{([\w:-]{1,40})\}[ \t]*(.*)$/.exec(info.slice(0, LONGEST).trim());
  if (found === null) return null;
  const [, name = '', argument = ''] = found;
  if (SILENT.test(name)) return { kind: 'silent', title: '' };
  if (!PROSE.test(name)) return null;
  // A figure's argument is a file.
  return { kind: 'prose', title: name === 'figure' ? '' : argument.trim() };
}

/** An admonition or a tab whose content is indented below it. Null where the line opens none. */
export function indentedOpener(line: string): { title: string } | null {
  if (line.length > LONGEST) return null;
  const called = /^ {0,3}(?:!{3}|\?{3}\+?)[ \t]+[\w-]+(?:[ \t][\w -]*)?(?:"([^"]*)")?[ \t]*$/.exec(line);
  if (called !== null) return { title: called[1] ?? '' };
  const tab = /^ {0,3}===[!+]?[ \t]+"([^"]*)"[ \t]*$/.exec(line);
  return tab === null ? null : { title: tab[1]! };
}

/** What the attributes of a container or a tag show. */
const ATTRIBUTE = /[\s{](?:title|caption|summary|alt-text)[ \t]*=[ \t]*"([^"]*)"/;

/** Two colons are one in Nuxt Content alone: before a component's name, or by themselves. */
function isFence(line: string, rest: string): boolean {
  if (/^ {0,3}:{3}/.test(line)) return true;
  return /^(?:[a-z][\w-]*(?:\[[^[\]]*\])?(?:\{[^{}]*\})?)?\s*$/.test(rest);
}

/** The title of a container that this line opens; nothing of a line that only opens or closes one. */
export function containerLine(line: string): string {
  if (line.length > LONGEST) return line;
  const fenced = /^[ \t]*:{2,}(.*)$/.exec(line)?.[1];
  if (fenced !== undefined && isFence(line, fenced)) {
    const directive = directiveOf(fenced);
    if (directive !== null) return titleLine(directive.title);
    const titled = ATTRIBUTE.exec(fenced)?.[1];
    if (titled !== undefined) return titleLine(titled);
    const plain = fenced.replace(/:{2,}\s*$|\{[^{}]*\}/g, ' ').trim();
    const named = /^[\w-]*\[([^\]]*)\]/.exec(plain)?.[1];
    // What has attributes says nothing else.
    if (/\s[\w-]+=["']/.test(plain) || /^moniker\s/.test(plain)) return '';
    return titleLine(named ?? plain.replace(/^\S+\s*/, ''));
  }
  const quoted = /^((?:[ \t]*>)+[ \t]?)\[!\w+(?:[ \t][^[\]]*)?\][+-]?[ \t]*(.*)$/.exec(line);
  if (quoted !== null) return `${quoted[1]}${quoted[2]}`;
  // Files, films and code that DocFX puts there.
  if (/^[ \t]*\[!(?:INCLUDE|VIDEO|code)[-\w]*[ \t]*\[?/i.test(line)) return '';
  const opened = indentedOpener(line);
  if (opened !== null) return titleLine(opened.title);
  const tag = /^\s*\{[{%][^{}]*[}%]\}\s*$/.test(line) ? ATTRIBUTE.exec(line) : null;
  if (tag !== null) return titleLine(tag[1]!);
  // Hints of Docsify, and abbreviations of PHP Markdown Extra, which are said once for the whole page.
  const hint = /^[?!]>[ \t]+(.*)$/.exec(line);
  if (hint !== null) return titleLine(hint[1]!);
  const short = /^\*\[([^[\]]+)\]:[ \t]*(\S.*)$/.exec(line);
  if (short !== null) return titleLine(`${short[1]}: ${short[2]}`);
  return MARKS_ALONE.test(line) ? '' : line;
}

/**
 * Attributes of the block before (`{: .note }`), files and contents that a generator puts there, and targets of MyST.
 */
const MARKS_ALONE =
  /^ {0,3}(?:\{:[^{}]*\}|\{ ?[.#][^{}]*\}|\[\[?_?toc_?\]?\]|-{1,2}8<-{1,2}.*|<<< ?@?[/\w].*|@\[code[^\]]*\]\(.*\)|\([\w:.-]+\)=)\s*$/i;

/** On a line of its own: what it stands above is no part of its sentence. */
export function titleLine(title: string): string {
  return title === '' ? '' : `${title}\n`;
}
