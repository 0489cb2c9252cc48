/** What an answer cites stands first; of every other document one passage, the best. */
import { expect, it } from 'vitest';
import type { Chunk } from '../../../../shared/protocol/api/chunk.ts';
import { sourcesOf } from '../../../../workers/ask/client/conversation.ts';

const chunk = (id: string) => ({ id, item: { key: id.split('#')[0] } }) as Chunk;
const ids = (chunks: readonly Chunk[]) => chunks.map(({ id }) => id);

it.each([
  [['a#1', 'b#0'], ['a#1', 'b#0'], ['c#2']],
  [['b#0'], ['b#0'], ['a#1', 'c#2']],
  [[], [], ['a#1', 'b#0', 'c#2']],
  [null, [], ['a#1', 'b#0', 'c#2']],
])('citing %j', (citations, cited, others) => {
  const chunks = ['a#1', 'b#0', 'a#0', 'c#2', 'b#3', 'c#1'].map(chunk);
  const sources = sourcesOf({ chunks, citations });
  expect(ids(sources.cited)).toEqual(cited);
  expect(ids(sources.others)).toEqual(others);
});
