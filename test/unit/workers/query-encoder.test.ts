/** Queries and sentences to vectors, with a real engine over a tiny encoder. */
import { beforeAll, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../../models/engine.ts';
import { nodeOrtWasm } from '../../../models/ort-wasm-node.ts';
import { queryEncoder } from '../../../workers/query-encoder.ts';
import { tinyBert } from '../../helpers/tiny-bert.ts';

let engine: Engine;
beforeAll(async () => {
  const { source } = await tinyBert();
  engine = await openEngine({ source, wasm: await nodeOrtWasm(), adapter: { kind: 'none' } });
}, 120_000);

it('embeds each sentence once, in the order asked for, and forgets what was not used lately', async () => {
  let embedded = 0;
  const counted: Engine = {
    ...engine,
    info: engine.info,
    tokenize: (text) => engine.tokenize(text),
    embed: (ids, ...rest) => {
      embedded += ids.length;
      return engine.embed(ids, ...rest);
    },
  };
  const encoder = queryEncoder(counted);
  const [a, b, again] = await encoder.embedTexts(['a parcel', 'a locker', 'a parcel']);
  expect(embedded).toBe(2);
  expect(again).toEqual(a);
  const alone = await encoder.embedBase('a locker');
  expect(Array.from(b as Float32Array)).toEqual(Array.from(alone));
  // Another encoder over the same engine, as every request has its own.
  const [known] = await queryEncoder(counted).embedTexts(['a locker']);
  expect(known).toEqual(b);
  expect(embedded).toBe(3);
  await encoder.embedTexts(Array.from({ length: 1100 }, (_, i) => `number ${i}`));
  await encoder.embedTexts(['number 1099']);
  expect(embedded).toBe(1103);
  await encoder.embedTexts(['a parcel']);
  expect(embedded).toBe(1104);
});

it('counts tokens without the marks around them', () => {
  const { countTokens } = queryEncoder(engine);
  expect(countTokens('')).toBe(0);
  expect(countTokens('a')).toBe(1);
});
