/** How much of a question's words a text has, rare words counting more (inverse document frequency). */
import { countWords } from './words.ts';

/**
 * For each text the weight of the question's words that it has, as a share of those that any text has: between 0 and 1.
 * A word weighs the less, the more of `texts` have it.
 */
export function wordShares(question: string, texts: readonly string[]): number[] {
  const asked = [...countWords(question).counts.keys()];
  const found = texts.map((text) => {
    const { counts } = countWords(text);
    return asked.filter((word) => counts.has(word));
  });
  const having = new Map<string, number>();
  for (const word of found.flat()) having.set(word, (having.get(word) ?? 0) + 1);
  const weight = (word: string): number => Math.log(1 + (texts.length + 0.5) / (having.get(word)! + 0.5));
  const mass = (words: Iterable<string>): number => [...words].reduce((sum, word) => sum + weight(word), 0);
  const all = mass(having.keys());
  return found.map((words) => (all === 0 ? 0 : mass(words) / all));
}
