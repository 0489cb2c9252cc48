/** The `fedcar` command from its arguments to its exit status: 0 done, 1 failed, 2 the command line was wrong. */
import { CommanderError } from 'commander';
import { pc } from '../colours.ts';
import { reflow, widthOf } from '../terminal-text.ts';
import { describeFailure } from './failure.ts';
import { type Io, processIo } from './io.ts';
import { makeProgram } from './program.ts';

/** @param args without the names of Node and of the script. */
export async function main(args: string[], io: Io = processIo()): Promise<number> {
  // Benches parse their own flags, some of which bear the names of ours.
  if (args[0] === 'bench') {
    const { runBench } = await import('../bench/index.ts');
    return await runBench(args.slice(1), 'fedcar bench');
  }
  let exit = 0;
  const json = args.includes('--json');
  const program = makeProgram(
    io,
    (status) => {
      exit = status;
    },
    json ? () => {} : undefined,
  );
  try {
    await program.parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      if (json) io.stderr.write(`${JSON.stringify({ error: { code: 'usage', detail: detailOf(error) } })}\n`);
      return 2;
    }
    const { exit: status, ...failure } = describeFailure(error);
    io.stderr.write(
      json ? `${JSON.stringify({ error: failure })}\n` : `${reflow(lineOf(failure), widthOf(io.stderr))}\n`,
    );
    return status;
  }
}

/** Without the word that the key `error` says already; help has no message of its own. */
function detailOf({ code, message }: CommanderError): string {
  if (code === 'commander.help') return 'a command is missing; --help lists them';
  return message.replace(/^error: /, '');
}

function lineOf({ detail, code, request_id }: Omit<ReturnType<typeof describeFailure>, 'exit'>): string {
  const own = ['failed', 'usage', 'bug'].includes(code);
  const named = own ? '' : ` [${code}${request_id === undefined ? '' : `, request ${request_id}`}]`;
  return `${pc.red('error:')} ${detail}${named}`;
}
