/** Markdown to blocks of plain text with their places in the source: headings, paragraphs, list items, table rows. */
import { Lexer, type Token, type Tokens } from 'marked';
import { htmlBlocks } from './html.ts';
import { componentTitle, headingText, inlineText, isBadges } from './markdown-inline.ts';
import { BoundedTokenizer, isHostile, stretches } from './markdown-limits.ts';
import { withoutNoise } from './markdown-noise.ts';
import { drawnTable } from './rst-tables.ts';
import { type Block, type BlockKind, textBlocks } from './text.ts';

/**
 * Blocks of a Markdown text whose line breaks are single LFs.
 * @param begin where it begins: what is before it is left out
 */
export function markdownBlocks(given: string, begin = 0): Block[] {
  const before = ' '.repeat(begin);
  const body = given.slice(begin);
  if (isHostile(body)) return textBlocks(before + body);
  const source = before + withoutNoise(body);
  const blocks: Block[] = [];
  try {
    for (const { from, to } of stretches(source, begin)) {
      const lexer = new Lexer({ gfm: true, tokenizer: new BoundedTokenizer() });
      addTokens(lexer.blockTokens(source.slice(from, to)), source, from, to, blocks);
    }
  } catch {
    // More than the parser bears: no document is a reason to fail.
    return textBlocks(source);
  }
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
  kind: BlockKind = 'text',
): undefined {
  let cursor = from;
  for (const token of tokens) {
    const found = locate(source, token.raw, cursor, to);
    if (found < 0) {
      addToken(token, source, from, to, blocks, kind);
    } else {
      cursor = found + token.raw.length;
      addToken(token, source, found, cursor, blocks, kind);
    }
  }
}

/** @param inside what prose is here: text, or the entry of a list */
function addToken(
  token: Token,
  source: string,
  from: number,
  to: number,
  blocks: Block[],
  inside: BlockKind,
): undefined {
  const add = (text: string, kind: BlockKind, level = 0): undefined => {
    const trimmed = text.trim();
    if (trimmed !== '') blocks.push({ text: trimmed, start: from, end: to, level, kind });
  };
  switch (token.type) {
    case 'space':
    case 'hr':
    case 'def':
    case 'checkbox':
      return;
    case 'heading':
      return add(headingText(token.text), 'heading', (token as Tokens.Heading).depth);
    case 'code':
      return add(token.text, 'code');
    case 'html':
      // Components of MDX have Markdown in them.
      if (COMPONENT.test(token.raw)) {
        for (const { text, kind, level } of htmlBlocks(titled(token.raw))) {
          add(kind === 'code' ? text : inlineText(text), kind === 'text' ? inside : kind, level);
        }
        return;
      }
      for (const { text, kind, level } of htmlBlocks(token.raw)) {
        add(text, kind === 'text' ? inside : kind, level);
      }
      return;
    case 'blockquote':
      return addTokens(token.tokens ?? [], source, from, to, blocks, inside);
    case 'list_item':
      return addTokens(token.tokens ?? [], source, from, to, blocks, 'item');
    case 'list':
      return addTokens((token as Tokens.List).items, source, from, to, blocks, 'item');
    case 'table':
      for (const row of tableRows(token as Tokens.Table)) add(row, 'row');
      return;
    default: {
      const text = 'text' in token ? String(token.text) : token.raw;
      if (isBadges(text) || (inside === 'item' && IN_PAGE.test(text.trim()))) return undefined;
      const drawn = text.startsWith('+') ? drawnRows(text) : null;
      if (drawn !== null) {
        for (const row of drawn) add(row, 'row');
        return undefined;
      }
      const [term, ...meanings] = text.split(MEANING);
      if (meanings.length === 0) return add(inlineText(text), inside);
      add(inlineText(term!), 'term');
      for (const meaning of meanings) add(inlineText(meaning), 'item');
      return undefined;
    }
  }
}

const COMPONENT = /^\s*<[A-Z]/;
const COMPONENT_TAG = /<[A-Z][^<>]*>/g;

/** Components' titles as text above them. */
function titled(html: string): string {
  return html.replace(COMPONENT_TAG, (tag) => {
    const title = componentTitle(tag);
    return title === '' ? tag : `<p>${title}</p>${tag}`;
  });
}

/** An entry of a table of contents: it says what a heading says. */
const IN_PAGE = /^\[[^[\]]*\]\(#[^()\s]*\)$/;

/** Before what a term means, on a line of its own below the term, as PHP Markdown Extra has it. */
const MEANING = /(?:^|\n)[ ]{0,3}:[ \t]+(?=\S)/;

/** Place of `raw` at or shortly after `cursor`; −1 when it is not there, without a search of the whole text. */
function locate(source: string, raw: string, cursor: number, to: number): number {
  const end = Math.min(to, cursor + raw.length + 256);
  const found = source.slice(cursor, end).indexOf(raw);
  return found < 0 ? -1 : cursor + found;
}

/** What the names of columns may take in all the rows together, as a multiple of the table's own length. */
const NAMES_SHARE = 4;

function tableRows({ header, rows, raw }: Tokens.Table): string[] {
  const textsOf = (cells: readonly Tokens.TableCell[]) => cells.map(({ text }) => inlineText(text));
  return namedRows(textsOf(header), rows.map(textsOf), raw.length);
}

/** Rows of a table that is drawn as a grid, as Pandoc has it; null where the text is none, or more than one. */
function drawnRows(text: string): string[] | null {
  const lines = text.trimEnd().split('\n');
  const drawn = drawnTable(lines, 0);
  if (drawn === null || drawn.lines < lines.length) return null;
  const textsOf = (cells: readonly string[]) => cells.map((cell) => inlineText(cell).trim());
  return namedRows(textsOf(drawn.header ?? []), drawn.rows.map(textsOf), text.length);
}

/**
 * A row alone says nothing, so each carries the names of its columns, as long as they are not most of the text.
 * @param length of the table in its source
 */
function namedRows(names: readonly string[], rows: readonly string[][], length: number): string[] {
  if (rows.length === 0) return [names.join('; ')];
  let room = NAMES_SHARE * length;
  return rows.map((row) => {
    const cells = row.map((text, i) => {
      const name = text === '' ? '' : (names[i] ?? '');
      room -= name.length;
      return name !== '' && room >= 0 ? `${name}: ${text}` : text;
    });
    return cells.filter((cell) => cell !== '').join('; ');
  });
}
