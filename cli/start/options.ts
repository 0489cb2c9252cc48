/** Flags of `npm start`. */
import { Command } from 'commander';
import { whole } from '../bench/accuracy-options.ts';

export interface StartOptions {
  dataset?: string;
  withhold?: string;
  port: number;
  state?: string;
  once: boolean;
  /** Undefined: on for the samples, off for other data. */
  noise?: boolean;
}

export function parseStartOptions(args: string[]): StartOptions {
  const command = new Command('npm start --')
    .description('Run the whole system on this machine: ingest, train over the regions, compare, answer.')
    .option('--dataset <dir>', 'a BEIR folder instead of the samples')
    .option('--withhold <file>', 'documents of DIR whose training questions are left out, one id a line')
    .option('--port <n>', 'port on 127.0.0.1', whole(1, 65_535), 8787)
    .option('--state <dir>', 'folder of what is kept (default: .fedcar/start/NAME, after data and noise)')
    .option('--noise', 'train with differential privacy (default for the samples)')
    .option('--no-noise', 'train without: adapter and head, which takes long (default for --dataset)')
    .option('--once', 'end after the table instead of staying up', false)
    .exitOverride((error) => {
      process.exit(error.exitCode === 0 ? 0 : 2);
    });
  return command.parse(args, { from: 'user' }).opts<StartOptions>();
}
