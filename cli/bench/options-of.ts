/** What the command lines of benches that print a report have in common. */
import type { Command } from 'commander';

/** @throws CommanderError for a wrong flag, which commander has named on standard error by then, and for `--help` */
export function optionsOf<T extends object>(command: Command, args: string[]): T {
  return command
    .option('--json', 'one JSON object as the last line of standard output', false)
    .exitOverride()
    .parse(args, { from: 'user' })
    .opts<T>();
}
