/** An encoder's artifact of which half is missing: what needs it is refused by name, everything else goes on. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fault, Found, SoakContext } from '../fault.ts';
import { COLLECTION, prepareHub, REGIONS } from '../system.ts';
import { Writer } from '../writer.ts';

const STEPS = 20;

export const artifact: Fault = { name: 'artifact', share: 1, impossible: () => null, run };

async function run({ site, random }: SoakContext): Promise<Found> {
  const broken: string[] = [];
  const hub = await prepareHub(site, 'artifact');
  const writer = new Writer({ path: `/collections/${COLLECTION}`, regions: REGIONS, random });
  for (let step = 0; step < STEPS; step++) await writer.step(hub.url);
  await hub.kill();
  const file = await largest(site.model);
  const whole = await readFile(file);
  try {
    await writeFile(file, whole.subarray(0, whole.length / 2));
    await hub.start();
    const search = await writer.ask(hub.url, 'POST', '/search', { query: 'parcels' });
    if (search?.json.code !== 'encoder_failed') broken.push(`a search answered ${JSON.stringify(search)}`);
    const list = await writer.ask(hub.url, 'GET', '/items');
    if (list?.status !== 200) broken.push(`documents cannot be listed: ${JSON.stringify(list)}`);
    for (let step = 0; step < STEPS; step++) await writer.step(hub.url);
    await hub.kill();
  } finally {
    await writeFile(file, whole);
  }
  await hub.start();
  await writer.verify(hub.url);
  await hub.kill();
  return { tally: writer.tally, broken: [...writer.unexpected, ...broken], note: 'half of a file' };
}

async function largest(folder: string): Promise<string> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => ({ name, size: (await stat(join(folder, name))).size })),
  );
  const data = files.filter(({ name }) => name !== 'manifest.json').sort((a, b) => b.size - a.size);
  return join(folder, data[0]!.name);
}
