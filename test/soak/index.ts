/**
 * `npm run test:soak`: a deployment in processes of its own, to which bad things happen for some minutes. At the end
 * stands what was acknowledged, what of it was lost or is there twice, and which answers were errors. Exits with 1 when a
 * promise was broken; what cannot be tried on a machine is skipped with a line. The seed repeats what was chosen, not how
 * processes interleave.
 */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '../../cli/seeded.ts';
import { table } from '../../cli/table.ts';
import { prepareSite, removeSite } from '../federation/processes.ts';
import { type Fault, type Found, NOTHING, type Tally } from './fault.ts';
import { artifact } from './faults/artifact.ts';
import { clock } from './faults/clock.ts';
import { fullDisk } from './faults/full-disk.ts';
import { kills } from './faults/kills.ts';
import { readOnly } from './faults/read-only.ts';
import { scrambled } from './faults/scrambled.ts';
import { parseSoakOptions } from './options.ts';

const FAULTS: readonly Fault[] = [kills, clock, fullDisk, readOnly, artifact, scrambled];

interface Report extends Tally {
  fault: string;
  skipped: string | null;
  note: string;
  broken: string[];
  seconds: number;
}

const say = (line: string) => void process.stderr.write(`${line}\n`);

async function tried(fault: Fault, work: () => Promise<Found>): Promise<Report> {
  const skipped = fault.impossible();
  const began = Date.now();
  if (skipped !== null) {
    say(`skipped: ${fault.name}: ${skipped}`);
    return { fault: fault.name, skipped, note: '', broken: [], seconds: 0, ...NOTHING };
  }
  say(`${fault.name} …`);
  const found = await work().catch(
    (error: Error): Found => ({ tally: { ...NOTHING }, broken: [error.stack ?? String(error)], note: '' }),
  );
  const seconds = Math.round((Date.now() - began) / 1000);
  for (const line of found.broken) say(`${fault.name}: BROKEN: ${line}`);
  return {
    fault: fault.name,
    skipped: null,
    note: found.note,
    broken: found.broken,
    seconds,
    ...found.tally,
  };
}

function print(reports: readonly Report[]): void {
  const head = ['', 's', 'acknowledged', 'lost', 'double', '5xx', 'storage_full', 'named', ''];
  const rows = reports.map((each) => [
    each.fault,
    String(each.seconds),
    ...[each.acknowledged, each.lost, each.double, each.unexpected, each.storageFull, each.named].map(String),
    each.skipped === null ? each.note : `skipped: ${each.skipped}`,
  ]);
  process.stdout.write(`\n${table([head, ...rows])}\n`);
}

const options = parseSoakOptions(
  process.argv.slice(2),
  FAULTS.map(({ name }) => name),
);
const faults = FAULTS.filter(({ name }) => options.faults?.includes(name) ?? true);
say(`seed ${options.seed}, ${options.minutes} min`);
const site = await prepareSite(await mkdtemp(join(tmpdir(), 'fedcar-soak-')));
const reports: Report[] = [];
try {
  const possible = faults.filter((fault) => fault.impossible() === null);
  const shares = possible.reduce((sum, { share }) => sum + share, 0);
  for (const [index, fault] of faults.entries()) {
    const budgetMs = (options.minutes * 60_000 * fault.share) / shares;
    const random = seeded(options.seed + index);
    reports.push(await tried(fault, () => fault.run({ site, budgetMs, random, say })));
  }
} finally {
  await removeSite(site);
}
const held = reports.every((each) => each.broken.length + each.lost + each.double + each.unexpected === 0);
if (options.json) process.stdout.write(`${JSON.stringify({ seed: options.seed, held, faults: reports })}\n`);
else print(reports);
process.exitCode = held ? 0 : 1;
