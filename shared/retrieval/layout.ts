/**
 * What the blocks of a passage are: stored beside its text, so that an answer quotes statements and neither headings nor
 * scraps. A passage from before layouts were stored is read by the shape of its lines.
 */
import { lines, opensItem } from './lines.ts';
import { type BlockKind, endsSentence } from './text.ts';

/** A block in a passage's text, in UTF-16 code units, end exclusive. */
export interface PassageBlock {
  kind: BlockKind;
  start: number;
  end: number;
}

const LETTERS: Record<BlockKind, string> = {
  heading: 'h',
  text: 't',
  item: 'i',
  row: 'r',
  code: 'c',
  term: 'd',
};
const KINDS = new Map(Object.entries(LETTERS).map(([kind, letter]) => [letter, kind as BlockKind]));

/** Each block as its kind's letter, the characters between it and the block before, and its length: `t7.120i1.30`. */
export function encodeLayout(blocks: readonly PassageBlock[]): string {
  let last = 0;
  let layout = '';
  for (const { kind, start, end } of blocks) {
    layout += `${LETTERS[kind]}${start - last}.${end - start}`;
    last = end;
  }
  return layout;
}

/** Blocks of a passage, as far as its text goes. What is before the first one is context: title and headings. */
export function passageBlocks(title: string, text: string, layout: string | null): PassageBlock[] {
  if (layout === null) return blocksByShape(title, text);
  const blocks: PassageBlock[] = [];
  let last = 0;
  for (const [, letter, gap, length] of layout.matchAll(/([a-z])(\d+)\.(\d+)/g)) {
    const start = last + Number(gap);
    last = start + Number(length);
    if (start < text.length) blocks.push({ kind: KINDS.get(letter!) ?? 'text', start, end: last });
  }
  return blocks.map((block) => ({ ...block, end: Math.min(block.end, text.length) }));
}

/** Of a line that may be a heading, or an entry of a list that lost its mark. */
const SHORT_LINE = 60;

function blocksByShape(title: string, text: string): PassageBlock[] {
  const context = title !== '' && text.startsWith(`${title}: `) ? title.length + 2 : 0;
  const found = lines(text.slice(context));
  return found.map(({ at, text: line }, index) => {
    const start = context + at;
    return { kind: kindOfLine(line, found[index + 1]?.text), start, end: start + line.length };
  });
}

function kindOfLine(line: string, next: string | undefined): BlockKind {
  if (opensItem(line)) return 'item';
  if (line.length > SHORT_LINE || endsSentence(line) || /[:：]$/.test(line)) return 'text';
  if (/^[^:;]+: [^;]+(?:; |$)/.test(line)) return 'row';
  return next !== undefined && endsSentence(next) ? 'heading' : 'item';
}
