/**
 * The words of a text, as passages and questions are both indexed by: Unicode words in lower case without accents,
 * English ones by their stem, scripts that write without spaces by pairs of characters. What is written as one code
 * (`E-4712`, `foo_bar`, `v1.2.3`) is a word as a whole, and so is each part of it. Takes time linear in the text,
 * and no term is longer than MAX_TERM code points.
 */
import { stemmer } from 'stemmer';

/** Code points of the longest term: a SHA-256 in hexadecimal. What is longer is cut into several. */
export const MAX_TERM = 64;

export interface Word {
  /** What is indexed. */
  term: string;
  /** The part of the text that it stands for, as it was written. */
  written: string;
}

/** A run of letters and digits. Bounded, so that nothing after it takes longer than the run is long. */
const RUN = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]{0,63}/gu;
/** What holds a code together when it stands alone between two runs; dashes of print are hyphens. */
const JOINT = /^[-_.:@+#&\u2010-\u2015\u2212]$/;
const DASH = /[\u2010-\u2015\u2212]/g;
const APOSTROPHE = /^['’ʼ]$/;
/** What English leaves behind an apostrophe: it says nothing. */
const CONTRACTED = new Set(['s', 't', 'd', 'm', 'll', 're', 've']);
/** Names that end in signs: C++, C#. */
const SIGNS = /^(?:\+\+|#)(?![\p{L}\p{N}+#])/u;

const UNSPACED =
  '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Hangul}\\p{sc=Bopomofo}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Myanmar}\\p{sc=Tibetan}ー';
/** Stretches of one kind within a run: written without spaces, digits, or other letters. */
const STRETCH = new RegExp(
  `[${UNSPACED}][${UNSPACED}\\p{M}]*|\\p{N}+|(?:(?![${UNSPACED}])[\\p{L}\\p{M}])+`,
  'gu',
);
const IS_UNSPACED = new RegExp(`^[${UNSPACED}]`, 'u');
const CHARACTER = /\P{M}\p{M}*/gu;
/** Between the humps of camelCase and before the last capital of HTTPServer. */
const HUMP = /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;
const PLAIN = /^[a-z0-9]*$/;
const ENGLISH = /^[a-z]{3,24}$/;

/** Every word of `text` in its order, as often as it is there. */
export function* wordsOf(text: string): Generator<Word> {
  let code: string[] = [];
  let joints = '';
  let start = 0;
  let end = 0;
  for (const { 0: run, index } of text.matchAll(RUN)) {
    const gap = index - end === 1 && code.length > 0 ? text[end]! : '';
    if (JOINT.test(gap)) joints += gap.replace(DASH, '-');
    else {
      yield* wholeOf(code, joints, text.slice(start, end));
      code = [];
      joints = '';
      start = index;
    }
    end = index + run.length;
    if (APOSTROPHE.test(gap) && CONTRACTED.has(run.toLowerCase())) continue;
    code.push(run);
    yield* partsOf(run);
    const signs = SIGNS.exec(text.slice(end, end + 3))?.[0];
    if (signs !== undefined) yield { term: `${fold(run)}${signs}`, written: `${run}${signs}` };
  }
  yield* wholeOf(code, joints, text.slice(start, end));
}

/** Terms that are looked for: lists of common words are long, and a question may be four thousand characters of them. */
const MOST_TERMS = 128;

/** The terms of a question, each once, with what was written for it first. */
export function questionTerms(query: string): Map<string, string> {
  const written = new Map<string, string>();
  for (const word of wordsOf(query)) {
    if (written.size === MOST_TERMS) break;
    if (!written.has(word.term)) written.set(word.term, word.written);
  }
  return written;
}

/** How often each term is in a text, and how many words it has in all. */
export function countWords(text: string): { counts: Map<string, number>; length: number } {
  const counts = new Map<string, number>();
  let length = 0;
  for (const { term } of wordsOf(text)) {
    counts.set(term, (counts.get(term) ?? 0) + 1);
    length += 1;
  }
  return { counts, length };
}

/** A code as a whole; one held together by hyphens, and initials with full stops, also without them. */
function* wholeOf(runs: readonly string[], joints: string, written: string): Generator<Word> {
  if (runs.length < 2) return;
  const folded = runs.map(fold);
  const whole = folded.map((run, index) => (index === 0 ? run : `${joints[index - 1]}${run}`)).join('');
  if (whole.length > MAX_TERM) return;
  yield { term: whole, written };
  const initials = /^\.+$/.test(joints) && folded.every((run) => run.length === 1);
  if (initials || /^-+$/.test(joints)) yield { term: folded.join(''), written };
}

/** A run's words: itself, and its stretches and humps where it has several. */
function* partsOf(run: string): Generator<Word> {
  const stretches = run.match(STRETCH) ?? [];
  let spaced = 0;
  let humps = 0;
  for (const stretch of stretches) {
    if (IS_UNSPACED.test(stretch)) {
      yield* pairsOf(stretch);
      continue;
    }
    spaced += 1;
    const parts = stretch.split(HUMP);
    humps += parts.length;
    if (stretches.length > 1 || parts.length > 1) for (const part of parts) yield wordOf(part);
  }
  // The whole of what is written in one script, or is letters and digits.
  if (spaced === stretches.length && spaced > 0)
    yield stretches.length === 1 && humps === 1 ? wordOf(run) : { term: fold(run), written: run };
}

/** Neighbouring characters in pairs; one alone is a word. */
function* pairsOf(stretch: string): Generator<Word> {
  const characters = fold(stretch).match(CHARACTER) ?? [];
  if (characters.length === 1) yield { term: characters[0]!, written: stretch };
  for (let i = 0; i + 1 < characters.length; i++) {
    const term = `${characters[i]}${characters[i + 1]}`;
    yield { term, written: term };
  }
}

function wordOf(written: string): Word {
  const folded = fold(written);
  return { term: ENGLISH.test(folded) ? stemmer(folded) : folded, written };
}

/** Accents, and the points of Hebrew and Arabic, which are mostly left out in writing. Marks of other scripts are vowels. */
const POINTS = /[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f\u0670]/g;
/** Letters that Unicode does not take apart, and those that are written one for the other. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
  ς: 'σ',
  ى: 'ي',
  ة: 'ه',
};
const SPECIAL = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g');

/** Lower case, compatible forms as one, without accents; at most MAX_TERM code points. */
function fold(text: string): string {
  const lower = text.toLowerCase();
  if (PLAIN.test(lower)) return lower;
  const folded = lower
    .normalize('NFKD')
    .replace(POINTS, '')
    .replace(SPECIAL, (letter) => LETTERS[letter]!)
    .normalize('NFC');
  return folded.length <= MAX_TERM ? folded : Array.from(folded).slice(0, MAX_TERM).join('');
}
