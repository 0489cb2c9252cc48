/** Help with examples: a command's last paragraph. */
import type { Command } from 'commander';

/** @param examples each a command line without `fedcar`, and what it does */
export function withExamples(command: Command, examples: [line: string, what: string][]): Command {
  const longest = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  fedcar ${line.padEnd(longest)}  # ${what}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
