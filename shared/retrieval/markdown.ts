/** Markdown to blocks of plain text with their places in the source: headings, paragraphs, list items, table rows. */
import { Lexer, type Token, type Tokens } from 'marked';
import { htmlText } from './html.ts';
import { inlineText } from './markdown-inline.ts';
import { type Block, textBlocks } from './text.ts';

/** Deeper quotes and lists are read as plain text, so that hostile input costs no stack. */
const MAX_NESTING = 64;

/** Blocks of a Markdown text whose line breaks are single LFs. */
export function markdownBlocks(source: string): Block[] {
  if (nesting(source) > MAX_NESTING) return textBlocks(source);
  const blocks: Block[] = [];
  addTokens(new Lexer({ gfm: true }).blockTokens(source), source, 0, source.length, blocks);
  return blocks;
}

/**
 * Tokens repeat their source in `raw`, in order. One inside a quote or a list has lost its lines' prefixes and may
 * not be found: then its parent's range stands for it.
 */
function addTokens(
  tokens: readonly Token[],
  source: string,
  from: number,
  to: number,
  blocks: Block[],
): undefined {
  let cursor = from;
  for (const token of tokens) {
    const found = locate(source, token.raw, cursor, to);
    if (found < 0) {
      addToken(token, source, from, to, blocks);
    } else {
      cursor = found + token.raw.length;
      addToken(token, source, found, cursor, blocks);
    }
  }
}

function addToken(token: Token, source: string, from: number, to: number, blocks: Block[]): undefined {
  const add = (text: string, level = 0): undefined => {
    const trimmed = text.trim();
    if (trimmed !== '') blocks.push({ text: trimmed, start: from, end: to, level });
  };
  switch (token.type) {
    case 'space':
    case 'hr':
    case 'def':
      return;
    case 'heading':
      return add(inlineText(token.text), (token as Tokens.Heading).depth);
    case 'code':
      return add(token.text);
    case 'html':
      return add(htmlText(token.raw));
    case 'blockquote':
    case 'list_item':
      return addTokens(token.tokens ?? [], source, from, to, blocks);
    case 'list':
      return addTokens((token as Tokens.List).items, source, from, to, blocks);
    case 'table':
      for (const row of tableRows(token as Tokens.Table)) add(row);
      return;
    default:
      return add(inlineText('text' in token ? String(token.text) : token.raw));
  }
}

/** Place of `raw` at or shortly after `cursor`; −1 when it is not there, without a search of the whole text. */
function locate(source: string, raw: string, cursor: number, to: number): number {
  const end = Math.min(to, cursor + raw.length + 256);
  const found = source.slice(cursor, end).indexOf(raw);
  return found < 0 ? -1 : cursor + found;
}

/** A row alone says nothing, so each carries the names of its columns. */
function tableRows({ header, rows }: Tokens.Table): string[] {
  const names = header.map((cell) => inlineText(cell.text));
  if (rows.length === 0) return [names.join('; ')];
  return rows.map((row) => {
    const cells = row.map((cell, i) => {
      const text = inlineText(cell.text);
      return text !== '' && names[i] ? `${names[i]}: ${text}` : text;
    });
    return cells.filter((cell) => cell !== '').join('; ');
  });
}

/** An upper bound of how deep quotes and lists nest on any line. */
function nesting(source: string): number {
  let deepest = 0;
  for (const [prefix] of source.matchAll(/^(?:[ \t]|>|[*+-][ \t]|\d{1,9}[.)][ \t])+/gm)) {
    const marks = prefix.match(/>|[*+-]|\d+/g)?.length ?? 0;
    const indent = (/^[ \t]*/.exec(prefix)?.[0].length ?? 0) >> 1;
    deepest = Math.max(deepest, marks + indent);
  }
  return deepest;
}
