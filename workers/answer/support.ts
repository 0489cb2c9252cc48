/**
 * Marks sentences of a text that a language model wrote which nothing that was retrieved supports: they cite no source,
 * or say numbers and words that their sources do not have. Works on a text that comes in pieces; citations in it have been
 * checked before. A sentence in another language than its sources cannot be verified, and is marked, too.
 */
import { countWords } from '../../shared/index/words.ts';
import { citationMarks, openMark, withoutCitations } from '../../shared/retrieval/citation-marks.ts';
import type { AnswerPassage } from '../../shared/retrieval/extractive.ts';
import { sentences, undecidedEnd } from '../../shared/retrieval/text.ts';

/** What follows a sentence without support. */
export const UNVERIFIED = '[unverified]';

/** Words that a claim has at least. */
const FEWEST_WORDS = 3;
/** Letters of a word that tells what a sentence is about. */
const SHORTEST_WORD = 4;
/** Share of those that its sources have to have: the rest are words of a paraphrase. */
const LEAST_SHARE = 0.4;
/** A sentence that does not end is shown as it is. */
const LONGEST_HELD = 4000;

const NUMBERS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen';
/** Stems of numbers that are written out. */
const NUMBER_OF = new Map(
  NUMBERS.split(' ').map((name, value) => [[...countWords(name).counts.keys()][0]!, String(value)]),
);
/** What says that there is no answer needs no source: a denial, of something that was looked for or looked into. */
const DENIES =
  /\b(?:not|no|cannot|nothing|unable)\b|n['’]t\b|\b(?:nicht|kein\p{L}*|nichts|pas|aucune?|rien|não|nenhum\p{L}*|ningun\p{L}*|ningún)(?![\p{L}])/iu;

const LOOKED_FOR =
  /\b(?:f(?:i|ou)nd\w*|sources?|documents?|informations?|mention\w*|answer\w*|say|says|state[ds]?|provided?|contain\w*|available|know)\b|(?:f[iä]nd|gefunden|quelle|dokument|information|angabe|antwort|trouv|document|répon|encontr|fuente|fonte|informaci|informaç|respuesta|resposta)/iu;

export class SupportMarker {
  readonly #passages: readonly AnswerPassage[];
  readonly #terms = new Map<number, ReadonlySet<string>>();
  /** The sentence that has not ended. */
  #held = '';
  /** Characters of it that were shown. */
  #shown = 0;

  /** @param passages in the order in which they are cited, from 1 */
  constructor(passages: readonly AnswerPassage[]) {
    this.#passages = passages;
  }

  /** What can be shown after one more piece: all but what may end a sentence, after which its mark has to stand. */
  push(piece: string): string {
    this.#held += piece;
    const decided = undecidedEnd(this.#held, withoutBegun);
    const starts = segmentStarts(this.#held).filter((start) => start <= decided);
    if (this.#held.length > LONGEST_HELD) starts.push(this.#held.length);
    const marked = this.#take(starts);
    const shown = Math.max(this.#shown, undecidedEnd(this.#held, withoutBegun));
    const more = this.#held.slice(this.#shown, shown);
    this.#shown = shown;
    return marked + more;
  }

  /** The rest, when no piece follows. */
  end(): string {
    return this.#take([...segmentStarts(this.#held), this.#held.length]);
  }

  #take(starts: readonly number[]): string {
    let marked = '';
    let from = 0;
    for (const to of starts) {
      const said = this.#held.slice(from, to).trimEnd();
      const begin = Math.max(from, this.#shown);
      const end = Math.max(begin, from + said.length);
      const mark = this.#isSupported(said) ? '' : ` ${UNVERIFIED}`;
      marked += this.#held.slice(begin, end) + mark + this.#held.slice(end, to);
      from = to;
    }
    this.#held = this.#held.slice(from);
    this.#shown = Math.max(0, this.#shown - from);
    return marked;
  }

  #isSupported(sentence: string): boolean {
    const marks = citationMarks(sentence);
    const claim = withoutBegun(sentence).trim();
    const terms = [...countWords(claim).counts.keys()];
    if (terms.length < FEWEST_WORDS || /[:：?？]$|^#{1,6}\s/.test(claim)) return true;
    const cited = [...new Set(marks.flatMap(({ numbers }) => numbers))];
    if (cited.length === 0) return !/\p{N}/u.test(claim) && DENIES.test(claim) && LOOKED_FOR.test(claim);
    const known = (term: string) => cited.some((number) => this.#termsOf(number).has(term));
    const figures = terms.filter((term) => /^\p{N}+$/u.test(term));
    const words = terms.filter((term) => term.length >= SHORTEST_WORD && !/\p{N}/u.test(term));
    if (!figures.every(known)) return false;
    return words.filter(known).length >= LEAST_SHARE * words.length;
  }

  #termsOf(number: number): ReadonlySet<string> {
    let terms = this.#terms.get(number);
    if (terms === undefined) {
      const { title = '', text = '' } = this.#passages[number - 1] ?? {};
      const found = [...countWords(`${title} ${text}`).counts.keys()];
      terms = new Set(found.flatMap((term) => [term, NUMBER_OF.get(term) ?? term]));
      this.#terms.set(number, terms);
    }
    return terms;
  }
}

/** Without its citations, also without one that has only begun. */
const withoutBegun = (text: string): string => withoutCitations(text.slice(0, openMark(text)));

/** Where sentences begin after the first one. Citations that follow a sentence belong to it. */
function segmentStarts(text: string): number[] {
  const ends = new Map(citationMarks(text).map(({ at, end }) => [at, end]));
  const open = openMark(text);
  return sentences(text).flatMap(({ at }) => {
    let start = at;
    for (let end = ends.get(start); end !== undefined; end = ends.get(start)) {
      start = end + (text.slice(end).length - text.slice(end).trimStart().length);
    }
    return start === 0 || start >= open ? [] : [start];
  });
}
