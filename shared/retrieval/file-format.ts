/** What a file of text is written in, by the ending of its name, and what it is called; wherever it is read. Pure. */
import type { ItemFormat } from '../protocol/api/item.ts';
import { asciidocToMarkdown } from './asciidoc.ts';
import { rstToMarkdown } from './rst.ts';

export interface FileFormat {
  format: ItemFormat;
  /** Makes of its text what `format` says. */
  convert: (text: string) => string;
}

const asItIs = (format: ItemFormat): FileFormat => ({ format, convert: (text) => text });
const markdownBy = (convert: (text: string) => string): FileFormat => ({ format: 'markdown', convert });

/** Of files of text; what else is read needs a library. */
export const TEXT_FORMATS: ReadonlyMap<string, FileFormat> = new Map([
  ...['.md', '.markdown', '.mdx', '.mdown', '.mkd', '.mkdn', '.mdwn', '.qmd', '.rmd'].map(
    (ending) => [ending, asItIs('markdown')] as const,
  ),
  ...['.html', '.htm', '.xhtml'].map((ending) => [ending, asItIs('html')] as const),
  ['.txt', asItIs('text')],
  ['.text', asItIs('text')],
  ['.rst', markdownBy(rstToMarkdown)],
  ...['.adoc', '.asciidoc'].map((ending) => [ending, markdownBy(asciidocToMarkdown)] as const),
]);

/** Endings by the content type that a file of text is sent with. */
export const ENDINGS_OF_TYPES: Readonly<Record<string, string>> = {
  'text/plain': '.txt',
  'text/markdown': '.md',
  'text/html': '.html',
  'application/xhtml+xml': '.xhtml',
  'text/x-rst': '.rst',
  'text/asciidoc': '.adoc',
};

/** Of a path with slashes, in lower case and with its full stop; empty where it has none. */
export function endingOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const at = name.lastIndexOf('.');
  return at <= 0 ? '' : name.slice(at).toLowerCase();
}

/** The name of a file as a title. */
export function nameAsTitle(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name
    .slice(0, name.length - endingOf(path).length)
    .replace(/[-_]+/g, ' ')
    .trim();
}
