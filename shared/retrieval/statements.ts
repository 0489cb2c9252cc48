/**
 * What a passage says, in pieces that can be quoted: sentences, entries of lists and rows of tables, each with the
 * neighbours without which it cannot be understood. Headings, scraps and code alone are no statements.
 */
import { passageBlocks } from './layout.ts';
import { lines, withoutBullet } from './lines.ts';
import { endsSentence, sentences } from './text.ts';

export interface PassageText {
  title: string;
  text: string;
  layout?: string | null;
}

export interface Unit {
  kind: 'sentence' | 'item' | 'row' | 'code' | 'term';
  text: string;
  block: number;
  /** The heading that it stands under, in this passage; else empty. */
  heading: string;
  /** Place of the line that introduces it, or of the question that it answers; −1 where none does. */
  lead: number;
}

export interface Statement {
  /** Places of its units, in order. */
  units: number[];
  /** The unit that makes the statement. */
  unit: number;
}

/** An entry of a list that is longer is read as sentences. */
const LONGEST_ITEM = 300;
/** Characters of a list that are quoted with the line that introduces it. */
const LIST_CHARACTERS = 600;
/** Sentences before that one sentence may need. */
const MOST_BEFORE = 2;

/** Units of a passage in order, without headings. */
export function passageUnits({ title, text, layout = null }: PassageText): Unit[] {
  const units: Unit[] = [];
  const blocks = passageBlocks(title, text, layout);
  let heading = '';
  let lead = -1;
  const add = (kind: Unit['kind'], said: string, block: number): void => {
    if (said === '') return;
    const isEntry = kind === 'item' || kind === 'row' || kind === 'code';
    const previous = units.at(-1);
    // "An event is sent when", then a list.
    const isOpen =
      previous?.kind === 'sentence' && previous.heading === heading && !endsSentence(previous.text);
    if (kind === 'item' && isOpen) lead = units.length - 1;
    const under = previous !== undefined && previous.heading === heading;
    const answers = under && (asks(previous.text) || previous.kind === 'term');
    units.push({
      kind,
      text: said,
      block,
      heading,
      lead: isEntry && lead >= 0 ? lead : answers ? units.length - 1 : -1,
    });
    if (kind === 'term' || introduces(said)) lead = units.length - 1;
    else if (!isEntry) lead = -1;
  };
  // A title alone is all that its document says.
  if (blocks.length === 0) add('sentence', text.trim(), 0);
  for (const [block, { kind, start, end }] of blocks.entries()) {
    const body = text.slice(start, end);
    if (kind === 'heading') {
      heading = body;
      lead = -1;
    } else if (kind === 'code') {
      add(kind, body, block);
    } else if (kind === 'row' || kind === 'term') {
      add(kind, oneLine(body), block);
    } else if (kind === 'item' && body.length <= LONGEST_ITEM) {
      add(kind, oneLine(withoutBullet(body)), block);
    } else {
      const unit = kind === 'item' ? 'item' : 'sentence';
      for (const line of lines(withoutBullet(body))) {
        for (const sentence of sentences(oneLine(line.text))) add(unit, sentence.text, block);
      }
    }
  }
  return units;
}

/** Statements of these units, in order; where there are none, the units themselves. */
export function statementsOf(units: readonly Unit[]): Statement[] {
  const statements: Statement[] = [];
  for (const [unit, { kind }] of units.entries()) {
    if (kind === 'code' || kind === 'term') continue;
    const needed = [...before(units, unit, MOST_BEFORE), unit, ...after(units, unit)];
    if (!isFragment(units, unit, needed)) statements.push({ unit, units: needed });
  }
  if (statements.length > 0) return statements;
  return units.map((_, unit) => ({ unit, units: [unit] }));
}

/** What a unit goesOn on, and the line that introduces it. */
function before(units: readonly Unit[], at: number, most: number): number[] {
  const { lead, text, block, heading } = units[at]!;
  if (most === 0) return [];
  if (lead >= 0) return [...before(units, lead, most - 1), lead];
  const previous = units[at - 1];
  const near = previous !== undefined && previous.heading === heading && block - previous.block <= 1;
  const prose = near && (previous.kind === 'sentence' || previous.block === block);
  return prose && goesOn(text) ? [...before(units, at - 1, most - 1), at - 1] : [];
}

/** What follows a line that introduces it, or a question. */
function after(units: readonly Unit[], at: number): number[] {
  const { text } = units[at]!;
  const following: number[] = [];
  if (units[at + 1]?.lead === at && !asks(text)) {
    let room = LIST_CHARACTERS;
    for (let next = at + 1; units[next]?.lead === at; next++) {
      room -= units[next]!.text.length;
      if (room < 0 && following.length > 0) break;
      following.push(next);
    }
  } else if (asks(text) && units[at + 1]?.lead === at) {
    // One step only: of a row of questions none has an answer but the last.
    following.push(at + 1, ...(asks(units[at + 1]!.text) ? [] : after(units, at + 1)));
  }
  return following;
}

const introduces = (text: string): boolean => /[:：]$/.test(text);
const asks = (text: string): boolean => /[?？؟]["'’”»)\]」』”）]{0,3}$/.test(text);

/** How a sentence begins that goes on with what was said before it. */
const LEANING = new RegExp(
  `^(?:${[
    'this|that|these|those|it|its|they|them|their|he|she|his|her|such|both|neither|either|each|otherwise|however|but|and|or|so',
    'then|therefore|thus|instead|also|only then|after that|after this|afterwards|in that case|in this case|for this|because of this',
    'here|there|the same|the latter|the former|if so|if not|as a result|for example|for instance|in addition|yes|no',
    'dies\\p{L}{0,2}|er|sie|es|ihr\\p{L}{0,2}|dann|danach|deshalb|daher|außerdem|sonst|jedoch|aber|dabei|dafür|dazu|dort',
    'ce|cette|ces|il|elle|ils|elles|cela|ceci|puis|ensuite|este|esta|esto|ese|esa|eso|ello|luego|isso|isto|ele|ela|eles|elas',
  ].join('|')})(?![\\p{L}\\p{N}’'])`,
  'iu',
);

const goesOn = (text: string): boolean => LEANING.test(text);

/** Words that a statement has at least; a cell, a mark or a number alone answers nothing. */
const FEWEST_WORDS = 3;
/** Characters of each unit in which they are looked for: a line may introduce any number of others. */
const LOOKED_AT = 400;

/** Whether a unit says nothing, even with what it needs. */
function isFragment(units: readonly Unit[], unit: number, needed: readonly number[]): boolean {
  const { text, kind } = units[unit]!;
  if (needed.at(-1) === unit && (introduces(text) || asks(text))) return true;
  const said = needed.map((each) => units[each]!.text.slice(0, LOOKED_AT)).join(' ');
  if (!/\p{L}/u.test(kind === 'sentence' ? text : said)) return true;
  const words = said.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  // Scripts without spaces have long words.
  const isDense = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]{4}/u.test(said);
  return words.length < FEWEST_WORDS && !isDense && !endsSentence(text);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
