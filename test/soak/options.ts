/** Flags of `npm run test:soak`. */
import { Command } from 'commander';
import { whole } from '../../cli/bench/accuracy-options.ts';

export interface SoakOptions {
  minutes: number;
  seed: number;
  json: boolean;
  faults?: string[];
}

/** @param names of the faults there are */
export function parseSoakOptions(args: string[], names: readonly string[]): SoakOptions {
  const list = (text: string) => text.split(',').map((name) => name.trim());
  const command = new Command('npm run test:soak --')
    .description(
      'Real processes that are killed, starved and damaged; exits with 1 when a promise was broken.',
    )
    .option('--minutes <n>', 'about how long, for all faults together', whole(1, 24 * 60), 2)
    .option('--seed <n>', 'of what happens when; a run prints its own', whole(0, 2 ** 32 - 1))
    .option('--faults <names>', `only these: ${names.join(', ')}`, list)
    .option('--json', 'one JSON document on standard output', false)
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    });
  const given = command.parse(args, { from: 'user' }).opts<Partial<SoakOptions>>();
  const unknown = given.faults?.find((name) => !names.includes(name));
  if (unknown !== undefined) command.error(`error: --faults: ${unknown} is none of ${names.join(', ')}`);
  const seed = given.seed ?? (crypto.getRandomValues(new Uint32Array(1))[0] as number);
  return { minutes: 2, json: false, ...given, seed };
}
