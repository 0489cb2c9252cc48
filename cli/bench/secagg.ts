/** `bench secagg`: what secure aggregation costs a participant and the coordinator, and how that grows. */
import { Command } from 'commander';
import { whole } from './accuracy-options.ts';
import { optionsOf } from './options-of.ts';
import { measureRound, type RoundCase, summarise } from './secagg-round.ts';

/** Masks and shares grow with the members, vectors only with the dimension: short ones show the former. */
const GROWTH_DIMENSION = 16_384;
const GROWTH_CLIENTS = [8, 16, 32, 64, 128, 256, 512];

type Summary = ReturnType<typeof summarise>;

interface Options {
  clients: number;
  dim: number;
  bits: number;
  drop: number;
  noise: number;
  completeUpTo: number;
  growth: boolean;
  json: boolean;
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
      `server ${summary.server_total_ms} ms CPU (unmask ${summary.server_unmask_ms}), ` +
      `${summary.client_bytes_up} bytes up, ${summary.client_bytes_down} down`,
  );
}

/** With `--json` the last line of standard output is one JSON object; `growth` holds the same figures by size. */
export async function benchSecagg(args: string[]): Promise<void> {
  const {
    clients,
    dim: dimension,
    bits,
    drop,
    noise,
    completeUpTo,
    ...options
  } = optionsOf<Options>(
    new Command('bench secagg')
      .description(
        'Time and bytes of one round of secure aggregation, with as many participants as this process holds.',
      )
      .option('--clients <n>', 'participants', whole(3), 32)
      .option('--dim <n>', 'coordinates of a vector', whole(1), 177_408)
      .option('--bits <b>', 'bits of a coordinate, 8 to 32', whole(8, 32), 32)
      .option('--drop <n>', 'participants who leave after sharing their keys', whole(0), 8)
      .option('--noise <z>', 'with surplus noise of this multiplier', Number, 0)
      .option('--complete-up-to <n>', 'more participants than these form a sparse graph', whole(2), 100)
      .option('--growth', 'the same with 8 to 512 participants', false),
    args,
  );
  // The first round compiles; the second is measured.
  await measureRound({ clients: 8, dimension: 4096, bits, drop: 1, completeUpTo });
  const main = await measure({ clients, dimension, bits, drop, completeUpTo, noise });
  if (!options.json) print(main);
  const growth: Summary[] = [];
  if (options.growth) {
    for (const size of GROWTH_CLIENTS) {
      const growing = { clients: size, dimension: GROWTH_DIMENSION, bits, drop: Math.floor(size / 8) };
      const round = { ...growing, noise, completeUpTo };
      const summary = await measure(round);
      growth.push(summary);
      if (!options.json) print(summary);
    }
  }
  if (options.json) console.log(JSON.stringify({ ...main, ...(options.growth && { growth }) }));
}
