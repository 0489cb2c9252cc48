import { expect, it } from 'vitest';
import { feedbackRequests } from '../../../cli/experiment.ts';

const entry = (query: string) => ({ region: 'east', record: { query, item: 'a', relevant: true } });

it('feedback goes in requests of questions of like length, each once, none above what a region embeds at once', () => {
  const given = Array.from({ length: 200 }, (_, i) => entry('x'.repeat(1 + ((i * 37) % 90))));
  const requests = feedbackRequests(given);
  const lengths = requests.map((request) => request.map(({ record }) => record.query.length));
  const inOrder = given.map(({ record }) => record.query.length).sort((a, b) => a - b);
  expect(lengths.flat()).toEqual(inOrder);
  for (const each of lengths) {
    expect(each.length).toBeGreaterThan(0);
    expect(each.reduce((sum, length) => sum + length + 10, 0)).toBeLessThanOrEqual(1400);
  }
  expect(requests.length).toBeLessThan(10);
});

it('a question that is longer than a request goes alone', () => {
  const long = entry('x'.repeat(2000));
  expect(feedbackRequests([long, entry('short'), long]).map(({ length }) => length)).toEqual([1, 1, 1]);
  expect(feedbackRequests([])).toEqual([]);
});
