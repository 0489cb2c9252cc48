/** Blocks of a log, and where test questions are asked from. */
import { expect, it } from 'vitest';
import { askersOf, blocksOf } from '../../../../cli/bench/stream-log.ts';

const record = (n: number, item: string, region: string) => ({
  region,
  record: { id: `q${n}`, query: `question ${n}`, item, relevant: true },
});
const LOG = Array.from({ length: 103 }, (_, n) =>
  record(n, `d${n % 3}`, n % 3 === 0 ? 'weur' : n % 4 === 0 ? 'apac' : 'sam'),
);
const idsOf = (blocks: ReturnType<typeof blocksOf>) => blocks.flat().map(({ record: { id } }) => id);

it('plays every record once, in blocks that differ by one, the same for the same seed', () => {
  const blocks = blocksOf(LOG, { blocks: 16, seed: 7, year: 0 });
  expect(new Set(blocks.map(({ length }) => length))).toEqual(new Set([6, 7]));
  expect([...idsOf(blocks)].sort()).toEqual(LOG.map(({ record: { id } }) => id).sort());
  expect(idsOf(blocksOf(LOG, { blocks: 16, seed: 7, year: 0 }))).toEqual(idsOf(blocks));
  expect(idsOf(blocksOf(LOG, { blocks: 16, seed: 8, year: 0 }))).not.toEqual(idsOf(blocks));
});

it('gives the records of another year other ids, in another order', () => {
  const [first, second] = [0, 1].map((year) => idsOf(blocksOf(LOG, { blocks: 4, seed: 7, year })));
  expect(new Set([...first!, ...second!]).size).toBe(2 * LOG.length);
  expect(second!.map((id) => id?.replace('~2', ''))).not.toEqual(first);
});

it('asks from where the log says who asks for the document', () => {
  const queries = Array.from({ length: 4000 }, (_, n) => ({
    id: `t${n}`,
    text: 'what?',
    relevant: new Map([[`d${n % 3}`, 1]]),
  }));
  const from = askersOf(queries, LOG, 1);
  expect(askersOf(queries, LOG, 1)).toEqual(from);
  const shareOf = (item: string, region: string, of: readonly { item: string; region: string }[]) => {
    const about = of.filter((one) => one.item === item);
    return about.filter((one) => one.region === region).length / about.length;
  };
  const asked = queries.map(({ relevant }, n) => ({ item: [...relevant.keys()][0]!, region: from[n]! }));
  const logged = LOG.map(({ region, record: { item } }) => ({ item, region }));
  for (const item of ['d0', 'd1', 'd2']) {
    for (const region of ['weur', 'apac', 'sam'])
      expect(Math.abs(shareOf(item, region, asked) - shareOf(item, region, logged))).toBeLessThan(0.05);
  }
});

it('asks about a document that nobody asked for from where questions come from', () => {
  const queries = [{ id: 't', text: 'what?', relevant: new Map([['unseen', 1]]) }];
  expect(['weur', 'apac', 'sam']).toContain(askersOf(queries, LOG, 1)[0]);
});
