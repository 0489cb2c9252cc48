/** The database of one region, overwritten on disk: the other regions go on, and every failure names the broken one. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fault, Found, SoakContext } from '../fault.ts';
import { COLLECTION, prepareHub, REGIONS } from '../system.ts';
import { Writer } from '../writer.ts';

const STEPS = 30;
/** SQLite's page: the header stays, what follows is noise. */
const HEADER = 100;

export const scrambled: Fault = { name: 'scrambled', share: 1, impossible: () => null, run };

async function run({ site, random }: SoakContext): Promise<Found> {
  const broken: string[] = [];
  const hub = await prepareHub(site, 'scrambled');
  const sound = new Writer({ path: `/collections/${COLLECTION}`, regions: REGIONS, random });
  const regions = join(site.folder, 'scrambled');
  const state = await databases(regions);
  const victim = state.find(({ region }) => region)?.file;
  if (victim === undefined) throw new Error(`${regions} has no database of a region`);
  await hub.kill();
  const whole = await readFile(victim);
  const noise = Uint8Array.from(whole, (byte, place) => (place < HEADER ? byte : Math.floor(256 * random())));
  await writeFile(victim, noise);
  // What SQLite had not yet moved into the file would mend it.
  for (const beside of ['-wal', '-shm']) await rm(victim + beside, { force: true });
  await hub.start();
  for (let step = 0; step < STEPS; step++) await sound.step(hub.url);
  const list = await sound.ask(hub.url, 'GET', '/items');
  const errors = (list?.json.errors ?? []) as { region: string; code: string }[];
  if (list?.status !== 200 || errors.length !== 1 || errors[0]?.code !== 'region_failed')
    broken.push(`a list answered ${JSON.stringify(list)}`);
  const privacy = await sound.ask(hub.url, 'GET', '/privacy');
  if (privacy?.status !== 200) broken.push(`privacy answered ${JSON.stringify(privacy)}`);
  if (!hub.alive) broken.push('the process ended');
  await hub.kill();
  return { tally: sound.tally, broken: [...sound.unexpected, ...broken], note: 'one region of three' };
}

/** SQLite files below the state, those of regions told by their folder. */
async function databases(folder: string): Promise<{ file: string; region: boolean }[]> {
  const files = await readdir(folder, { recursive: true });
  return files
    .filter((name) => name.endsWith('.sqlite') && !name.includes('metadata'))
    .map((name) => ({ file: join(folder, name), region: /Region\//.test(name) }));
}
