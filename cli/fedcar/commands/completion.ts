/** `fedcar completion`: scripts that let a shell complete commands and flags, made from the tree of commands. */
import { Argument, type Command } from 'commander';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

export const completionCommand: Register = (program, bind) => {
  const command = program
    .command('completion')
    .description('print a script that completes commands and flags')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .action(
      bind(async (_, shell: 'bash' | 'zsh' | 'fish') => {
        const text = SCRIPTS[shell](wordsOf(program));
        return { json: { shell, script: text }, text: text.trimEnd(), verbatim: true };
      }),
    );
  withExamples(command, [
    ['completion bash > /etc/bash_completion.d/fedcar', 'or: source <(fedcar completion bash)'],
    ['completion fish > ~/.config/fish/completions/fedcar.fish', 'for fish'],
  ]);
};

interface Words {
  /** The commands before, such as `model show`; empty at the top. */
  path: string;
  /** Commands, or what an argument may be. */
  commands: { name: string; what: string }[];
  flags: string[];
}

/** What may follow each command. */
function wordsOf(command: Command, path: string[] = [], inherited: string[] = []): Words[] {
  const own = command.options.flatMap(({ long }) => (long == null ? [] : [long]));
  const global = path.length === 0 ? own : inherited;
  const commands = command.commands.map((inner) => ({ name: inner.name(), what: inner.description() }));
  const choices = command.registeredArguments.flatMap(({ argChoices = [], description }) =>
    argChoices.map((name) => ({ name, what: description })),
  );
  const flags = [...new Set([...own, ...inherited, '--help'])].sort();
  return [
    { path: path.join(' '), commands: [...commands, ...choices], flags },
    ...command.commands.flatMap((inner) => wordsOf(inner, [...path, inner.name()], global)),
  ];
}

const SCRIPTS: Record<'bash' | 'zsh' | 'fish', (words: Words[]) => string> = { bash, zsh, fish };

/** Walks over the words so far, dropping flags, to the longest command that they name. */
const WALK = (words: Words[]) => `  local path="" word
  for word in "\${before[@]}"; do
    case "$path $word" in
${words
  .filter(({ path }) => path !== '')
  .map(({ path }) => {
    const steps = path.split(' ');
    return `      "${steps.slice(0, -1).join(' ')} ${steps.at(-1)}") path="${path}" ;;`;
  })
  .join('\n')}
    esac
  done`;

const CHOICES = (words: Words[], indent: string) =>
  words
    .map(({ path, commands, flags }) => {
      const names = commands.map(({ name }) => name).join(' ');
      return `${indent}"${path}") commands="${names}"; flags="${flags.join(' ')}" ;;`;
    })
    .join('\n');

function bash(words: Words[]): string {
  return `# fedcar completion for bash
_fedcar() {
  local current="\${COMP_WORDS[COMP_CWORD]}" commands="" flags=""
  local before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
${WALK(words)}
  case "$path" in
${CHOICES(words, '    ')}
  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ -n "$commands" ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  fi
}
complete -o default -F _fedcar fedcar
`;
}

function zsh(words: Words[]): string {
  return (
    `#compdef fedcar
# fedcar completion for zsh
_fedcar() {
  local commands="" flags=""
  local -a before
  before=("\${(@)words[2,CURRENT-1]}")
${WALK(words)}
  case "$path_" in
${CHOICES(words, '    ')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    compadd -- \${(s: :)flags}
  elif [[ -n "$commands" ]]; then
    compadd -- \${(s: :)commands}
  else
    _files
  fi
}
if [[ "$funcstack[1]" == "_fedcar" ]]; then _fedcar "$@"; else compdef _fedcar fedcar; fi
`
      // zsh ties the name \`path\` to PATH.
      .replace('local path="" word', 'local path_="" word')
      .replace('case "$path $word" in', 'case "$path_ $word" in')
      .replace(/\) path="/g, ') path_="')
  );
}

function fish(words: Words[]): string {
  const quoted = (text: string) => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
  const lines = words.flatMap(({ path, commands, flags }) => {
    const here = `-n ${quoted(`__fedcar_at ${path}`.trim())}`;
    return [
      ...commands.map(({ name, what }) => `complete -c fedcar -f ${here} -a ${name} -d ${quoted(what)}`),
      ...flags.map((flag) => `complete -c fedcar ${here} -l ${flag.slice(2)}`),
    ];
  });
  const known = [...new Set(words.flatMap(({ commands }) => commands.map(({ name }) => name)))].join(' ');
  return `# fedcar completion for fish
function __fedcar_at
  set -l path
  for word in (commandline -opc)[2..-1]
    if contains -- $word ${known}
      set -a path $word
    end
  end
  test "$path" = "$argv"
end
${lines.join('\n')}
`;
}
