import { env } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { openTokenizer } from '../../models/tokenizer/tokenizer.ts';

// Ids from Hugging Face's tokenizers 0.23.3 and all-MiniLM-L6-v2's file.
test('the shipped tokenizer works inside the runtime, from the static assets', async () => {
  const response = await (env as unknown as { ASSETS: Fetcher }).ASSETS.fetch(
    'http://assets/minilm/tokenizer.json',
  );
  expect(response.status).toBe(200);
  const tokenizer = openTokenizer(await response.bytes(), { maxTokens: 128 });
  expect([...tokenizer.encode('É  naïve\tcafé', 'query')]).toEqual([101, 1041, 15743, 7668, 102]);
  expect([...tokenizer.encode('I lost my card!', 'query')]).toEqual([101, 1045, 2439, 2026, 4003, 999, 102]);
  expect(tokenizer.encode('word '.repeat(1000), 'query').length).toBe(128);
});
