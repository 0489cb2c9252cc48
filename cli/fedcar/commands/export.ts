/** `fedcar export`: all documents of a collection in a file that `fedcar ingest` takes. */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ApiError, Client } from '../../../client/client.ts';
import type { Item, Items } from '../../../shared/protocol/api/item.ts';
import { concurrent } from '../../concurrent.ts';
import type { Context, Shown } from '../context.ts';
import { Failure } from '../failure.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

const PAGE = 100;

const REQUESTS_AT_ONCE = 8;

export const exportCommand: Register = (program, bind) => {
  const command = program
    .command('export')
    .description('save all documents as JSON lines; questions never leave their region')
    .argument('<file>', 'a .jsonl file that does not exist yet')
    .action(bind((context, file: string) => save(context, file)));
  withExamples(command, [['export -c faq faq.jsonl', 'fedcar ingest faq.jsonl takes it back']]);
};

async function save(context: Context, name: string): Promise<Shown> {
  return await context.change(
    { what: `write the documents of ${context.collection} to ${name}` },
    async () => {
      const client = await context.client();
      const bar = context.progress('documents', 0);
      const file = await open(resolve(context.io.cwd, name), 'wx');
      let documents = 0;
      const away = new Map<string, string>();
      try {
        for await (const items of pages(client, away)) {
          const lines = items.map(({ key, title, text, format, metadata, region }) =>
            JSON.stringify({ key, title, text, format, metadata, region }),
          );
          await file.write(lines.map((line) => `${line}\n`).join(''));
          documents += items.length;
          bar.update(documents);
        }
      } finally {
        await file.close();
      }
      bar.end(`${documents} documents`);
      if (away.size > 0) {
        const why = [...away.values()].join('; ');
        throw new Failure(`${name} has ${documents} documents and is not complete: ${why}`);
      }
      return { json: { file: name, documents }, text: `${documents} documents in ${name}` };
    },
  );
}

/**
 * Lists have no texts: each document is asked for. One that is deleted meanwhile is left out.
 * @param away gets the regions whose documents are missing, with the reason
 */
async function* pages(client: Client, away: Map<string, string>): AsyncGenerator<Item[]> {
  let after: string | null = null;
  do {
    const page: Items = await client.call('GET /items', { query: { limit: PAGE, after } });
    // Missing in answers of earlier versions.
    for (const { region, detail } of page.errors ?? []) away.set(region, detail);
    const found = await concurrent(page.items, REQUESTS_AT_ONCE, ({ key }) =>
      client.call('GET /items/{key}', { params: { key } }).catch((error: ApiError) => {
        if (error.code === 'unknown_item') return null;
        if (error.code === 'region_failed') {
          away.set(error.message, error.message);
          return null;
        }
        throw error;
      }),
    );
    yield found.filter((item) => item !== null);
    after = page.next;
  } while (after !== null);
}
