/**
 * From a conversation to one retrieval query. The rule, deterministic and free of any model:
 *
 * 1. The query is the last user turn.
 * 2. A turn leans on what was said before when it has at most three words, opens with a connective ("and", "what
 *    about …") or contains a word that points back ("it", "that", "there", "same", …).
 * 3. A turn that leans is followed by the user turn before it; that one again if it leans, up to two earlier turns.
 * 4. At most 4,096 characters; the newest turns stay.
 *
 * Newest first, because an encoder cuts the end. Only user turns are read: an answer's text comes from documents,
 * and documents must not steer what is searched next.
 */

export interface ConversationTurn {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content: string;
}

/** Of a query; an encoder reads far less. */
export const MAX_QUERY_CHARACTERS = 4096;
/** Earlier user turns that a query takes along at most. */
const MAX_EARLIER = 2;
/** Turns of so few words rarely say what they are about. */
const SHORT_WORDS = 3;

const CONNECTIVE =
  /^(?:and|but|or|so|also|then|what about|how about|what if|why not|which one|like what|for example|anything else)\b/i;
const POINTING =
  /\b(?:it|its|that|this|those|these|they|them|their|theirs|he|him|his|she|her|hers|there|then|same|former|latter|above|instead|one|ones|both|either|neither)\b/i;
/** "that" and "there" that do not point back: "there is", "say that I …", "the fact that …". */
const EMPTY_WORDS =
  /\b(?:there (?:is|are|was|were|will|be)|is there|are there|that (?:i|you|we|my|your|the|an?))\b/gi;

/** The text to search for. Throws a RangeError when no user turn has any text. */
export function retrievalQuery(turns: readonly ConversationTurn[]): string {
  const asked = turns
    .filter(({ role, content }) => role === 'user' && content.trim() !== '')
    .map(({ content }) => content.trim());
  const last = asked.pop();
  if (last === undefined) throw new RangeError('messages: no user message with text');
  const parts = [last];
  while (parts.length <= MAX_EARLIER && leans(parts.at(-1) as string)) {
    const earlier = asked.pop();
    if (earlier === undefined) break;
    if (!parts.includes(earlier)) parts.push(earlier);
  }
  return parts.join('\n').slice(0, MAX_QUERY_CHARACTERS).trim();
}

/** True when a turn points to something said before. */
export function leans(turn: string): boolean {
  return (
    wordCount(turn) <= SHORT_WORDS || CONNECTIVE.test(turn) || POINTING.test(turn.replace(EMPTY_WORDS, ' '))
  );
}

/** Words; two ideographs or kana count as one, since they are written without spaces. */
function wordCount(text: string): number {
  const dense = text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0;
  const words = text
    .replace(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu, ' ')
    .match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu);
  return (words?.length ?? 0) + dense / 2;
}
