/** The copy of the row table that a participant keeps: what is fetched, how often, and where it ends. */
import { describe, expect, it } from 'vitest';
import { mirrorRows } from '../../../../shared/participant/row-mirror.ts';
import { MOST_KEY_BYTES, MOST_ROWS } from '../../../../shared/protocol/round-limits.ts';
import type { RowEntry } from '../../../../shared/protocol/rounds.ts';
import { utf8Length } from '../../../../shared/protocol/utf8-length.ts';

const PAGE = 2000;

interface Given {
  /** Who is gone. */
  removed?: (row: number) => boolean;
  item?: string;
  /** Rows that whoever mirrors it has already, beside those of the table. */
  before?: number;
}

/** A table of so many rows, and who mirrors it. */
function tableOf(rows: number, { removed = () => false, item = 'a', before = 0 }: Given = {}) {
  const kept = new Set<number>();
  const keyBytes = utf8Length(item);
  const seen = { asked: [] as number[], counted: 0, at: 0, good: 0 };
  const deps = {
    port: {
      rowsSince: async (after: number, limit: number): Promise<RowEntry[]> => {
        seen.asked.push(after);
        return Array.from({ length: Math.min(limit, rows - after) }, (_, i) => {
          const row = after + i;
          const place = { row, item, ordinal: row, region: 'east' };
          return { ...place, removed: removed(row), changedAt: row + 1 };
        });
      },
    },
    store: {
      mirror: () => {},
      rowsAt: () => seen.at,
      rowsKept: () => {
        seen.counted += 1;
        const all = before + kept.size;
        return { rows: all, keyBytes: all * keyBytes };
      },
      applyRows: (entries: readonly RowEntry[], upTo: number) => {
        for (const { row, removed } of entries) removed ? kept.delete(row) : kept.add(row);
        seen.at = upTo;
      },
    },
    stillGood: () => {
      seen.good += 1;
    },
  };
  return { kept, seen, deps };
}

describe('the row table', () => {
  it('is fetched in full pages, and counted once', async () => {
    const { kept, seen, deps } = tableOf(2 * PAGE + 5);
    await mirrorRows({ lineage: 'first', rowsAt: 2 * PAGE + 5 }, deps);
    expect(seen).toEqual({ asked: [0, PAGE, 2 * PAGE], counted: 1, at: 2 * PAGE + 5, good: 3 });
    expect(kept.size).toBe(2 * PAGE + 5);
    await mirrorRows({ lineage: 'first', rowsAt: 2 * PAGE + 5 }, deps);
    expect(seen.asked).toHaveLength(3);
  });

  it('may go on beyond what the round is about', async () => {
    const { seen, deps } = tableOf(PAGE);
    await mirrorRows({ lineage: 'first', rowsAt: 7 }, deps);
    expect(seen.at).toBe(PAGE);
  });

  it('takes as many rows as a run can have, and not one more', async () => {
    const rows = PAGE + 5;
    const just = tableOf(rows, { before: MOST_ROWS - rows });
    await mirrorRows({ lineage: 'first', rowsAt: rows }, just.deps);
    expect(just.kept.size).toBe(rows);
    const more = tableOf(rows + 1, { before: MOST_ROWS - rows });
    await expect(mirrorRows({ lineage: 'first', rowsAt: rows + 1 }, more.deps)).rejects.toThrow(
      `rows: ${MOST_ROWS + 1} would stand, where a run has at most ${MOST_ROWS}`,
    );
    expect(more.kept.size).toBe(PAGE);
  });

  it('takes as many bytes of keys as a run can have', async () => {
    const item = '語'.repeat(512);
    const before = Math.floor(MOST_KEY_BYTES / utf8Length(item)) - PAGE;
    const { kept, deps } = tableOf(2 * PAGE, { item, before });
    await expect(mirrorRows({ lineage: 'first', rowsAt: 2 * PAGE }, deps)).rejects.toThrow(
      `rows: their keys would have 36625920 bytes, where those of a run have at most ${MOST_KEY_BYTES}`,
    );
    expect(kept.size).toBe(PAGE);
  });

  it('counts anew what stands when it comes to the limit, for rows go as well', async () => {
    const removed = (row: number) => row < PAGE;
    const { kept, seen, deps } = tableOf(2 * PAGE, { removed, before: MOST_ROWS - PAGE });
    for (let row = 0; row < PAGE; row++) kept.add(row);
    await mirrorRows({ lineage: 'first', rowsAt: 2 * PAGE }, deps);
    expect([kept.size, seen.counted]).toEqual([PAGE, 2]);
  });

  it('is not fetched further once the round is too old', async () => {
    const { seen, deps } = tableOf(3 * PAGE);
    const stillGood = () => {
      if (seen.asked.length === 2) throw new RangeError('too late');
    };
    const mirrored = mirrorRows({ lineage: 'first', rowsAt: 3 * PAGE }, { ...deps, stillGood });
    await expect(mirrored).rejects.toThrow('too late');
    expect(seen.at).toBe(PAGE);
  });
});
