/** Whether the encoder knows the words of what is stored: what `fedcar doctor` says of a sample of the documents. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../../client/client.ts';
import { ModelManifest } from '../../models/manifest.ts';
import { openTokenizer } from '../../models/tokenizer/tokenizer.ts';
import type { Items } from '../../shared/protocol/api/item.ts';
import { joinTitle } from '../../shared/retrieval/chunking.ts';
import { readDocument } from '../../shared/retrieval/document.ts';
import { concurrent } from '../concurrent.ts';
import { itemOf } from '../stored-item.ts';

export interface KnownWords {
  /** Documents looked at. */
  documents: number;
  /** Keys of those whose words are not known: questions find them by words alone. */
  unknown: string[];
  /** Share of the tokens of all their words that the encoder has no token for, 0 to 1. */
  unknownTokens: number;
}

const PAGE = 100;
/** Pages whose keys are listed, and documents among them that are read, evenly spaced. */
const MOST_PAGES = 20;
const MOST_READ = 50;
const AT_ONCE = 4;

/** @param encoder folder of the artifact that the documents are embedded by */
export async function knownWords(client: Client, encoder: string): Promise<KnownWords> {
  const manifest = ModelManifest.parse(JSON.parse(await readFile(join(encoder, 'manifest.json'), 'utf8')));
  const tokenizer = openTokenizer(await readFile(join(encoder, 'tokenizer.json')), manifest);
  const keys = await someKeys(client);
  const found = { documents: 0, unknown: [] as string[] };
  const sum = { tokens: 0, unknown: 0 };
  await concurrent(keys, AT_ONCE, async (key) => {
    const item = await itemOf(client, key);
    if (item === null) return;
    const { title, blocks } = readDocument(item);
    found.documents += 1;
    const text = joinTitle(title, blocks.map((block) => block.text).join('\n'));
    if (!tokenizer.knows(text)) found.unknown.push(key);
    const { tokens, unknown } = tokenizer.knownTokens(text);
    sum.tokens += tokens;
    sum.unknown += unknown;
  });
  const unknownTokens = sum.unknown / Math.max(1, sum.tokens);
  return { ...found, unknown: found.unknown.sort(), unknownTokens };
}

async function someKeys(client: Client): Promise<string[]> {
  const keys: string[] = [];
  let after: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { items, next }: Items = await client.call('GET /items', { query: { limit: PAGE, after } });
    keys.push(...items.map(({ key }) => key));
    after = next;
    if (after === null) break;
  }
  const step = Math.max(1, keys.length / MOST_READ);
  return Array.from({ length: Math.min(keys.length, MOST_READ) }, (_, i) => keys[Math.floor(i * step)]!);
}
