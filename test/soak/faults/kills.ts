/** SIGKILL to Node and workerd at random moments of uploads, deletions, feedback, runs and their secure sums. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, Found, SoakContext } from '../fault.ts';
import { COLLECTION, prepareHub, REGIONS, runsEnd, startRun } from '../system.ts';
import { Writer } from '../writer.ts';

/** Writers at a time. */
const WRITERS = 3;
/** Looking for everything takes its own part of the time. */
const LAST_PART = 0.75;

export const kills: Fault = {
  name: 'kills',
  share: 5,
  impossible: () => null,
  run,
};

async function run({ site, budgetMs, random, say }: SoakContext): Promise<Found> {
  const until = Date.now() + budgetMs * LAST_PART;
  const hub = await prepareHub(site, 'kills');
  const writer = new Writer({ path: `/collections/${COLLECTION}`, regions: REGIONS, random });
  let count = 0;
  do {
    await startRun(hub);
    hub.tick();
    let living = true;
    const writing = Array.from({ length: WRITERS }, async () => {
      while (living) if (!(await writer.step(hub.url))) await sleep(20);
    });
    await sleep(300 + 3_000 * random());
    // Workerd alone, and Node with it, by turns.
    if (random() < 0.5) hub.killRuntime();
    else await hub.kill();
    await sleep(100 * random());
    await hub.kill();
    living = false;
    await Promise.all(writing);
    count += 1;
    await hub.start();
  } while (Date.now() < until);
  say(`kills: ${count}, looking for what was acknowledged`);
  await writer.verify(hub.url);
  const broken = (await runsEnd(hub, Math.max(30_000, budgetMs))).filter((line) => !/cancelled/.test(line));
  await hub.kill();
  return { tally: writer.tally, broken: [...writer.unexpected, ...broken], note: `${count} kills` };
}
