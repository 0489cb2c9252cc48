/**
 * A hundred short documents that differ in a code or a name alone, and a question for each: error codes and part numbers
 * with neighbours one digit away, versions, identifiers, and names of people and places in several scripts.
 */

export interface ExactName {
  key: string;
  title: string;
  text: string;
  question: string;
}

const range = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
/** A digit permutation of 20939 and its like: what an encoder takes for the same. */
const PARTS = ['20939', '20993', '29039', '20399', '23099', '20940', '20949', '30929', '29930', '90239'];
const IDENTIFIERS = [
  ...['retry_count', 'retry_limit', 'retry_delay_ms', 'max_retries', 'read_timeout', 'write_timeout'],
  ...['getUserById', 'getUserByName', 'getUsersByIds', 'setUserById', 'foo_bar', 'foo_baz'],
  ...['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'ENOTFOUND', 'C++', 'C#', 'std::vector', '--no-verify'],
];
const NAMES = [
  ...['Zbigniew Kowalczyk', 'Zbigniew Kowalski', 'Anna Müller', 'Anne Miller', 'José Núñez', 'Josefa Nunes'],
  ...[
    'Łódź',
    'Luleå',
    'Åre',
    'Øresund',
    'Tromsø',
    'Trondheim',
    '東京都',
    '京都府',
    '大阪市',
    '서울시',
    '부산시',
  ],
  ...['Нижний Новгород', 'Великий Новгород', 'القاهرة'],
];

const codes = range(30, (i) => `E-${4700 + i}`).map((code) => ({
  text: `Fault ${code} is shown when the controller of the pump stops. Switch it off and wait for a minute.`,
  question: `What should I do when the display shows ${code}?`,
}));
const parts = PARTS.flatMap((number) => [`XK-${number}-A`, `XK-${number}-B`]).map((part) => ({
  text: `Spare part ${part} is a seal for the door of the oven. It is sold in packs of two.`,
  question: `how many seals come in a pack of ${part}`,
}));
const versions = [
  'v1.2.3',
  'v1.3.2',
  'v2.1.3',
  'v3.2.1',
  'v1.2.13',
  'v1.23',
  'v12.3',
  'v2.3.1',
  'v0.1.23',
  'v1.2',
].map((version) => ({
  text: `Release ${version} mends several faults of the importer and makes start-up faster.`,
  question: `is the importer mended in ${version}`,
}));
const identifiers = IDENTIFIERS.map((name) => ({
  text: `${name} is described in the reference manual for programmers, in the chapter on names.`,
  question: `where is ${name} described?`,
}));
const names = NAMES.map((name) => ({
  text: `The office of ${name} is open from nine to five, and closed on holidays.`,
  question: `opening hours of the office of ${name}`,
}));

export const EXACT_NAMES: readonly ExactName[] = [codes, parts, versions, identifiers, names]
  .flat()
  .map((each, i) => ({ key: `exact-${i}`, title: '', ...each }));
