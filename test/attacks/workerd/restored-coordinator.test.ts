/**
 * A coordinator is put back to a backup that was taken while a round was open; its regions were not. By itself it gives
 * the round out again: what was charged once must not be released twice, and training has to go on.
 */
import { runInDurableObject } from 'cloudflare:test';
import { SumApplier } from '../../../durable-objects/coordinator/apply-sum.ts';
import { type ActiveRun, RunStore } from '../../../durable-objects/coordinator/run-store.ts';
import { LedgerStore } from '../../../durable-objects/ledger-store.ts';
import { directory } from '../../../durable-objects/names.ts';
import type { Region } from '../../../durable-objects/region/region.ts';
import { clearTables } from '../../../durable-objects/sql.ts';
import {
  alarmed,
  collection,
  FEW_ITEMS,
  finished,
  hubStub,
  objects,
  regionOf,
  replaced,
  start,
  stored,
  watchingAlarms,
} from '../../workerd/objects.ts';
import { attack } from '../outcome.ts';

const NAME = 'put-back';
const REGIONS = ['east', 'south', 'west'];
type Stub = DurableObjectStub<Region>;
type Dump = Record<string, Record<string, SqlStorageValue>[]>;
const hub = () => hubStub(NAME) as unknown as Stub;

function dumpOf({ sql }: DurableObjectStorage): Dump {
  const tables = sql
    .exec<{ name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'",
    )
    .toArray();
  return Object.fromEntries(tables.map(({ name }) => [name, sql.exec(`SELECT * FROM "${name}"`).toArray()]));
}

async function putBack(stub: Stub, dump: Dump): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) => {
    clearTables(storage, []);
    for (const [name, rows] of Object.entries(dump)) {
      if (name === 'schema') continue;
      for (const row of rows) {
        const columns = Object.keys(row);
        const marks = columns.map(() => '?').join();
        storage.sql.exec(
          `INSERT INTO "${name}" (${columns.join()}) VALUES (${marks})`,
          ...Object.values(row),
        );
      }
    }
  });
  // Nothing that it remembers survives a restore.
  await runInDurableObject(stub, (_, state) => state.abort('restored by the test')).catch(() => {});
}

const isJustOpened = ({ spec, round }: ActiveRun): boolean =>
  spec?.kind === 'count' &&
  round?.phase === 'open' &&
  Object.values(round.participants).every(({ phase }) => phase === 'invited');

attack(
  'a coordinator put back to a backup in the middle of a round',
  '2 sums under 2 serials, each region charged for both; the next run too: 3 sums, 3 charges',
  async () => {
    await collection(
      NAME,
      {
        schedule: { everyHours: 0, secureDeadlineMs: 60_000, phaseDeadlineMs: 60_000 },
        privacy: { epsilon: 8, runEpsilon: 2, training: { steps: 4, samplingRate: 0.5 } },
      },
      REGIONS,
    );
    await regionOf(NAME, REGIONS[0]!).putItems(FEW_ITEMS.slice(0, 2));
    let backup: Dump | null = null;
    const released: number[] = [];
    const tick = () =>
      directory(objects)
        .tick(Date.now())
        .catch(() => {});
    // A region that still has the round at hand would only repeat its answers, and release the very same sum.
    const forgotten = async () => {
      for (const region of REGIONS) {
        while ((await stored(regionOf(NAME, region) as Stub, 'job')) !== null) {
          await regionOf(NAME, region).wake();
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
    };
    const charges = () =>
      Promise.all(
        REGIONS.map((region) =>
          runInDurableObject(regionOf(NAME, region) as Stub, (_, { storage }) =>
            new LedgerStore(storage).entries().map(({ round }) => round),
          ),
        ),
      );
    const keepBackup = (original: RunStore['save']) =>
      function (this: RunStore, run: ActiveRun, ...rest: [] | [object]) {
        original.call(this, run, ...rest);
        if (isJustOpened(run)) backup ??= dumpOf(alarmed().storage);
      };
    const noteRelease = (original: SumApplier['release']) =>
      async function (this: SumApplier, run: ActiveRun, words: Uint32Array) {
        released.push(run.spec?.serial ?? -1);
        return original.call(this, run, words);
      };
    const seen: string[] = [];
    await watchingAlarms(() =>
      replaced(RunStore.prototype, 'save', keepBackup, () =>
        replaced(SumApplier.prototype, 'release', noteRelease, async () => {
          const run = await start(NAME);
          await finished(NAME, run, tick);
          await forgotten();
          await putBack(hub(), backup as unknown as Dump);
          await finished(NAME, run, tick, 170);
          const twice = await charges();
          const paid = twice.every((rounds) => String(rounds) === String(released));
          seen.push(`${released.length} sums under ${new Set(released).size} serials`);
          seen.push(`each region charged for ${paid ? 'both' : JSON.stringify(twice)}`);
          await finished(NAME, await start(NAME), tick);
          const counts = new Set((await charges()).map((rounds) => rounds.length));
          seen[1] += `; the next run too: ${released.length} sums`;
          seen.push(`${[...counts]} charges`);
        }),
      ),
    );
    return seen.join(', ');
  },
);
