/**
 * How many questions asked for the documents of each region, as the last counting round released it: noised where noise
 * is on, and over all regions together where they were asked. Post-processing, which costs no privacy.
 */
import type { Demand } from '../../shared/protocol/api/region.ts';
import { entryOf } from '../../shared/protocol/names.ts';
import { Values } from '../values.ts';
import type { RowTable } from './row-table.ts';

/** Name of the stored value, as it always was. */
const DEMAND = 'asked';

/**
 * @param counts the units that ask for each document
 * @param deviation standard deviation of the noise in each of them
 */
export function saveDemand(
  storage: DurableObjectStorage,
  rows: RowTable,
  counts: ReadonlyMap<string, number>,
  deviation: number,
  at: number,
): void {
  const totals = new Map<string, { units: number; documents: number }>();
  for (const { item, region } of rows.documents()) {
    const count = counts.get(item);
    if (count === undefined) continue;
    const { units, documents } = totals.get(region) ?? { units: 0, documents: 0 };
    totals.set(region, { units: units + count, documents: documents + 1 });
  }
  const demand = [...totals].map(([region, { units, documents: summed }]): [string, Demand] => [
    region,
    { units: Math.max(0, Math.round(units)), deviation: deviation * Math.sqrt(summed), at },
  ]);
  new Values(storage).set(DEMAND, Object.fromEntries(demand));
}

export function demandFor(storage: DurableObjectStorage, region: string): Demand | null {
  return entryOf(new Values(storage).get<Record<string, Demand>>(DEMAND) ?? {}, region) ?? null;
}
