/** `fedcar encoder import`: an encoder for other languages or purposes, from a folder of weights to `models/`. */
import { type ImportFlags, importEncoder, withImportFlags } from '../../model-import.ts';
import type { Context, Shown } from '../context.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

export const encoderCommands: Register = (program, bind) => {
  const encoder = program.command('encoder').description('encoders beside the shipped one');
  const importing = withImportFlags(encoder.command('import')).action(
    bind((context, directory: string, flags: ImportFlags) => imported(context, directory, flags)),
  );
  withExamples(importing, [
    [
      'encoder import multilingual-e5-small --name multilingual --languages de,ja --vocabulary 40000',
      'models/multilingual',
    ],
  ]);
};

async function imported(context: Context, directory: string, flags: ImportFlags): Promise<Shown> {
  return await context.change({ what: `import ${directory}` }, async () => {
    const { folder, manifest, lines } = await importEncoder(context.io.cwd, directory, flags);
    const { name, languages = null, maxTokens: max_tokens, vocabulary, files } = manifest;
    return {
      json: { folder, name, languages, max_tokens, vocabulary, files },
      text: lines.join('\n'),
    };
  });
}
