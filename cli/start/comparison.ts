/** The table of what finds the right document how often: all questions, and documents with and without logged questions. */
import type { AnsweredQuery } from '../evaluation.ts';
import { summarise } from '../summary.ts';
import { percent, table } from '../table.ts';

/** Answers of every test question, in one order: plain search, then what is added to it. */
export interface Compared {
  /** Plain search by vectors alone, and with words. */
  vectors: readonly AnsweredQuery[];
  words: readonly AnsweredQuery[];
  /** Plain search with what the asker's region remembers. */
  memory: readonly AnsweredQuery[];
  /** The version that the regions trained together; without a run there is none. */
  trained: readonly AnsweredQuery[] | null;
  /** The same, with memory: what users get. */
  everything: readonly AnsweredQuery[] | null;
  /** Documents that logged questions ask for. */
  asked: ReadonlySet<string>;
}

export function comparison(compared: Compared): string {
  const { vectors, words, memory, trained, everything, asked } = compared;
  const documentOf = (query: AnsweredQuery) => [...query.relevant.keys()][0]!;
  const groups: [string, (query: AnsweredQuery) => boolean][] = [
    ['all test questions', () => true],
    ['about documents with logged questions', (query) => asked.has(documentOf(query))],
    ['about documents that nobody asked about', (query) => !asked.has(documentOf(query))],
  ];
  const columns: [string, readonly AnsweredQuery[] | null][] = [
    ['vectors', vectors],
    ['+ words', words],
    ['+ memory', memory],
    ['trained', trained],
    ['trained + memory', everything],
  ];
  const shown = columns.flatMap(([name, answers]) => (answers === null ? [] : [{ name, answers }]));
  const rows = groups.flatMap(([name, belongs]) => {
    const summaries = shown.map(({ answers }) => summarise(answers.filter(belongs)));
    const [first] = summaries;
    // No row for a group without questions.
    if (first == null) return [];
    return [[name, String(first.queries), ...summaries.map((one) => percent(one?.top1.value ?? null))]];
  });
  return [
    '',
    'The right document comes first, in percent of the test questions (they are in no log):',
    '',
    table([['', 'questions', ...shown.map(({ name }) => name)], ...rows]),
    '',
  ].join('\n');
}
