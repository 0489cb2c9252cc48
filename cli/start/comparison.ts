/** The table before and after training: all questions, documents with and without training questions, by region. */
import { entryOf } from '../../shared/protocol/names.ts';
import type { AnsweredQuery } from '../evaluation.ts';
import { summarise } from '../summary.ts';
import { percent, table } from '../table.ts';

export interface Compared {
  /** The same queries in the same order. */
  before: readonly AnsweredQuery[];
  after: readonly AnsweredQuery[];
  /** Region by document. */
  placed: Record<string, string>;
  /** Documents that training questions ask for. */
  asked: ReadonlySet<string>;
}

export function comparison({ before, after, placed, asked }: Compared): string {
  const documentOf = (query: AnsweredQuery) => [...query.relevant.keys()][0]!;
  const groups: [string, (query: AnsweredQuery) => boolean][] = [
    ['all test questions', () => true],
    ['about documents with training questions', (query) => asked.has(documentOf(query))],
    ['about documents that nobody asked about', (query) => !asked.has(documentOf(query))],
    ...[...new Set(Object.values(placed))]
      .sort()
      .map((region): [string, (query: AnsweredQuery) => boolean] => [
        `about documents of ${region}`,
        (query) => entryOf(placed, documentOf(query)) === region,
      ]),
  ];
  const rows = groups.flatMap(([name, belongs]) => row(name, before.filter(belongs), after.filter(belongs)));
  const head = ['', 'questions', 'plain search', 'trained', 'change'];
  return [
    '',
    'The right document comes first, in percent of the test questions (they were not trained on):',
    '',
    table([head, ...rows]),
    '',
    `The right document is among the first ten: ${recall(before)} → ${recall(after)}`,
    '',
  ].join('\n');
}

/** No row for a group without questions. */
function row(name: string, before: readonly AnsweredQuery[], after: readonly AnsweredQuery[]): string[][] {
  const [plain, trained] = [summarise(before), summarise(after)];
  if (plain === null || trained === null) return [];
  const change = 100 * (trained.top1.value - plain.top1.value);
  const sign = change >= 0 ? '+' : '−';
  const figures = [percent(plain.top1.value), percent(trained.top1.value)];
  return [[name, String(plain.queries), ...figures, `${sign}${Math.abs(change).toFixed(1)}`]];
}

function recall(answers: readonly AnsweredQuery[]): string {
  return percent(summarise(answers)?.recall.value ?? null);
}
