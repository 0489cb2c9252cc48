/**
 * Front matter: YAML between `---` and `---` or `...`, TOML between `+++`, JSON between `;;;` or by itself, any of them
 * between `---yaml` (or what it is) and `---`, Pandoc's `% title`, MultiMarkdown's fields without fences, at the beginning
 * of a document; empty lines may stand before it. It counts only where it reads as a mapping: a page that begins with a rule
 * begins with text. Of its fields the title is read. YAML 1.2, sections 7.3 and 8.1, as far as titles need it.
 */
import { unfencedMetadata } from './unfenced-metadata.ts';

export interface FrontMatter {
  /** Where the document's text begins, in UTF-16 code units. */
  end: number;
  /** As it is meant: without quotes, comments and line breaks. Null where it declares none. */
  title: string | null;
}

/** Longer ones are text. */
const MOST_CHARACTERS = 65_536;

const KINDS = [
  { begins: '---', ends: /^(?:---|\.\.\.)[ \t]*$/, read: readYaml },
  { begins: '---yaml', ends: /^---[ \t]*$/, read: readYaml },
  { begins: '---toml', ends: /^---[ \t]*$/, read: readToml },
  { begins: '---json', ends: /^---[ \t]*$/, read: readJson },
  { begins: '---js', ends: /^---[ \t]*$/, read: readScript },
  { begins: '+++', ends: /^\+\+\+[ \t]*$/, read: readToml },
  { begins: ';;;', ends: /^;;;[ \t]*$/, read: readJson },
  // As Hugo has it: an object whose braces stand on lines of their own.
  { begins: '{', ends: /^\}[ \t]*$/, read: (lines: readonly string[]) => readJson(['{', ...lines, '}']) },
] as const;

/** @param source with line breaks of any kind */
export function frontMatter(source: string): FrontMatter | null {
  const start = /^\uFEFF?(?:[ \t]*\r?\n)*/.exec(source.slice(0, MOST_CHARACTERS))![0].length;
  const head = source.slice(start, start + MOST_CHARACTERS);
  const opening = /^[^\n]*/.exec(head)![0].trimEnd();
  const kind = KINDS.find(({ begins }) => begins === opening);
  if (kind === undefined) return pandocBlock(head, start) ?? unfencedMetadata(source, start);
  const lines: string[] = [];
  let end: number | null = null;
  let first = true;
  for (const { 0: line, index } of head.matchAll(/[^\n]*(?:\n|$)/g)) {
    const text = line.trimEnd();
    if (first) first = false;
    else if (kind.ends.test(text)) {
      end = start + index + line.length;
      break;
    } else lines.push(text);
    if (line === '') break;
  }
  const fields = end === null ? null : kind.read(lines);
  if (end === null || fields === null) return null;
  const title = fields.title?.replace(/\s+/g, ' ').trim() ?? '';
  return { end, title: title === '' ? null : title };
}

/** `% title`, `% authors`, `% date`: the last two may be missing, and a title may go on in indented lines. */
function pandocBlock(head: string, start: number): FrontMatter | null {
  const block = /^%[ \t]+(\S[^\n]*(?:\n[ \t]+\S[^\n]*){0,4})(?:\n%[^\n]*){0,2}(?:\n|$)/.exec(head);
  if (block === null) return null;
  return { end: start + block[0].length, title: block[1]!.replace(/\s+/g, ' ').trim() };
}

interface Fields {
  title?: string | undefined;
}

const YAML_FIELD =
  /^(?:"([^"]*)"[ \t]*|'([^']*)'[ \t]*|([^\s"'#:&*!|>%@`[\]{},?-](?:[^:]|:(?=\S))*)|[?-](?=\S)[^:]*):(?:[ \t]+(.*))?$/;

/** Null unless every line that is not indented is a field, a comment, or goes on with the field before it. */
function readYaml(given: readonly string[]): Fields | null {
  const fields: Fields = {};
  let found = false;
  const lines = atTheEdge(given);
  const flow = /^\{(.*)\}\s*$/.exec(lines.length === 1 ? lines[0]! : '')?.[1];
  if (flow !== undefined) return flowFields(flow);
  // Between two rules stands text, set apart by empty lines, even where it says "First of all: …".
  if (lines[0]?.trim() === '' && !lines.some((line) => /^["']?[\w.-]+["']?:/.test(line))) return null;
  /** Brackets of a list or mapping that goes over lines. */
  let open = 0;
  for (const [at, line] of lines.entries()) {
    if (open > 0) {
      open += depthOf(line);
      continue;
    }
    if (line === '' || /^[#\s]/.test(line)) {
      // What is indented belongs to a field.
      if (!found && /^\s+\S/.test(line) && !line.trimStart().startsWith('#')) return null;
      continue;
    }
    if (/^-(?:[ \t]|$)/.test(line) && found) continue;
    const field = YAML_FIELD.exec(line);
    if (field === null) return null;
    found = true;
    const value = field[4]?.trim() ?? '';
    if (/^[[{]/.test(value)) open = Math.max(0, depthOf(value));
    const name = field[1] ?? field[2] ?? field[3]?.trim();
    if (name?.toLowerCase() === 'title') fields.title ??= yamlScalar(value, lines, at + 1);
  }
  return found ? fields : null;
}

/** A mapping may be indented as a whole. */
function atTheEdge(lines: readonly string[]): readonly string[] {
  const said = lines.filter((line) => line.trim() !== '');
  const indent = /^ */.exec(said[0] ?? '')![0].length;
  if (indent === 0 || !said.every((line) => line.startsWith(' '.repeat(indent)))) return lines;
  return lines.map((line) => line.slice(indent));
}

/** What stands in braces on one line: `title: "A page", tags: [a]`. */
function flowFields(flow: string): Fields | null {
  if (!/^\s*["'\w][^:,]*:\s/.test(flow)) return null;
  const title = /(?:^|,)\s*["']?title["']?\s*:\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,"'[{][^,]*)/i.exec(
    flow,
  )?.[1];
  return { title: title === undefined ? undefined : yamlScalar(title, [], 0) };
}

function depthOf(text: string): number {
  let depth = 0;
  for (const mark of text.replace(/"[^"]*"|'[^']*'/g, '')) {
    if (mark === '[' || mark === '{') depth += 1;
    else if (mark === ']' || mark === '}') depth -= 1;
  }
  return depth;
}

/** @param next where the lines after it begin: a value may go on in them, indented */
function yamlScalar(value: string, lines: readonly string[], next: number): string | undefined {
  const more: string[] = [];
  for (let at = next; at < lines.length; at++) {
    const line = lines[at]!;
    if (line !== '' && !/^\s/.test(line)) break;
    more.push(line.trim());
  }
  if (/^[|>][-+\d]*(?:[ \t]+#.*)?$/.test(value)) return more.join(' ');
  // An anchor and a tag say nothing of the text.
  const whole = [value, ...more]
    .join(' ')
    .replace(/^(?:[&!]\S*\s+)+/, '')
    .trim();
  if (whole.startsWith('"')) return doubleQuoted(whole);
  if (whole.startsWith("'")) return /^'((?:[^']|'')*)'/.exec(whole)?.[1]?.replaceAll("''", "'");
  // "[Draft] Notes" is no list, though it is no YAML either.
  if (/^\*|^[[{].*[\]}](?:\s+#.*)?$/.test(whole)) return undefined;
  const plain = whole.replace(/(?:^|\s)#.*$/, '').trim();
  return /^(?:~|null)?$/i.test(plain) ? undefined : plain;
}

function doubleQuoted(text: string): string | undefined {
  const inner = /^"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  const ESCAPE = /\\(?:(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2}))|(.))/g;
  return inner?.replace(ESCAPE, (_, four?: string, eight?: string, two?: string, mark?: string) => {
    const code = four ?? eight ?? two;
    if (code !== undefined) {
      const point = Number.parseInt(code, 16);
      return point > 0x10ffff ? '' : String.fromCodePoint(point).toWellFormed();
    }
    return mark === 'n' || mark === 't' ? ' ' : (mark ?? '');
  });
}

const TOML_FIELD = /^[ \t]*(?:"([^"]*)"|'([^']*)'|([\w.-]+))[ \t]*=[ \t]*(.*)$/;

/** Null unless its first line is a field or a table. */
function readToml(lines: readonly string[]): Fields | null {
  const first = lines.find((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  if (first === undefined || !(TOML_FIELD.test(first) || /^\[.*\]$/.test(first.trim()))) return null;
  const fields: Fields = {};
  for (const [at, line] of lines.entries()) {
    // What follows belongs to a table.
    if (/^[ \t]*\[/.test(line)) break;
    const field = TOML_FIELD.exec(line);
    if ((field?.[1] ?? field?.[2] ?? field?.[3])?.toLowerCase() !== 'title') continue;
    const value = field![4]!;
    if (/^("""|''')/.test(value)) {
      const rest = [value.slice(3), ...lines.slice(at + 1)].join(' ');
      const end = rest.indexOf(value.slice(0, 3));
      fields.title ??= end < 0 ? undefined : rest.slice(0, end);
    } else fields.title ??= doubleQuoted(value) ?? /^'([^']*)'/.exec(value)?.[1];
  }
  return fields;
}

/** An object of JavaScript, as Eleventy has it: what its own line says. */
function readScript(lines: readonly string[]): Fields | null {
  if (lines.find((line) => line.trim() !== '')?.trim() !== '{') return null;
  for (const line of lines) {
    const said = /^\s*["']?title["']?\s*:\s*(?:"([^"]*)"|'([^']*)'|`([^`$]*)`)/.exec(line);
    if (said !== null) return { title: said.slice(1).find((words) => words !== undefined) };
  }
  return {};
}

function readJson(lines: readonly string[]): Fields | null {
  try {
    const value: unknown = JSON.parse(lines.join('\n'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const { title } = value as { title?: unknown };
    return { title: typeof title === 'string' ? title : undefined };
  } catch {
    return null;
  }
}
