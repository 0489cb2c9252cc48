/** Memory at work: a question that plain search gets wrong, feedback from two people, and the same question again. */
import type { Client } from '../../client/client.ts';
import type { Chunk } from '../../shared/protocol/api/chunk.ts';
import { pc } from '../colours.ts';
import type { IngestedRecord } from '../ingest.ts';

/** Questions of the log that are tried until one is answered wrong. */
const TRIED = 40;

/**
 * Text to print; empty where plain search knows all that is tried. Questions come from the log, not from the test.
 */
export async function showMemory(client: Client, log: readonly IngestedRecord[]): Promise<string> {
  const step = Math.max(1, Math.floor(log.length / TRIED));
  for (const { region, record } of log.filter((_, at) => at % step === 0)) {
    if (region === null) continue;
    const before = await first(client, record.query, region);
    if (before === undefined || before.item.key === record.item) continue;
    for (const who of ['first', 'second']) {
      const event = { id: `shown-${who}`, query: record.query, item: record.item, relevant: true };
      await client.call('POST /feedback', { body: { region, records: [event] } });
    }
    const after = await first(client, record.query, region);
    const right = after?.item.key === record.item;
    return [
      `${pc.bold(`“${record.query}”`)}, asked from ${region}`,
      `  plain search              ${line(before)}  ${pc.yellow('wrong')}`,
      `  two people say: ${record.item}`,
      `  asked again, at once      ${line(after)}  ${right ? pc.green('right') : pc.yellow('still wrong')}`,
      '',
    ].join('\n');
  }
  return '';
}

async function first(client: Client, query: string, region: string): Promise<Chunk | undefined> {
  const retrieval = { max_num_results: 1 };
  const body = { query, ai_search_options: { retrieval }, fedcar: { asker_region: region, fresh: true } };
  return (await client.call('POST /search', { body })).chunks[0];
}

function line(chunk: Chunk | undefined): string {
  return chunk === undefined ? 'nothing' : `${chunk.item.title} (${chunk.item.key})`;
}
