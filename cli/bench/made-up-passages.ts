/**
 * Passages that nobody wrote, each from its number alone, so that the subject that stores them and the bench that judges
 * the answers make the same ones: unit vectors around given centres, texts whose words follow Zipf's law. Pure.
 */

const VOCABULARY = 20_000;
const WORDS_PER_TEXT = 24;
/** Length of what a vector has of its own, beside a centre of length one. */
const OWN = 0.8;

/** Uniform in [-1, 1), a function of the seed. */
function uniform(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
}

/** A unit vector that depends on the number alone: sums of four uniform numbers are nearly normal. */
export function direction(number: number, width: number): Float32Array {
  const next = uniform(number);
  return unit(Float32Array.from({ length: width }, () => next() + next() + next() + next()));
}

/** A unit vector near one of the centres, which take turns. */
export function nearCentre(number: number, centres: readonly Float32Array[]): Float32Array {
  const centre = centres[number % centres.length]!;
  const own = direction(number, centre.length);
  return unit(centre.map((value, i) => value + OWN * own[i]!));
}

function unit(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares);
  return vector.map((value) => value / length);
}

/** Words of which the n-th is n times rarer than the first. */
export function zipfText(number: number): string {
  const next = uniform(~number);
  const word = () => {
    const rank = Math.floor(VOCABULARY ** ((next() + 1) / 2));
    return `w${(rank * 7919) % VOCABULARY}`;
  };
  return Array.from({ length: WORDS_PER_TEXT }, word).join(' ');
}

/** What a passage of this number says. */
export function passageText(number: number): string {
  return `Document ${number}: ${zipfText(number)}.`;
}

/** Questions with words that passages have, rare ones and frequent ones. */
export function withWords(questions: readonly string[]): string[] {
  return questions.map(
    (question, index) => `${question} ${zipfText(index).split(' ').slice(0, 4).join(' ')}`,
  );
}
