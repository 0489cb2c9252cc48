/**
 * Marks inside of a line that sites' generators and wikis read and no reader sees: templates, comments, links of wikis,
 * roles of MyST, attributes, marks of footnotes. Inline code is never touched.
 */

/** Inline code, or what goes: in the order in which they may begin at one place. */
const INLINE = new RegExp(
  [
    // `{ref}`words <target>`` of MyST, before it is taken for code.
    '\\{[a-z][\\w:.+-]{0,40}\\}`(?<role>[^`]+)`',
    '(?<!`)(?<code>`{1,3}(?!`)[^`]+`{1,3})',
    // As far as another of it begins, so that none looks through what a later one does.
    '\\{%-?\\s*raw\\s*-?%\\}(?<raw>(?:(?!\\{%-?\\s*raw\\b).)*?)\\{%-?\\s*endraw\\s*-?%\\}',
    '\\{\\{[^{}]*\\}\\}',
    '\\{%(?:[^{}]|\\{\\{[^{}]*\\}\\})*%\\}',
    '\\{/\\*(?:[^*{]|\\*(?!/\\}))*\\*/\\}',
    '(?<embeds>!?)\\[\\[(?<page>[^[\\]|]*)(?:\\|(?<alias>[^[\\]]*))?\\]\\](?!\\()',
    // Obsidian's comments.
    '(?<![%\\w])%%[^%]+%%(?!%)',
    '\\[\\^(?<note>[^\\]\\s]{1,64})\\](?<defines>:?)',
    // Attributes of a link, a picture or a whole line.
    '(?<=[)\\]])\\{:? ?[.#][^{}]*\\}|\\{:[^{}]*\\}\\s*$',
    // Emoji and icons by their names, with what is said of how they look.
    '(?<=^|\\s):[a-z][a-z0-9_+-]{1,40}:(?:\\{[^{}]*\\})?(?=\\s|$|[.,!?;])',
    // Components of Nuxt Content.
    '(?<=^|\\s):[a-z][a-z0-9-]{0,40}\\{[^{}]*\\}',
    // Keys, as MkDocs shows them.
    '(?<![\\w+])\\+\\+(?<keys>[a-z0-9"][\\w+" -]{0,60}?)\\+\\+(?![\\w+])',
    // Pandoc's footnotes where they stand.
    '(?<=[^\\s/([{|\\\\])\\^\\[(?<inline>[^[\\]\\s]+\\s[^[\\]]*)\\]',
    // A reference to a link that is defined elsewhere by its words.
    '(?<=^|[^\\]!\\\\\\w])\\[(?<label>[^[\\]\\s!^](?:[^[\\]]{0,198}[^[\\]\\s])?)\\](?![[(:{])',
    // Fragments and spaces of MDX.
    '</?>|\\{(?<quote>["\'])\\s*\\k<quote>\\}',
    // Names of blocks in Obsidian.
    '\\s\\^[a-zA-Z0-9-]{4,40}\\s*$',
    ' ?-{1,2}8<-{1,2} "[^"]*"',
  ].join('|'),
  'g',
);
/** Where none of these is, nothing goes. */
const MARKED = /[{[%^]|8<|:[a-z]|<\/?>|\+\+/;

/** What the document defines somewhere: its footnotes and the targets of its links. */
export interface Defined {
  notes: ReadonlySet<string>;
  links: ReadonlySet<string>;
}

export function withoutMarks(line: string, { notes, links }: Defined): string {
  if (!MARKED.test(line)) return line;
  return line.replace(INLINE, (...match) => {
    const all = match[0]!;
    const groups = match.at(-1) as Record<string, string | undefined>;
    const { role, code, raw, embeds, page, alias, note, quote, keys, inline, label } = groups;
    if (role !== undefined) return roleWords(role);
    if (code !== undefined) return all;
    if (keys !== undefined) return keys.replaceAll('"', '');
    if (inline !== undefined) return ` (${inline})`;
    if (label !== undefined) return links.has(nameOf(label)) ? label : all;
    if (raw !== undefined) return raw;
    if (note !== undefined) return notes.has(note) ? '' : all;
    if (quote !== undefined) return ' ';
    if (page === undefined || embeds === '!') return '';
    return alias?.trim() || page.replace(/#.*$/, '').trim() || page;
  });
}

/** `words <target>` by its words. */
function roleWords(inner: string): string {
  const at = inner.lastIndexOf('<');
  return at > 0 && inner.endsWith('>') ? inner.slice(0, at).trim() : inner;
}

/** @param source with single line feeds */
export function definedIn(source: string): Defined {
  const notes = new Set<string>();
  const links = new Set<string>();
  for (const [, note, link] of source.matchAll(DEFINITION)) {
    if (note !== undefined) notes.add(note);
    else links.add(nameOf(link!));
  }
  return { notes, links };
}

const DEFINITION = /^ {0,3}\[(?:\^([^\]\s]{1,64})|([^[\]\n^][^[\]\n]{0,199}))\]:/gm;

/** Case and spaces do not count (CommonMark 0.31, section 4.7). */
function nameOf(label: string): string {
  return label.trim().replace(/\s+/g, ' ').toLowerCase();
}
