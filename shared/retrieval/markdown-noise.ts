/**
 * What sites' generators put between the lines of a Markdown text and no reader sees: imports and exports of MDX and
 * its comments, fences of containers, templates' marks, links of wikis. They become spaces, so that every place in the
 * source stays where it is; titles of containers and the words of links stay. Code is never touched.
 */

/** @param source with single line feeds. @returns a text of the same length */
export function withoutNoise(source: string): string {
  if (!NOISE.test(source)) return source;
  const lines: string[] = [];
  let fence: string | null = null;
  /** Of a comment or a statement that goes over lines. */
  let until: RegExp | null = null;
  let position = 0;
  const lastEnd = source.lastIndexOf(COMMENT_END);
  for (const line of source.split('\n')) {
    const mark: string | undefined = FENCE.exec(line)?.[1];
    if (fence !== null) {
      if (mark?.startsWith(fence) && /^[`~]+\s*$/.test(line.slice(line.indexOf(mark)))) fence = null;
      lines.push(line);
    } else if (until !== null) {
      if (until.test(line)) until = null;
      lines.push(' '.repeat(line.length));
    } else if (mark !== undefined) {
      fence = mark;
      lines.push(line);
    } else if (STATEMENT.test(line)) {
      // A statement of MDX ends at an empty line.
      until = /^\s*$/;
      lines.push(' '.repeat(line.length));
    } else {
      const comment = openComment(line);
      const closes = comment >= 0 && lastEnd > position + comment;
      if (closes) until = /\*\/\}/;
      lines.push(padded(cleanLine(closes ? line.slice(0, comment) : line), line.length));
    }
    position += line.length + 1;
  }
  return lines.join('\n');
}

/** A text without any of these has no noise. */
const NOISE = /:::|\{\{|\{%|\{\/\*|\[\[|\[!\w|^(?:import|export)\s|^ {0,3}(?:!!!|\?\?\?|===)[\s+!]|^\{:/m;
const FENCE = /^[\s>]*(?:(?:[*+-]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})/;
const COMMENT_END = '*/}';
const STATEMENT =
  /^(?:import\s+(?:[\w*{][^'"]*\sfrom\s+)?['"][^'"]+['"];?\s*$|export\s+(?:default|const|let|var|function|async|class)\s[^=({;]*[=({;]|export\s+[{*].*(?:from|\}))/;

/** Longer lines are text. */
const LONGEST_CONTAINER = 300;

/** Where a comment of MDX begins on this line that does not end on it; −1 when none does. */
function openComment(line: string): number {
  const at = line.lastIndexOf('{/*');
  return at >= 0 && line.indexOf(COMMENT_END, at) < 0 ? at : -1;
}

/** Inline code, or what goes. */
const INLINE =
  /(?<!`)(`{1,3}(?!`)[^`]+`{1,3})|\{\{[^{}]*\}\}|\{%[^{}]*%\}|\{\/\*(?:[^*{]|\*(?!\/\}))*\*\/\}|(!?)\[\[([^[\]|]*)(?:\|([^[\]]*))?\]\](?!\()/g;

function cleanLine(line: string): string {
  const text = containerLine(line);
  return text.replace(INLINE, (all, code?: string, embeds?: string, page?: string, alias?: string) => {
    if (code !== undefined) return all;
    if (page === undefined || embeds === '!') return '';
    return alias?.trim() || page.replace(/#.*$/, '').trim() || page;
  });
}

/** The title of a container that this line opens; nothing of a line that only opens or closes one. */
function containerLine(line: string): string {
  if (line.length > LONGEST_CONTAINER) return line;
  const fenced = /^ {0,3}:{3,}(.*)$/.exec(line)?.[1];
  if (fenced !== undefined) {
    const plain = fenced.replace(/\{[^{}]*\}/g, ' ').trim();
    const named = /^[\w-]*\[([^\]]*)\]/.exec(plain)?.[1];
    return titleLine(named ?? plain.replace(/^\S+\s*/, ''));
  }
  const quoted = /^((?:[ \t]*>)+[ \t]?)\[!\w+\][+-]?[ \t]*(.*)$/.exec(line);
  if (quoted !== null) return `${quoted[1]}${quoted[2]}`;
  const called = /^ {0,3}(?:!{3}|\?{3}\+?)[ \t]+[\w-]+(?:[ \t][\w -]*)?(?:"([^"]*)")?[ \t]*$/.exec(line);
  if (called !== null) return titleLine(called[1] ?? '');
  const tab = /^ {0,3}===[!+]?[ \t]+"([^"]*)"[ \t]*$/.exec(line);
  if (tab !== null) return titleLine(tab[1]!);
  return /^\{:[^{}]*\}\s*$/.test(line) ? '' : line;
}

/** On a line of its own: what it stands above is no part of its sentence. */
function titleLine(title: string): string {
  return title === '' ? '' : `${title}\n`;
}

function padded(text: string, length: number): string {
  return text.padEnd(length).slice(0, length);
}
