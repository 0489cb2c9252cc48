/** `bench secagg`: what secure aggregation costs a participant and the coordinator, and how that grows. */
import { parseArgs } from 'node:util';
import { measureRound, type RoundCase, summarise } from './secagg-round.ts';

/** Masks and shares grow with the members, vectors only with the dimension: short ones show the former. */
const GROWTH_DIMENSION = 16_384;
const GROWTH_CLIENTS = [8, 16, 32, 64, 128, 256, 512];

type Summary = ReturnType<typeof summarise>;

function natural(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(`--${name}: expected a whole number of at least ${least}, got ${text}`);
  }
  return value;
}

async function measure(round: RoundCase): Promise<Summary> {
  return summarise(round, await measureRound(round));
}

function print(summary: Summary): void {
  const { client_phase_ms: phases } = summary;
  const parts = Object.entries(phases).map(([phase, ms]) => `${phase} ${ms}`);
  console.log(
    `${summary.clients} clients (${summary.graph}, ${summary.neighbours} neighbours), ` +
      `${summary.dimension} coordinates, ${summary.dropped} dropped: ` +
      `client ${summary.client_total_ms} ms CPU (${parts.join(', ')}), ` +
      `server unmask ${summary.server_unmask_ms} ms, ` +
      `${summary.client_bytes_up} bytes up, ${summary.client_bytes_down} down`,
  );
}

/** With `--json` the last line of standard output is one JSON object; `growth` holds the same figures by size. */
export async function benchSecagg(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      clients: { type: 'string', default: '32' },
      dim: { type: 'string', default: '177408' },
      drop: { type: 'string', default: '8' },
      'complete-up-to': { type: 'string', default: '100' },
      growth: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const clients = natural('clients', values.clients, 3);
  const dimension = natural('dim', values.dim, 1);
  const drop = natural('drop', values.drop, 0);
  const completeUpTo = natural('complete-up-to', values['complete-up-to'], 2);
  // The first round compiles; the second is measured.
  await measureRound({ clients: 8, dimension: 4096, drop: 1, completeUpTo });
  const main = await measure({ clients, dimension, drop, completeUpTo });
  if (!values.json) print(main);
  const growth: Summary[] = [];
  if (values.growth) {
    for (const size of GROWTH_CLIENTS) {
      const round = { clients: size, dimension: GROWTH_DIMENSION, drop: Math.floor(size / 8), completeUpTo };
      const summary = await measure(round);
      growth.push(summary);
      if (!values.json) print(summary);
    }
  }
  if (values.json) console.log(JSON.stringify({ ...main, ...(values.growth && { growth }) }));
}
