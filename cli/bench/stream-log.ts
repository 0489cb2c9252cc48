/** A log played as a stream: which questions come in which block, and from where test questions would be asked. */
import { createHash } from 'node:crypto';
import type { TestQuery } from '../evaluation.ts';
import type { IngestedRecord } from '../ingest.ts';
import { seeded } from '../seeded.ts';

/** The log in a seeded order, cut into `blocks` that differ by one record at most. A year's records have ids of their own. */
export function blocksOf(
  records: readonly IngestedRecord[],
  { blocks, seed, year }: { blocks: number; seed: number; year: number },
): IngestedRecord[][] {
  const order = shuffled(records, seeded(seed + Math.imul(year, 0x9e3779b1)));
  const again = year === 0 ? '' : `~${year + 1}`;
  const named = order.map((entry) => ({
    ...entry,
    record: { ...entry.record, id: `${entry.record.id}${again}` },
  }));
  const from = (block: number) => Math.floor((block * named.length) / blocks);
  return Array.from({ length: blocks }, (_, block) => named.slice(from(block), from(block + 1)));
}

function shuffled<T>(values: readonly T[], uniform: () => number): T[] {
  const all = [...values];
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}

/**
 * A region for each test query, drawn as the log says who asks for its document: p(region | document), and where nobody
 * did, p(region). A query keeps its region however often it is asked.
 */
export function askersOf(
  queries: readonly TestQuery[],
  records: readonly IngestedRecord[],
  seed: number,
): string[] {
  const everywhere = records.flatMap(({ region }) => region ?? []);
  const byDocument = new Map<string, string[]>();
  for (const { region, record } of records) {
    if (region === null) continue;
    const known = byDocument.get(record.item);
    if (known === undefined) byDocument.set(record.item, [region]);
    else known.push(region);
  }
  return queries.map(({ id, relevant }) => {
    const [document = ''] = relevant.keys();
    const from = byDocument.get(document) ?? everywhere;
    const word = createHash('sha256').update(`asker ${seed} ${id}`).digest().readUInt32BE(0);
    return from[Math.floor((word / 2 ** 32) * from.length)]!;
  });
}
