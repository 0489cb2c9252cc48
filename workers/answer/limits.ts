/**
 * Where a text that is known beforehand ends: before a stop text, or at a number of tokens. Pieces stay pieces, so that
 * a stream looks like any other.
 */
import type { AnswerEnd, GenerationSettings } from './answerer.ts';

export interface LimitedText {
  pieces: string[];
  finish: AnswerEnd['finish'];
}

/**
 * As many whole pieces as the limits allow; where not even the first one fits, its first words.
 * @param pieces make up the text, in order
 */
export function limited(
  pieces: readonly string[],
  { maxTokens = Number.POSITIVE_INFINITY, stop = [] }: GenerationSettings,
  countTokens: (text: string) => number,
): LimitedText {
  const kept: string[] = [];
  let tokens = 0;
  let finish: AnswerEnd['finish'] = 'stop';
  for (const piece of pieces) {
    tokens += countTokens(piece);
    if (tokens > maxTokens) {
      finish = 'length';
      break;
    }
    kept.push(piece);
  }
  if (finish === 'length' && kept.length === 0) kept.push(firstWords(pieces[0]!, maxTokens, countTokens));
  const text = kept.join('');
  const places = stop.map((each) => text.indexOf(each)).filter((place) => place >= 0);
  if (places.length === 0) return { pieces: kept, finish };
  let room = Math.min(...places);
  const before = kept.map((piece) => {
    const shown = piece.slice(0, room);
    room -= shown.length;
    return shown;
  });
  return { pieces: before.filter((piece) => piece !== ''), finish: 'stop' };
}

/** The longest start of `text` of whole words and at most `maxTokens` tokens; it may be empty. */
function firstWords(text: string, maxTokens: number, countTokens: (text: string) => number): string {
  const ends = [...text.matchAll(/\S+/g)].map(({ 0: word, index }) => index + word.length);
  let low = 0;
  for (let high = ends.length; low < high; ) {
    const middle = (low + high + 1) >> 1;
    if (countTokens(text.slice(0, ends[middle - 1]!)) <= maxTokens) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : text.slice(0, ends[low - 1]!);
}
