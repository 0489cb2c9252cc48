/** A disk that fills up under the state, and gets room again. Writes are refused by name, reads go on, nothing ends. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fault, Found, SoakContext } from '../fault.ts';
import { COLLECTION, prepareHub, REGIONS } from '../system.ts';
import { Writer } from '../writer.ts';
import { cannotMount, mountSmall, unmount } from './mounts.ts';

const DISK_MB = 12;
const STEPS = 40;

export const fullDisk: Fault = { name: 'full-disk', share: 1, impossible: cannotMount, run };

async function run({ site, random }: SoakContext): Promise<Found> {
  const disk = join(site.folder, 'full-disk');
  await mountSmall(disk, DISK_MB);
  const broken: string[] = [];
  try {
    const hub = await prepareHub(site, 'full-disk');
    const writer = new Writer({ path: `/collections/${COLLECTION}`, regions: REGIONS, random });
    for (let step = 0; step < STEPS; step++) await writer.step(hub.url);
    await fill(join(disk, 'filler'));
    for (let step = 0; step < STEPS; step++) await writer.step(hub.url);
    if (writer.tally.storageFull === 0) broken.push('nothing was refused with storage_full');
    if (writer.tally.named > 0)
      broken.push(`${writer.tally.named} refusals did not say that the storage is full`);
    if (!hub.alive) broken.push('the process ended');
    const list = await writer.ask(hub.url, 'GET', '/items');
    if (list?.status !== 200)
      broken.push(`documents cannot be listed on a full disk: ${JSON.stringify(list)}`);
    await rm(join(disk, 'filler'));
    for (let step = 0; step < STEPS; step++) await writer.step(hub.url);
    await hub.kill();
    await hub.start();
    await writer.verify(hub.url);
    await hub.kill();
    return { tally: writer.tally, broken: [...writer.unexpected, ...broken], note: `${DISK_MB} MB` };
  } finally {
    unmount(disk);
  }
}

/** Takes what is left, to the last block. */
async function fill(file: string): Promise<void> {
  for (const size of [1 << 20, 1 << 16, 1 << 12]) {
    for (;;) {
      const full = await writeFile(file, Buffer.alloc(size), { flag: 'a' }).then(
        () => false,
        () => true,
      );
      if (full) break;
    }
  }
}
