/**
 * A document as it is searched, whoever uploads it: its title, and the blocks of text below. The title is the one that
 * was given, else what the front matter declares, else the first heading of level 1, else the first heading; HTML
 * declares it in `<title>`. What became the title is not said again below it.
 */
import type { ItemFormat } from '../protocol/api/item.ts';
import { frontMatter } from './front-matter.ts';
import { htmlBlocks } from './html.ts';
import { htmlTitle } from './html-title.ts';
import { markdownBlocks } from './markdown.ts';
import { inlineText, withoutAttributes } from './markdown-inline.ts';
import { type Block, textBlocks } from './text.ts';

export interface SourceDocument {
  title: string;
  text: string;
  format: ItemFormat;
}

export interface ReadDocument {
  /** In one line; empty where nothing says it. */
  title: string;
  /** With their places in `source`. */
  blocks: Block[];
  /** The document's text with single line breaks: as long as the text as it was given. */
  source: string;
}

/** Characters of a title that a document gives itself: what the API takes. */
const LONGEST_TITLE = 1024;

export function readDocument({ title, text, format }: SourceDocument): ReadDocument {
  // A carriage return becomes a space, so that offsets stay those of the text as given.
  const source = text
    .replace(/^\uFEFF/, ' ')
    .replaceAll('\r\n', ' \n')
    .replaceAll('\r', '\n');
  const given = oneLine(title);
  if (format === 'text') return { title: given, blocks: textBlocks(source), source };
  const front = format === 'markdown' ? frontMatter(text) : null;
  const found = format === 'html' ? htmlBlocks(source) : markdownBlocks(source, front?.end ?? 0);
  const blocks = found.filter(({ text: said }) => !UNSEEN.test(said));
  const declared = format === 'html' ? htmlTitle(source) : withoutAttributes(inlineText(front?.title ?? ''));
  const own = oneLine(declared) || oneLine(firstHeading(blocks)?.text ?? '');
  const known = given || own.slice(0, LONGEST_TITLE).toWellFormed();
  const repeated = blocks.find(({ level }) => level > 0);
  const below = repeated !== undefined && oneLine(repeated.text) === known;
  return { title: known, blocks: below ? blocks.filter((block) => block !== repeated) : blocks, source };
}

/** Nothing that has a width. */
const UNSEEN = /^[\s\u200B\u2060\uFEFF\u00AD]*$/;

function firstHeading(blocks: readonly Block[]): Block | undefined {
  return blocks.find(({ level }) => level === 1) ?? blocks.find(({ level }) => level > 0);
}

function oneLine(text: string): string {
  // What has no width is nothing to read.
  return text
    .replace(/[\u200B\u2060\uFEFF\u00AD]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
