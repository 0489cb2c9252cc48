/** A state that can be read and not written: what is there is answered, writes are refused by name, nothing ends. */
import { join } from 'node:path';
import type { Fault, Found, SoakContext } from '../fault.ts';
import { COLLECTION, prepareHub, REGIONS } from '../system.ts';
import { Writer } from '../writer.ts';
import { cannotMount, mountSmall, remount, unmount } from './mounts.ts';

const STEPS = 30;

export const readOnly: Fault = { name: 'read-only', share: 1, impossible: cannotMount, run };

async function run({ site, random }: SoakContext): Promise<Found> {
  const disk = join(site.folder, 'read-only');
  await mountSmall(disk, 64);
  const broken: string[] = [];
  try {
    const hub = await prepareHub(site, 'read-only');
    const writer = new Writer({ path: `/collections/${COLLECTION}`, regions: REGIONS, random });
    for (let step = 0; step < STEPS; step++) await writer.step(hub.url);
    await hub.kill();
    if (!remount(disk, 'ro')) return { tally: writer.tally, broken, note: 'it could not be made read-only' };
    await hub.start();
    const before = writer.tally.acknowledged;
    for (let step = 0; step < STEPS; step++) await writer.step(hub.url);
    if (!hub.alive) broken.push('the process ended');
    await hub.kill();
    remount(disk, 'rw');
    await hub.start();
    await writer.verify(hub.url);
    await hub.kill();
    const note = `${writer.tally.acknowledged - before} acknowledged while read-only`;
    return { tally: writer.tally, broken: [...writer.unexpected, ...broken], note };
  } finally {
    unmount(disk);
  }
}
