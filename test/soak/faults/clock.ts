/** Clocks that jump by hours and days, forth and back, while the processes live and from one life to the next. */
import { spawnSync } from 'node:child_process';
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROJECT } from '../../../cli/worker-bundle.ts';
import type { Fault, Found, SoakContext } from '../fault.ts';
import { COLLECTION, prepareHub, REGIONS, runsEnd, startRun } from '../system.ts';
import { Writer } from '../writer.ts';

const SOURCE = join(PROJECT, 'test', 'soak', 'faults', 'clock-shift.c');
const HOUR_MS = 3_600_000;
const JUMPS = [3, -2, 24, -24, 240, 1, 0].map((hours) => hours * HOUR_MS);
const STEPS = 15;
const LAST_RUN_MS = 60_000;

export const clock: Fault = {
  name: 'clock',
  share: 1,
  impossible: () => {
    if (process.platform !== 'linux') return 'clocks are shifted by a preloaded library of Linux';
    const there = spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0;
    return there ? null : 'no C compiler to make the library that shifts clocks';
  },
  run,
};

/** What a process has to be started with, and what sets its clock. */
function shiftedClock(folder: string): { env: Record<string, string>; shift(ms: number): void } {
  const library = join(folder, 'clock-shift.so');
  const made = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, SOURCE], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`${SOURCE}: ${made.stderr}`);
  const file = join(folder, 'clock-shift');
  // The same file from one shift to the next: the processes have it mapped.
  const opened = openSync(file, 'w+');
  const shift = (ms: number) => void writeSync(opened, new BigInt64Array([BigInt(ms)]), 0, 8, 0);
  shift(0);
  return { env: { LD_PRELOAD: library, FEDCAR_CLOCK_FILE: file }, shift };
}

async function run({ site, budgetMs, random }: SoakContext): Promise<Found> {
  const until = Date.now() + budgetMs;
  const { env, shift } = shiftedClock(site.folder);
  const hub = await prepareHub(site, 'clock');
  const writer = new Writer({ path: `/collections/${COLLECTION}`, regions: REGIONS, random });
  const broken: string[] = [];
  let jumps = 0;
  await hub.kill();
  await hub.start(env);
  // Within a life workerd's clock never goes back: it stands until the time has come again.
  let furthest = 0;
  for (const jump of JUMPS) {
    if (jumps > 2 && Date.now() > until) break;
    await startRun(hub);
    await sleep(1_000 * random());
    shift(jump);
    furthest = Math.max(furthest, jump);
    hub.tick();
    for (let step = 0; step < STEPS; step++) await writer.step(hub.url);
    const off = (await clockOf(writer, hub.url, jumps)) - Date.now();
    if (!(off > jump - HOUR_MS / 2 && off < furthest + HOUR_MS / 2))
      broken.push(`the clock is off by ${Math.round(off / HOUR_MS)} h, not by ${jump / HOUR_MS} h`);
    jumps += 1;
    if (random() < 0.5) continue;
    await hub.kill();
    await hub.start(env);
    furthest = jump;
  }
  shift(0);
  await hub.kill();
  await hub.start();
  await writer.verify(hub.url);
  // A day that passes in a moment passes every deadline of a run, and one that begins before its questions arrived
  // reads none of them; none may last, and the next one goes well.
  const failed = await runsEnd(hub, LAST_RUN_MS);
  broken.push(
    ...failed.filter((line) => !/answered where|vanished|late|too few training queries/.test(line)),
  );
  await startRun(hub);
  const after = await runsEnd(hub, LAST_RUN_MS);
  broken.push(...after.filter((line) => !failed.includes(line)));
  await hub.kill();
  const note = `${jumps} jumps, ${failed.length} runs failed by their clock`;
  return { tally: writer.tally, broken: [...writer.unexpected, ...broken], note };
}

/** What the service takes for the time: that of a document just written. */
async function clockOf(writer: Writer, url: string, round: number): Promise<number> {
  await writer.ask(url, 'PUT', '/items/clock', { text: `Round ${round}` });
  const item = await writer.ask(url, 'GET', '/items/clock');
  return Number(item?.json.timestamp);
}
