/**
 * What every fixture of stored state holds: four documents of two regions, and a log that asks for them by names which
 * stand in none of the texts, so that what a version learned can be told from plain search.
 */

export const ITEMS = [
  {
    key: 'leave',
    title: 'Annual leave',
    text: 'Staff may take twenty-five days of leave a year. Ask your manager at least two weeks before the first day.',
  },
  {
    key: 'expenses',
    title: 'Travel expenses',
    text: 'Keep every receipt of a business trip. Claims filed by the twentieth are paid with the next salary.',
  },
  {
    key: 'laptop',
    title: 'Broken laptops',
    text: 'Bring a broken laptop to the service desk on the ground floor. A spare one is lent during the repair.',
  },
  {
    key: 'visitors',
    title: 'Visitors',
    text: 'Announce visitors a day ahead at the front desk. They get a badge, and have to be met in the lobby.',
  },
];

const NICKNAMES: Record<string, string> = {
  leave: 'sunflower',
  expenses: 'zebra',
  laptop: 'anchor',
  visitors: 'mustard',
};
const WORDINGS = ['what is NAME', 'NAME rules', 'apply for NAME', 'NAME form'];

/** Ids say which question it is, so that sending it again changes nothing. In turns, so that halves hold all items. */
export const RECORDS = WORDINGS.flatMap((wording, i) =>
  Object.entries(NICKNAMES).map(([item, name]) => ({
    id: `${item}-${i}`,
    query: wording.replace('NAME', name),
    item,
    relevant: true,
  })),
);

/** A question in other words than the texts', which plain search answers. */
export const QUESTION = { query: 'who pays back what I spent on a journey', item: 'expenses' };
