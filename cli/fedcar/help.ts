/** Help with examples: a command's last paragraph. */
import type { Command } from 'commander';

/** @param examples each a command line without `fedcar`, and what it does */
export function withExamples(command: Command, examples: [line: string, what: string][]): Command {
  const longest = Math.max(...examples.map(([line]) => line.length));
  const widest = Math.max(...examples.map(([, what]) => '  fedcar   # '.length + longest + what.length));
  return command.addHelpText('after', () => {
    // Where there is no room beside a line, what it does stands below it.
    const isNarrow = (command.configureHelp().helpWidth ?? widest) < Math.min(widest, WIDE);
    const lines = examples.map(([line, what]) =>
      isNarrow ? `  fedcar ${line}\n      # ${what}` : `  fedcar ${line.padEnd(longest)}  # ${what}`,
    );
    return `\nExamples:\n${lines.join('\n')}`;
  });
}

/** Columns from which on what an example does stands beside it, however long the lines are. */
const WIDE = 100;
