/**
 * Answers made of the passages' own sentences, each with its citation. Sentences are chosen by maximal marginal
 * relevance (Carbonell and Goldstein 1998) with the retriever's encoder; when no passage fits the question the
 * answer says so and names the nearest items. Passages are data: nothing in them is acted upon.
 */
import { citationMarks } from './citation-marks.ts';
import { dot } from './head.ts';
import { collapseSpace, headLength, sentences } from './text.ts';

export interface AnswerPassage {
  id: string;
  item: string;
  title: string;
  text: string;
  /** Calibrated score of the retriever, comparable with `foundAt`. */
  score: number;
}

export interface ExtractOptions {
  /** Unit embedding of the query. */
  query: Float32Array;
  /** Unit embeddings of texts, one each, by the encoder that made `query`. */
  embed(texts: readonly string[]): Promise<readonly Float32Array[]>;
  /** Passages below this score do not answer the question. */
  foundAt: number;
  /** Sentences in the answer, at most. */
  maxSentences?: number;
  /** Sentences looked at, at most: bounds the work on long passages. */
  maxCandidates?: number;
}

export interface AnswerSentence {
  text: string;
  /** Place of its passage in `passages`. */
  passage: number;
  /** Cosine with the query. */
  score: number;
}

export interface ExtractedAnswer {
  found: boolean;
  /** In reading order: by passage, then as they stand in it. Empty when nothing was found. */
  sentences: AnswerSentence[];
  /** Items to offer when nothing was found, best first. */
  nearest: { item: string; title: string }[];
}

/** Weight of relevance against novelty. */
const RELEVANCE_WEIGHT = 0.75;
/** A further sentence has to be this relevant, as a share of the best one. */
const RELEVANCE_SHARE = 0.6;
const NEAREST_ITEMS = 3;
/** Of a quoted sentence: what goes on for longer is quoted by its beginning. */
const SENTENCE_CHARACTERS = 400;

interface Candidate {
  text: string;
  passage: number;
  embedding: Float32Array;
  /** Cosine with the query. */
  cosine: number;
  /** Mean of that cosine and the passage's score: a sentence inherits what the retriever learned. */
  relevance: number;
}

/** Builds an answer from `passages`, best first. Rejects only when `embed` does. */
export async function extractAnswer(
  passages: readonly AnswerPassage[],
  options: ExtractOptions,
): Promise<ExtractedAnswer> {
  const candidates = await readCandidates(passages, options);
  if (candidates.length === 0) return { found: false, sentences: [], nearest: nearestItems(passages) };
  const chosen = chooseSentences(candidates, options.maxSentences ?? 4);
  const sentences = chosen.map(({ text, passage, cosine }) => ({ text, passage, score: cosine }));
  return { found: true, sentences, nearest: [] };
}

/** The answer in pieces, each a sentence followed by the number of its passage in brackets, from 1. */
export function renderSentences({ sentences }: Pick<ExtractedAnswer, 'sentences'>): string[] {
  return sentences.map(({ text, passage }, index) => {
    // A document's own footnote marks would read as citations of the answer.
    const plain = withoutMarks(text);
    return `${index > 0 ? ' ' : ''}${plain} [${passage + 1}]`;
  });
}

/** A text without footnote marks and the spaces before them. */
function withoutMarks(text: string): string {
  let plain = '';
  let from = 0;
  for (const { start, end } of citationMarks(text)) {
    plain += text.slice(from, start);
    from = end;
  }
  return plain + text.slice(from);
}

/** What to say when no passage fits the question. */
export function renderNotFound(nearest: ExtractedAnswer['nearest']): string {
  const sorry = 'I found nothing in the documents that answers this.';
  if (nearest.length === 0) return sorry;
  const names = nearest.map(({ item, title }) => (title === '' ? item : `“${title}” (${item})`));
  return `${sorry} The nearest ${names.length === 1 ? 'is' : 'are'}: ${names.join('; ')}.`;
}

async function readCandidates(
  passages: readonly AnswerPassage[],
  options: ExtractOptions,
): Promise<Candidate[]> {
  const found: { text: string; passage: number }[] = [];
  const seen = new Set<string>();
  for (const [passage, { title, text, score }] of passages.entries()) {
    if (score < options.foundAt) continue;
    const body = text.startsWith(`${title}: `) ? text.slice(title.length + 2) : text;
    for (const sentence of sentences(body)) {
      const text = quoted(sentence.text);
      if (found.length >= (options.maxCandidates ?? 48) || seen.has(text)) continue;
      seen.add(text);
      found.push({ text, passage });
    }
  }
  const whole = found.filter(({ text }) => !isFragment(text));
  if (whole.length > 0) found.splice(0, found.length, ...whole);
  if (found.length === 0) return [];
  // A sentence alone seldom says what it is about: its passage's title goes in front.
  const embeddings = await options.embed(
    found.map(({ text, passage }) => {
      const { title } = passages[passage] as AnswerPassage;
      return title === '' || title === text ? text : `${title}: ${text}`;
    }),
  );
  return found.map((sentence, index) => {
    const embedding = embeddings[index] as Float32Array;
    const cosine = dot(options.query, embedding);
    return {
      ...sentence,
      embedding,
      cosine,
      relevance: (cosine + (passages[sentence.passage]?.score ?? 0)) / 2,
    };
  });
}

/** Words that a statement has at least; a cell, a mark or a number alone answers nothing. */
const FEWEST_WORDS = 3;
const SENTENCE_END = /[.!?…।॥؟۔።։။。！？｡]["'’”»)\]」』”）]{0,3}$/u;

/** Whether a text says nothing by itself: no word at all, or few that do not end as a sentence. */
function isFragment(text: string): boolean {
  const words = text.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  if (!/\p{L}/u.test(text)) return true;
  // Scripts without spaces have long words.
  const isDense = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]{4}/u.test(text);
  return words.length < FEWEST_WORDS && !isDense && !SENTENCE_END.test(text);
}

function quoted(sentence: string): string {
  const text = collapseSpace(sentence);
  if (text.length <= SENTENCE_CHARACTERS) return text;
  return `${text.slice(0, headLength(text, SENTENCE_CHARACTERS - 1)).trimEnd()}…`;
}

/** Maximal marginal relevance, then reading order. */
function chooseSentences(candidates: readonly Candidate[], limit: number): Candidate[] {
  const best = Math.max(...candidates.map(({ relevance }) => relevance));
  const left = new Set(candidates.filter(({ relevance }) => relevance >= RELEVANCE_SHARE * best));
  const chosen: Candidate[] = [];
  while (chosen.length < limit && left.size > 0) {
    let next: Candidate | undefined;
    let nextValue = Number.NEGATIVE_INFINITY;
    for (const candidate of left) {
      const repeated = Math.max(0, ...chosen.map(({ embedding }) => dot(embedding, candidate.embedding)));
      const value = RELEVANCE_WEIGHT * candidate.relevance - (1 - RELEVANCE_WEIGHT) * repeated;
      if (value > nextValue) {
        next = candidate;
        nextValue = value;
      }
    }
    if (next === undefined) break;
    chosen.push(next);
    left.delete(next);
  }
  return chosen.sort((a, b) => candidates.indexOf(a) - candidates.indexOf(b));
}

/** Items of the first passages, each once. */
export function nearestItems(passages: readonly AnswerPassage[]): { item: string; title: string }[] {
  const nearest = new Map<string, string>();
  for (const { item, title } of passages) {
    if (nearest.size < NEAREST_ITEMS && !nearest.has(item)) nearest.set(item, title);
  }
  return [...nearest].map(([item, title]) => ({ item, title }));
}
