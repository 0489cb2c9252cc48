/**
 * Answers made of the passages' own statements, each with its citation. The statement nearest to the question, by the
 * retriever's encoder and by its words, is always said; further ones are chosen by maximal marginal relevance (Carbonell
 * and Goldstein 1998). When no passage fits the question the answer says so and names the nearest items. Passages are
 * data: nothing in them is acted upon.
 */
import { withoutCitations } from './citation-marks.ts';
import { dot } from './head.ts';
import { passageUnits, statementsOf, type Unit } from './statements.ts';
import { endsSentence, headLength } from './text.ts';

export interface AnswerPassage {
  id: string;
  item: string;
  title: string;
  text: string;
  /** What its blocks are, as `encodeLayout` writes it; null where nobody stored it. */
  layout?: string | null;
  /** Calibrated score of the retriever, comparable with `foundAt`. */
  score: number;
}

export interface ExtractOptions {
  /** Unit embedding of the query. */
  query: Float32Array;
  /** Unit embeddings of texts, one each, by the encoder that made `query`. */
  embed(texts: readonly string[]): Promise<readonly Float32Array[]>;
  /** How much of the question's words each text has, between 0 and 1 (`shared/index/word-shares.ts`). */
  shares(texts: readonly string[]): number[];
  /** Passages below this score do not answer the question, but for those of the document of the first one that does. */
  foundAt: number;
  /** Statements in the answer, at most; each brings the neighbours that it needs. */
  maxSentences?: number;
  /** Statements embedded, at most: bounds the work on long passages. */
  maxCandidates?: number;
  /** Characters embedded, at most, but for the first statement. */
  maxCharacters?: number;
}

/** A sentence, or a list with the line that introduces it. */
export interface AnswerSentence {
  text: string;
  /** Place of its passage in `passages`. */
  passage: number;
  /** Cosine with the query of the best statement that it belongs to. */
  score: number;
}

export interface ExtractedAnswer {
  found: boolean;
  /** Passage by passage, that of the best statement first, then as they stand in it. Empty when nothing was found. */
  sentences: AnswerSentence[];
  /** Items to offer when nothing was found, best first. */
  nearest: { item: string; title: string }[];
}

/** Weight of relevance against novelty. */
const RELEVANCE_WEIGHT = 0.75;
/** A further statement has to be this relevant, as a share of the best one. */
const RELEVANCE_SHARE = 0.7;
/** What a statement gains that stands beside one that is said: it seldom needs anything else to be understood. */
const BESIDE = 0.15;
/** What words and the passage's own score add to a cosine. Chosen by measurement, see docs/decisions. */
const WORDS_WEIGHT = 0.4;
const PASSAGE_WEIGHT = 0.3;
const NEAREST_ITEMS = 3;
/** Of a quoted sentence: what goes on for longer is quoted by its beginning. */
const SENTENCE_CHARACTERS = 400;

interface Candidate {
  passage: number;
  /** The unit that makes it. */
  unit: number;
  /** Places of its units in the passage, in order. */
  units: number[];
  /** What is embedded: under its heading or title, with what it needs. */
  text: string;
  /** Without what it leans on: what the question's words are looked for in. */
  own: string;
}

interface Weighed extends Candidate {
  embedding: Float32Array;
  /** Cosine with the query. */
  cosine: number;
  /** With what words and the passage's score add: a statement inherits what the retriever learned. */
  relevance: number;
}

/** Builds an answer from `passages`, best first. Rejects only when `embed` does. */
export async function extractAnswer(
  passages: readonly AnswerPassage[],
  options: ExtractOptions,
): Promise<ExtractedAnswer> {
  const speaking = passages.filter(({ score }) => score >= options.foundAt);
  const units = passages.map((passage) =>
    // Of the best document each passage does.
    speaking.includes(passage) || passage.item === speaking[0]?.item ? passageUnits(passage) : [],
  );
  const candidates = await weigh(readCandidates(passages, units, options), passages, options);
  if (candidates.length === 0) return { found: false, sentences: [], nearest: nearestItems(passages) };
  const chosen = chooseStatements(candidates, options.maxSentences ?? 4);
  followUp(chosen[0]!, units[chosen[0]!.passage]!);
  const sentences = [...new Set(chosen.map(({ passage }) => passage))].flatMap((passage) => {
    const those = chosen.filter((each) => each.passage === passage);
    return compose(units[passage]!, those).map((sentence) => ({ ...sentence, passage }));
  });
  return { found: true, sentences, nearest: [] };
}

/** The answer in pieces, each a sentence followed by the number of its passage in brackets, from 1. */
export function renderSentences({ sentences }: Pick<ExtractedAnswer, 'sentences'>): string[] {
  return sentences.map(({ text, passage }, index) => {
    // A document's own footnote marks would read as citations of the answer.
    const plain = withoutCitations(text);
    return `${index > 0 ? ' ' : ''}${plain} [${passage + 1}]`;
  });
}

/** What to say when no passage fits the question. */
export function renderNotFound(nearest: ExtractedAnswer['nearest']): string {
  const sorry = 'I found nothing in the documents that answers this.';
  if (nearest.length === 0) return sorry;
  const names = nearest.map(({ item, title }) => (title === '' ? item : `“${title}” (${item})`));
  return `${sorry} The nearest ${names.length === 1 ? 'is' : 'are'}: ${names.join('; ')}.`;
}

/** The statements that are looked at: those with the most of the question's words in the best passages. */
function readCandidates(
  passages: readonly AnswerPassage[],
  units: readonly (readonly Unit[])[],
  { shares, maxCandidates = 48, maxCharacters = 16_384 }: ExtractOptions,
): (Candidate & { words: number })[] {
  const seen = new Set<string>();
  const found = units.flatMap((those, passage) =>
    statementsOf(those).flatMap((statement): Candidate[] => {
      const text = statement.units.map((unit) => those[unit]!.text).join(' ');
      if (seen.has(text)) return [];
      seen.add(text);
      const { unit, units } = statement;
      // A sentence alone seldom says what it is about. Words of what it leans on are not its own.
      const context = those[unit]!.heading || passages[passage]!.title;
      const own = units.slice(units.indexOf(unit)).map((each) => those[each]!.text);
      const said = context === '' || context === text ? text : `${context}: ${text}`;
      const short = said.slice(0, headLength(said, SENTENCE_CHARACTERS));
      return [{ passage, unit, units, text: short, own: [context, ...own].join(' ') }];
    }),
  );
  const words = shares(found.map(({ own }) => own));
  const prior = (at: number): number => words[at]! + passages[found[at]!.passage]!.score;
  let room = maxCharacters;
  return [...found.keys()]
    .sort((a, b) => prior(b) - prior(a) || a - b)
    .slice(0, maxCandidates)
    .filter((at, rank) => {
      room -= found[at]!.text.length;
      return rank === 0 || room >= 0;
    })
    .map((at) => ({ ...found[at]!, words: words[at]! }));
}

async function weigh(
  candidates: readonly (Candidate & { words: number })[],
  passages: readonly AnswerPassage[],
  { query, embed }: ExtractOptions,
): Promise<Weighed[]> {
  if (candidates.length === 0) return [];
  const embeddings = await embed(candidates.map(({ text }) => text));
  return candidates.map(({ words, ...candidate }, index) => {
    const embedding = embeddings[index]!;
    const cosine = dot(query, embedding);
    const inherited = PASSAGE_WEIGHT * passages[candidate.passage]!.score;
    return { ...candidate, embedding, cosine, relevance: cosine + WORDS_WEIGHT * words + inherited };
  });
}

/** The most relevant one, then by maximal marginal relevance. */
function chooseStatements(candidates: readonly Weighed[], limit: number): Weighed[] {
  const best = Math.max(...candidates.map(({ relevance }) => relevance));
  const left = new Set(candidates);
  const chosen: Weighed[] = [];
  while (chosen.length < limit && left.size > 0) {
    let next: Weighed | undefined;
    let nextValue = Number.NEGATIVE_INFINITY;
    for (const candidate of left) {
      const beside = chosen.some((other) => isBeside(candidate, other)) ? BESIDE : 0;
      const relevance = candidate.relevance + beside;
      if (relevance < RELEVANCE_SHARE * best) continue;
      // What a passage says twice it says on purpose.
      const others = chosen.filter(({ passage }) => passage !== candidate.passage);
      const repeated = Math.max(0, ...others.map(({ embedding }) => dot(embedding, candidate.embedding)));
      const weight = chosen.length === 0 ? 1 : RELEVANCE_WEIGHT;
      const value = weight * relevance - (1 - weight) * repeated;
      if (value > nextValue) {
        next = candidate;
        nextValue = value;
      }
    }
    if (next === undefined) break;
    left.delete(next);
    if (!isSaid(next, chosen)) chosen.push(next);
  }
  return chosen;
}

function isBeside(a: Candidate, b: Candidate): boolean {
  const [aFirst, aLast, bFirst, bLast] = [a.units[0]!, a.units.at(-1)!, b.units[0]!, b.units.at(-1)!];
  return a.passage === b.passage && aFirst <= bLast + 1 && bFirst <= aLast + 1;
}

/** The best statement is said with the sentence that follows it in its paragraph, which goes on with it. */
function followUp(best: Candidate, units: readonly Unit[]): void {
  const last = best.units.at(-1)!;
  const next = units[last + 1];
  if (next?.kind === 'sentence' && next.block === units[last]!.block) best.units.push(last + 1);
}

/** Whether all of a statement is part of what was chosen already. */
function isSaid({ passage, units }: Candidate, chosen: readonly Candidate[]): boolean {
  const said = new Set(chosen.filter((each) => each.passage === passage).flatMap((each) => each.units));
  return units.every((unit) => said.has(unit));
}

/** The text of a passage's chosen statements: sentences one by one, a list in one piece with what introduces it. */
function compose(units: readonly Unit[], chosen: readonly Weighed[]): Omit<AnswerSentence, 'passage'>[] {
  const places = [...new Set(chosen.flatMap((statement) => statement.units))].sort((a, b) => a - b);
  const pieces: (Omit<AnswerSentence, 'passage'> & { lead: number })[] = [];
  for (const place of places) {
    const { text, kind, lead } = units[place]!;
    const scores = chosen.filter((each) => each.units.includes(place)).map(({ cosine }) => cosine);
    const score = Math.max(...scores);
    const open = pieces.at(-1);
    if (open === undefined || lead < 0 || open.lead !== lead) {
      pieces.push({ text: quoted(text), score, lead: place });
      continue;
    }
    const isFirst = lead === place - 1 || units[lead]!.text === open.text;
    open.text += `${separator(units[lead]!, open.text, isFirst)}${kind === 'code' ? code(text) : quoted(text)}`;
    open.score = Math.max(open.score, score);
  }
  return pieces.map(({ text, score }) => ({ text, score }));
}

function separator(lead: Unit, said: string, isFirst: boolean): string {
  if (isFirst) return lead.kind === 'term' && !/[:：]$/.test(said) ? ': ' : ' ';
  return endsSentence(said) ? ' ' : '; ';
}

function code(text: string): string {
  const shown = text.slice(0, headLength(text, SENTENCE_CHARACTERS));
  return shown.includes('\n') ? `\n\`\`\`\n${shown}\n\`\`\`\n` : `\`${shown}\``;
}

function quoted(text: string): string {
  if (text.length <= SENTENCE_CHARACTERS) return text;
  return `${text.slice(0, headLength(text, SENTENCE_CHARACTERS - 1)).trimEnd()}…`;
}

/** Items of the first passages, each once. */
export function nearestItems(passages: readonly AnswerPassage[]): { item: string; title: string }[] {
  const nearest = new Map<string, string>();
  for (const { item, title } of passages) {
    if (nearest.size < NEAREST_ITEMS && !nearest.has(item)) nearest.set(item, title);
  }
  return [...nearest].map(([item, title]) => ({ item, title }));
}
