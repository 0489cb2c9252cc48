/** Clocks that jump by hours and days, forth and back, between one life and the next: what libfaketime can do. */
import { existsSync } from 'node:fs';
import type { Fault, Found, SoakContext } from '../fault.ts';
import { COLLECTION, prepareHub, REGIONS, runsEnd, startRun } from '../system.ts';
import { Writer } from '../writer.ts';

const LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/faketime/libfaketimeMT.so.1',
  '/usr/local/lib/faketime/libfaketimeMT.so.1',
];
const JUMPS = ['+3h', '-2h', '+1d', '-1d', '+0'];
const STEPS = 15;

const library = () => LIBRARIES.find((path) => existsSync(path));

export const clock: Fault = {
  name: 'clock',
  share: 1,
  impossible: () => (library() === undefined ? 'libfaketime is not installed' : null),
  run,
};

async function run({ site, budgetMs, random }: SoakContext): Promise<Found> {
  const until = Date.now() + budgetMs;
  const hub = await prepareHub(site, 'clock');
  const writer = new Writer({ path: `/collections/${COLLECTION}`, regions: REGIONS, random });
  let jumps = 0;
  for (const jump of JUMPS) {
    if (jumps > 1 && Date.now() > until) break;
    await hub.kill();
    await hub.start({ LD_PRELOAD: library(), FAKETIME: jump, FAKETIME_DONT_RESET: '1' });
    await startRun(hub);
    hub.tick();
    for (let step = 0; step < STEPS; step++) await writer.step(hub.url);
    jumps += 1;
  }
  await hub.kill();
  await hub.start();
  await writer.verify(hub.url);
  const broken = await runsEnd(hub, 60_000);
  await hub.kill();
  return { tally: writer.tally, broken: [...writer.unexpected, ...broken], note: `${jumps} jumps` };
}
