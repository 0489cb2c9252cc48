/** The tree of commands with its global flags. Every command lives in a file of its own in commands/. */
import { type Argument, Command, Option } from 'commander';
import { joinCommand } from '../participant/join-command.ts';
import { widthOf } from '../terminal-text.ts';
import { askCommand } from './commands/ask.ts';
import { collectionCommands } from './commands/collections.ts';
import { completionCommand } from './commands/completion.ts';
import { deployCommand } from './commands/deploy.ts';
import { devCommand } from './commands/dev.ts';
import { doctorCommand } from './commands/doctor.ts';
import { encoderCommands } from './commands/encoder.ts';
import { evalCommand } from './commands/eval.ts';
import { evaluationCommands } from './commands/evaluation.ts';
import { exportCommand } from './commands/export.ts';
import { feedbackCommands } from './commands/feedback.ts';
import { ingestCommand } from './commands/ingest.ts';
import { initCommand } from './commands/init.ts';
import { keyCommands } from './commands/keys.ts';
import { modelCommands } from './commands/model.ts';
import { participantCommands } from './commands/participants.ts';
import { privacyCommands } from './commands/privacy.ts';
import { queryCommand } from './commands/query.ts';
import { tokenCommands } from './commands/tokens.ts';
import { trainCommands } from './commands/train.ts';
import { Context, type GlobalFlags, type Shown } from './context.ts';
import type { Io } from './io.ts';
import { VERSION } from './version.ts';

/** A command's work as commander calls it: with its arguments, then its options. */
export type Bind = <A extends unknown[]>(
  work: (context: Context, ...args: A) => Promise<Shown | undefined>,
) => (this: Command, ...args: A) => Promise<void>;

/** Adds commands to a program. */
export type Register = (program: Command, bind: Bind) => void;

const GROUPS: [string, Register[]][] = [
  ['Set up:', [initCommand, deployCommand, devCommand, doctorCommand, encoderCommands, completionCommand]],
  [
    'Documents and questions:',
    [ingestCommand, exportCommand, feedbackCommands, queryCommand, askCommand, evalCommand],
  ],
  ['Training:', [trainCommands, modelCommands, evaluationCommands, privacyCommands, joinCommand]],
  ['Administration:', [collectionCommands, tokenCommands, participantCommands, keyCommands]],
];

/** @param complain hears what is wrong with a command line, and the help that follows from it */
export function makeProgram(
  io: Io,
  exit: (status: number) => void,
  complain: (text: string) => void = (text) => void io.stderr.write(text),
): Command {
  const program = new Command('fedcar')
    .description(
      'Retrieval for question answering that learns from every region without moving its questions.',
    )
    .usage('<command> [flags]')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .configureHelp({
      showGlobalOptions: true,
      helpWidth: Math.min(100, widthOf(io.stdout)),
      minWidthToWrap: 20,
      // A flag that is off unless given needs no word about it.
      optionDescription: ({ description, defaultValue }) =>
        [undefined, false, true].includes(defaultValue) || Array.isArray(defaultValue)
          ? description
          : `${description} (default: ${defaultValue})`,
      subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentOf)].join(' '),
    })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: complain,
    })
    .showSuggestionAfterError()
    .showHelpAfterError('--help says what there is')
    .exitOverride()
    .addOption(new Option('-c, --collection <name>', 'the collection (default: default)'))
    .option('--url <address>', 'the service; else FEDCAR_URL, else the deployment of --env')
    .option('--token <token>', 'bearer token; else FEDCAR_TOKEN')
    .option('-e, --env <name>', 'environment of wrangler.toml, such as staging')
    .option('--config <file>', 'wrangler.toml to use')
    .option('--json', 'one JSON document on standard output', false)
    .option('--dry-run', 'say what would be changed, change nothing', false)
    .option('-y, --yes', 'do not ask', false);
  const bind: Bind = (work) =>
    async function (this, ...args) {
      const context = new Context(io, this.optsWithGlobals<GlobalFlags>());
      const shown = await work(context, ...args);
      if (shown === undefined) return;
      const text = context.flags.json ? JSON.stringify(shown.json) : context.spelled(shown);
      if (text !== '') io.stdout.write(`${text}\n`);
      exit(shown.exit ?? 0);
    };
  for (const [heading, registers] of GROUPS) {
    program.commandsGroup(heading);
    for (const register of registers) register(program, bind);
  }
  program.commandsGroup('Measuring:');
  program
    .command('bench')
    .description('benches; fedcar bench alone lists them')
    .argument('[name]', 'a bench');
  for (const command of program.commands) finish(command);
  return program;
}

function argumentOf(argument: Argument): string {
  const name = argument.name() + (argument.variadic ? '...' : '');
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** A word that only groups commands shows them when it is called alone. */
function finish(command: Command): void {
  command.helpCommand(false);
  for (const inner of command.commands) finish(inner);
}
