/**
 * What a language is written with, as far as a vocabulary can be cut by it: its scripts (Unicode's names) and, where many
 * languages share a script, the letters beyond its basic ones. Pieces with other letters go.
 */
interface Writing {
  scripts: readonly string[];
  /** Letters beyond a–z or а–я that its words have, lower case. */
  letters: string;
}

const latin = (letters = ''): Writing => ({ scripts: ['Latin'], letters });
const cyrillic = (letters = ''): Writing => ({ scripts: ['Cyrillic'], letters });
const own = (...scripts: string[]): Writing => ({ scripts, letters: '' });

/** By ISO 639-1 code. */
export const LANGUAGES: Readonly<Record<string, Writing>> = {
  af: latin('áéèêëíîïóôöúûü'),
  ar: own('Arabic'),
  be: cyrillic('іў'),
  bg: cyrillic(),
  bn: own('Bengali'),
  ca: latin('àçéèíïóòúü·'),
  cs: latin('áčďéěíňóřšťúůýž'),
  cy: latin('âêîôûŵŷáéíóúẁàèìòùäëïöü'),
  da: latin('åæøé'),
  de: latin('äöüß'),
  el: own('Greek'),
  en: latin(),
  es: latin('áéíñóúü'),
  et: latin('äõöüšž'),
  eu: latin('ñç'),
  fa: own('Arabic'),
  fi: latin('äöåšž'),
  fr: latin('àâæçéèêëîïôœùûüÿ'),
  ga: latin('áéíóú'),
  gl: latin('áéíñóúü'),
  gu: own('Gujarati'),
  he: own('Hebrew'),
  hi: own('Devanagari'),
  hr: latin('čćđšž'),
  hu: latin('áéíóöőúüű'),
  hy: own('Armenian'),
  id: latin(),
  is: latin('áðéíóúýþæö'),
  it: latin('àèéìíîòóùú'),
  ja: own('Han', 'Hiragana', 'Katakana'),
  ka: own('Georgian'),
  kk: cyrillic('әғқңөұүһі'),
  km: own('Khmer'),
  kn: own('Kannada'),
  ko: own('Hangul', 'Han'),
  lo: own('Lao'),
  lt: latin('ąčęėįšųūž'),
  lv: latin('āčēģīķļņšūž'),
  mk: cyrillic('ѓѕјљњќџ'),
  ml: own('Malayalam'),
  mn: cyrillic('өү'),
  mr: own('Devanagari'),
  ms: latin(),
  my: own('Myanmar'),
  nb: latin('åæøéèêóòâôà'),
  ne: own('Devanagari'),
  nl: latin('áéëïóöü'),
  nn: latin('åæøéèêóòâôà'),
  no: latin('åæøéèêóòâôà'),
  pa: own('Gurmukhi'),
  pl: latin('ąćęłńóśźż'),
  pt: latin('áâãàçéêíóôõúü'),
  ro: latin('ăâîșțşţ'),
  ru: cyrillic('ё'),
  si: own('Sinhala'),
  sk: latin('áäčďéíĺľňóôŕšťúýž'),
  sl: latin('čšž'),
  sq: latin('çë'),
  sr: { scripts: ['Cyrillic', 'Latin'], letters: 'ђјљњћџčćđšž' },
  sv: latin('åäöé'),
  sw: latin(),
  ta: own('Tamil'),
  te: own('Telugu'),
  th: own('Thai'),
  tl: latin('ñ'),
  tr: latin('çğıİöşüâîû'),
  uk: cyrillic('ґєії'),
  ur: own('Arabic'),
  vi: latin('ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ'),
  zh: own('Han', 'Bopomofo'),
};

const BASIC: Readonly<Record<string, string>> = {
  Latin: 'a-zA-Z',
  Cyrillic: 'а-яА-Я',
};

/**
 * Whether all letters of a text belong to one of the languages. English goes without saying: documents of every language
 * have names and code. Digits, signs and marks belong to all.
 * @param languages codes of LANGUAGES; an unknown one is a RangeError
 */
export function writtenIn(languages: readonly string[]): (text: string) => boolean {
  const writings = [...languages, 'en'].map((code) => {
    const writing = Object.hasOwn(LANGUAGES, code) ? LANGUAGES[code] : undefined;
    if (writing === undefined) {
      throw new RangeError(`language '${code}' is not one of ${Object.keys(LANGUAGES).join(', ')}`);
    }
    return writing;
  });
  const classes = writings.flatMap(({ scripts, letters }) => [
    ...scripts.map((script) => BASIC[script] ?? `\\p{scx=${script}}`),
    letters + letters.toUpperCase(),
  ]);
  const own = new RegExp(`^[${classes.join('')}\\p{sc=Common}\\p{sc=Inherited}]*$`, 'u');
  return (text) => own.test(text.normalize('NFC'));
}
