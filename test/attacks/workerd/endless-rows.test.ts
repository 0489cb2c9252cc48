/**
 * A coordinator whose row table has no end gives it to a region of its own deployment, over RPC, and to one of another,
 * over HTTP: both are real objects. Neither joins the round, is charged, or keeps more than a run can have.
 */
import { runInDurableObject } from 'cloudflare:test';
import { it, vi } from 'vitest';
import { Coordinator } from '../../../durable-objects/coordinator/coordinator.ts';
import { RowTable } from '../../../durable-objects/coordinator/row-table.ts';
import { LedgerStore } from '../../../durable-objects/ledger-store.ts';
import type { Region } from '../../../durable-objects/region/region.ts';
import { MOST_KEY_BYTES } from '../../../shared/protocol/round-limits.ts';
import type { RowEntry } from '../../../shared/protocol/rounds.ts';
import { call, guestRegion } from '../../workerd/guest-regions.ts';
import { collection, FEW_ITEMS, finished, hubOf, regionOf, replaced, start } from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';

type Table = (after: number, limit: number) => RowEntry[];

/** A page of documents of which no other page has any. */
const page = (after: number, length: number, key: (row: number) => string): RowEntry[] =>
  Array.from({ length }, (_, i) => {
    const row = after + i;
    return { row, item: key(row), ordinal: 0, region: 'hall', removed: false, changedAt: row + 1 };
  });

let hubs = 0;

/** What comes of a run whose rounds are about so many changes of such a table. */
async function outcomeOf(rowsAt: number, table: Table): Promise<string> {
  const hub = `rows-${++hubs}`;
  // Where sums are plain, nobody has to wait for a roster.
  const privacy = { aggregation: 'plain', colluders: 0 };
  await collection(hub, { privacy, schedule: { everyHours: 0, phaseDeadlineMs: 60_000 } }, ['hall']);
  await regionOf(hub, 'hall').putItems(FEW_ITEMS.slice(0, 2));
  await hubOf(hub).refresh();
  const path = `/v1/collections/${hub}/participants`;
  const { invitation } = await call<{ invitation: string }>('POST', `${path}/invitations`, { name: 'guest' });
  const guest = await guestRegion(
    hub,
    'east',
    { regions: ['east'] },
    { invitation, allowed: { plain: true } },
  );
  await vi.waitUntil(async () => (await guest.stats()).join, { timeout: 60_000 });
  const hostile: Coordinator['rowsSince'] = async (after, limit) => table(after, limit);
  const far = () => () => rowsAt;
  const run = await replaced(RowTable.prototype, 'changedAt', far, () =>
    replaced(
      Coordinator.prototype,
      'rowsSince',
      () => hostile,
      async () => finished(hub, await start(hub), () => guest.wake()),
    ),
  );
  const both = [regionOf(hub, 'hall'), guest] as DurableObjectStub<Region>[];
  const kept = await Promise.all(both.map((stub) => runInDurableObject(stub, keptBy)));
  const { charges } = await hubOf(hub).privacy();
  return `${run.error?.split(';')[0]}; hall ${kept[0]}; guest ${kept[1]}; hub charged ${charges.length}`;
}

function keptBy(_: Region, { storage }: DurableObjectState): string {
  const sql = 'SELECT count(*) AS rows, coalesce(sum(length(CAST(item AS BLOB))), 0) AS bytes FROM rows';
  const { rows, bytes } = storage.sql.exec<{ rows: number; bytes: number }>(sql).one();
  const { length } = new LedgerStore(storage).entries();
  return `keeps ${bytes <= MOST_KEY_BYTES ? '' : 'too long '}${rows}, charged ${length}`;
}

const nobody = (kept: number) =>
  `0 of 2 participants answered where 1 are needed; hall keeps ${kept}, charged 0; guest keeps ${kept}, charged 0; hub charged 0`;

attack('a table of a trillion changes', nobody(0), () => outcomeOf(2 ** 40, () => []));
attack('pages of one change each', nobody(0), () =>
  outcomeOf(2 ** 26, (after) => page(after, 1, (row) => `d${row}`)),
);
const keys = 'keys as long as keys may be, without end';
if (process.env.FEDCAR_FULL === '1') {
  attack(keys, nobody(22_000), () =>
    outcomeOf(2 ** 26, (after, limit) => page(after, limit, (row) => `${row} `.padEnd(512, '語'))),
  );
} else it.skip(`${keys}: with FEDCAR_FULL=1`, () => {});
