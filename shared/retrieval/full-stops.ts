/**
 * Full stops that end no sentence: after abbreviations, initials and numbers that order. What may end one as well
 * (`etc.`, `p.m.`, `Inc.`) is left to what follows. English and German, and of other languages what stands before names
 * and numbers, as far as texts have it often.
 */
import { wordSet } from './word-set.ts';

/** Before an example, a comparison, a name or a noun, whatever letter follows. */
const NEVER = wordSet(
  'e.g i.e cf vs viz approx ca eds z.b d.h u.a z.t i.d.r bzw vgl ggf inkl exkl zzgl evtl sog mio mrd tsd ee ул им акад',
);
/** Before a name, as they are written there: "art. The" and "Col. Hart" differ. */
const TITLES = wordSet(
  'Dr Mr Mrs Ms Mx Mme Mlle MM Mgr Me Messrs Sr Sra Srta Dra Sig Dott Ing Avv Prof Rev Hon Gen Col Lt Sgt Capt Maj Cpl ' +
    'Adm Gov Sen Rep Pres Supt Msgr Fr Hr St Mt Ft Dipl Hl Ud Uds Проф',
);
/** Where a number follows, or a letter or a Roman number in its place. */
const BEFORE_NUMBER = wordSet(
  'jan feb mar apr jun jul aug sep sept oct nov dec okt dez no nos nr núm vol ch art pp p pág pt fig figs eq eqs sec par ' +
    'para cl max min ext tel str abs abb tab kap ziff bd rel стр рис табл тел гл',
);
const NUMBER = /^(?:\p{N}|[A-Z](?![\p{L}'’])(?!\s)|[IVXLC]{2,}(?!\p{L}))/u;
const MONTH = /^(?:Jan|Feb|M[äa]r|Apr|Ma[iy]|Jun|Jul|Aug|Sep|O[kc]t|Nov|De[zc])/;
/** What a time of day goes on with. */
const DAY =
  /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|^(?:[ECMP][SD]T|GMT|UTC|CET|Eastern|Pacific|Central)(?!\p{L})/u;
/** Before a number that orders: "der 2. Teil". */
const ARTICLE = /(?:^|\s)(?:der|die|das|dem|den|des|am|im|vom|zum|zur|beim|seit|ab|jede[nrms]?)\s$/iu;
/** Words that begin sentences and no names. */
const OPENERS = wordSet(
  'a after all also although an and as at because before both but by do each every for from he here his how however i if ' +
    'in it its many most my no not now on one once only or others our she since so some that the their then there these ' +
    'they this those to today until we what when where which while who why with yes you your ' +
    'aber als am auch auf bei da danach dann das der die dies diese ein eine er es für hier ich ihr im ist man mit nach ' +
    'sie so und von wenn wir zu il elle ils elles le la les un une en ce cette dans pour el los las este esta',
);
/** Of what stands before a full stop. */
const LOOK_BACK = 24;
/** Characters after the space that tell whether a sentence goes on: those of the longest opener, and one more. */
export const LOOK_AHEAD = 9;

/**
 * Whether the full stop at the end of `text.slice(from, to)` ends no sentence.
 * @param from where the sentence begins
 * @param next the first characters after the space that follows, at most LOOK_AHEAD
 */
export function isMidSentence(text: string, from: number, to: number, next: string): boolean {
  if (text[to - 1] !== '.') return false;
  const start = Math.max(from, to - LOOK_BACK);
  const before = text.slice(start, to - 1);
  const word = wordBefore(before);
  const said = before.slice(0, before.length - word.length);
  const isFirst = start + before.length - word.length === from;
  const lower = word.toLowerCase();
  if (NEVER.has(lower) || (TITLES.has(word) && /^\p{Lu}/u.test(next))) return true;
  // "5 m." measures.
  if (/^\p{Ll}$/u.test(word)) return !/\p{N}\s$/u.test(said) || BEFORE_NUMBER.has(lower);
  if (BEFORE_NUMBER.has(lower) && NUMBER.test(next)) return true;
  // What stands in brackets names the work.
  if (lower === 'al' && /^[([]?\p{N}|^\(/u.test(next)) return true;
  if (/^[ap]\.m$/.test(lower) && DAY.test(next)) return true;
  // What is numbered goes on: "2.1. Setup".
  if (/^\p{N}+(?:\.\p{N}+)*$/u.test(word)) {
    return isFirst || (/^\p{N}{1,2}$/u.test(word) && (MONTH.test(next) || ARTICLE.test(said)));
  }
  return /^\p{Lu}(?:\.\p{Lu})*$/u.test(word) && word.length <= 7 && isInitial(word, said, isFirst, next);
}

/** Whether it depends on what follows if the full stop at the end of `text.slice(0, to)` ends a sentence. */
export function dependsOnNext(text: string, to: number): boolean {
  if (text[to - 1] !== '.') return false;
  const word = wordBefore(text.slice(Math.max(0, to - LOOK_BACK), to - 1));
  const lower = word.toLowerCase();
  return (
    /^(?:[\p{Lu}\p{Ll}](?:\.[\p{Lu}\p{Ll}])*|\p{N}+(?:\.\p{N}+)*|al)$/u.test(word) ||
    [NEVER, BEFORE_NUMBER].some((list) => list.has(lower)) ||
    TITLES.has(word)
  );
}

function wordBefore(text: string): string {
  return /[^\s("'“‘«[]*$/u.exec(text)![0];
}

/** @param word capitals with full stops between them. @param said what stands before it */
function isInitial(word: string, said: string, isFirst: boolean, next: string): boolean {
  // "J. R. R. Tolkien", wherever it stands.
  if (word.length === 1 && /^\p{Lu}\./u.test(next)) return true;
  const follows = /^\p{L}+/u.exec(next)?.[0].toLowerCase() ?? '';
  // "the U.S. Army" goes on, "to the U.S. Then" does not; so does "par M. Dupont".
  if (word.length > 1 || word === 'M') return /^[\p{Lu}\p{N}$€£]/u.test(next) && !OPENERS.has(follows);
  if (word === 'I' || !/^\p{Lu}/u.test(next)) return false;
  return isFirst || /(?:^|[\s.])\p{Lu}[\p{L}.]*\s$/u.test(said);
}
