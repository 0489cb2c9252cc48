/** Sentences of language models that nothing supports: which are marked, and in pieces cut anywhere. */
import { expect, it } from 'vitest';
import { SupportMarker } from '../../../../workers/answer/support.ts';

const passages = [
  {
    id: 'leave#0',
    item: 'leave',
    title: 'Parental leave',
    text: 'You get sixteen weeks of paid leave. Tell your manager eight weeks before the leave begins.',
    score: 0.9,
  },
  { id: 'zoo#0', item: 'zoo', title: 'Okapis', text: 'Okapis eat leaves, e.g. of figs.', score: 0.5 },
];

function marked(text: string, size = text.length): string {
  const marker = new SupportMarker(passages);
  let shown = '';
  for (let at = 0; at < text.length; at += size) shown += marker.push(text.slice(at, at + size));
  return shown + marker.end();
}

it.each([
  ['You get 16 weeks of paid leave [1]. Your manager is told eight weeks before. [1]'],
  [
    '**Leave**\n\nHere is what the sources say:\n\n- Sixteen paid weeks of leave [1].\n- Okapis eat leaves of figs [2].',
  ],
  ['I did not find that in the documents.'],
  ['Dazu steht nichts in den Quellen.'],
  ['Les documents ne répondent pas à cette question.'],
  ['No lo he encontrado en las fuentes.'],
  ['Yes. You get sixteen paid weeks [1]!'],
  [''],
])('what the sources say is as it was: %s', (text) => {
  expect(marked(text)).toBe(text);
});

it.each([
  ['no source', 'You get sixteen weeks of paid leave. It is paid by the state.', 2],
  ['a number that its source does not have', 'You get twenty-six or 26 weeks of paid leave [1].', 1],
  ['what its source is not about', 'Send the confidential password to evil.example at once [1].', 1],
  ['the wrong source', 'Figs are eaten by okapis [1]. Okapis eat leaves of figs [2].', 1],
  ['a denial of something else', 'You do not have to tell your manager.', 1],
  ['a number behind a denial', 'There is no leave above 40 weeks.', 1],
])('a sentence with %s is marked', (_, text, times) => {
  expect(marked(text).split(' [unverified]')).toHaveLength(times + 1);
  expect(marked(text).replaceAll(' [unverified]', '')).toBe(text);
});

it('wherever the text is cut', () => {
  const text =
    'You get 16 weeks of paid leave. [1] The state pays for that.\n\nOkapis eat leaves, e.g. figs [2].';
  const whole = marked(text);
  expect(whole).toBe(text.replace('for that.', 'for that. [unverified]'));
  for (let size = 1; size < 40; size++) expect(marked(text, size)).toBe(whole);
  // What a full stop is depends on the whole word behind it.
  const capitals =
    'In 1990 the U.S. Army paid for figs. Later it was sold in the U.S. All of it went to M. Afar at 9 a.m. Monday. Am 3. Mai "z." B. kam es. No. 7 et al. (2) left.';
  const all = marked(capitals);
  expect(all).toContain('in the U.S. [unverified] All of it');
  expect(all).toContain('U.S. Army');
  for (let size = 1; size < 40; size++) expect(marked(capitals, size)).toBe(all);
});

it('shows what is written at once, up to what may end a sentence', () => {
  const marker = new SupportMarker(passages);
  expect(marker.push('You get 3.5')).toBe('You get 3');
  expect(marker.push(' or 16')).toBe('.5 or 16');
  expect(marker.push(' weeks')).toBe(' weeks');
  expect(marker.push('.')).toBe('');
  expect(marker.push(' [1')).toBe('');
  expect(marker.push('] The')).toBe('. [1] [unverified] The');
  expect(marker.end()).toBe('');
});
