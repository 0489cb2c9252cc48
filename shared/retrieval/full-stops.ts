/**
 * Full stops that end no sentence: after abbreviations, initials and numbers that order. What may end one as well
 * (`etc.`, `p.m.`, `Inc.`) is left to the letter that follows. English and German, as far as texts have them often.
 */

/** Before a name, a number or an example. */
const NEVER = new Set(
  (
    'dr mr mrs ms mx mme mlle sr sra srta dra prof st rev hon gen col lt sgt capt fr hr ' +
    'fig figs eq eqs sec no nos nr vol ch art pp ed eds cf vs approx ca e.g i.e z.b d.h u.a bzw vgl'
  ).split(' '),
);
/** Where a number follows. */
const BEFORE_NUMBER = new Set(
  'jan feb mar apr jun jul aug sep sept oct nov dec p pt tel str abs okt dez rel'.split(' '),
);
const MONTH = /^(?:Jan|Feb|M[äa]r|Apr|Ma[iy]|Jun|Jul|Aug|Sep|O[kc]t|Nov|De[zc])/;
/** Before a number that orders: "der 2. Teil". */
const ARTICLE = /(?:^|\s)(?:der|die|das|dem|den|des|am|im|vom|zum|zur|beim|seit|ab|jede[nrms]?)\s$/iu;
/** Of what stands before a full stop. */
const LOOK_BACK = 24;

/**
 * Whether the full stop at the end of `text.slice(from, to)` ends no sentence.
 * @param from where the sentence begins
 * @param next the first characters after the space that follows
 */
export function isMidSentence(text: string, from: number, to: number, next: string): boolean {
  if (text[to - 1] !== '.') return false;
  const start = Math.max(from, to - LOOK_BACK);
  const before = text.slice(start, to - 1);
  const word = /[^\s("'“‘«[]*$/u.exec(before)![0];
  const isFirst = start + before.length - word.length === from;
  const lower = word.toLowerCase();
  if (NEVER.has(lower) || /^\p{Ll}$/u.test(word)) return true;
  if (/^\p{N}/u.test(next) && BEFORE_NUMBER.has(lower)) return true;
  // What is numbered goes on: "2.1. Setup".
  if (/^\p{N}+(?:\.\p{N}+)*$/u.test(word)) {
    const isOrdinal = MONTH.test(next) || ARTICLE.test(before.slice(0, before.length - word.length));
    return isFirst || (/^\p{N}{1,2}$/u.test(word) && isOrdinal);
  }
  const name = /(?:^|[\s.])\p{Lu}[\p{L}.]*\s$/u;
  // "J. R. R. Tolkien", wherever it stands.
  if (/^\p{Lu}$/u.test(word) && /^\p{Lu}\./u.test(next)) return true;
  const initial = /^\p{Lu}(?:\.\p{Lu})*$/u.test(word) && word.length <= 5 && word !== 'I';
  return (
    initial && /^\p{Lu}/u.test(next) && (isFirst || name.test(before.slice(0, before.length - word.length)))
  );
}
