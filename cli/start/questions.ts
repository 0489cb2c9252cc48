/** A few test questions before and after training, and one that fits nothing. */

import type { Client } from '../../client/client.ts';
import type { Chunk } from '../../shared/protocol/api/chunk.ts';
import { pc } from '../colours.ts';
import type { AnsweredQuery } from '../evaluation.ts';

const SHOWN = 3;
const OUT_OF_SCOPE = 'who won the chess world championship in 1972?';

/** Text to print. Questions that training answered right come first, then one that it got wrong. */
export async function askSome(
  client: Client,
  before: readonly AnsweredQuery[],
  after: readonly AnsweredQuery[],
  version: number,
): Promise<string> {
  const right = (query: AnsweredQuery | undefined) => query?.relevant.has(query.ranked[0] ?? '') ?? false;
  const gained = after.filter((query, i) => right(query) && !right(before[i]));
  const missed = after.filter((query) => !right(query));
  // From all over the file, which is sorted by document.
  const step = Math.max(1, Math.floor(gained.length / SHOWN));
  const picked = [...gained.filter((_, i) => i % step === 0).slice(0, SHOWN), ...missed.slice(0, 1)];
  const parts: string[] = [];
  for (const query of picked) {
    const [plain, trained] = await Promise.all([
      top(client, query.text, 0),
      top(client, query.text, version),
    ]);
    const mark = right(query) ? pc.green('right') : pc.yellow('still wrong');
    parts.push(
      `${pc.bold(`“${query.text}”`)}\n  plain search  ${line(plain)}\n  trained       ${line(trained)}  ${mark}`,
    );
  }
  const nothing = await top(client, OUT_OF_SCOPE, version);
  parts.push(
    `${pc.bold(`“${OUT_OF_SCOPE}”`)}\n  fits nothing: the best score is ${(nothing?.score ?? 0).toFixed(2)}`,
  );
  return `${parts.join('\n\n')}\n`;
}

async function top(client: Client, query: string, version: number): Promise<Chunk | undefined> {
  const retrieval = { max_num_results: 1 };
  const body = { query, ai_search_options: { retrieval }, fedcar: { model_version: version } };
  return (await client.call('POST /search', { body })).chunks[0];
}

function line(chunk: Chunk | undefined): string {
  if (chunk === undefined) return 'nothing';
  return `${chunk.item.title} (${chunk.item.key}), score ${chunk.score.toFixed(2)}`;
}
