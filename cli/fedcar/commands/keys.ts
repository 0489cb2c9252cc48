/** `fedcar keys`: Ed25519 keys in files, and the short names by which people compare them. */
import { resolve } from 'node:path';
import type { Context, Shown } from '../context.ts';
import { withExamples } from '../help.ts';
import { type KeptKey, makeKey, readKey } from '../key-file.ts';
import type { Register } from '../program.ts';

export const keyCommands: Register = (program, bind) => {
  const keys = program.command('keys').description('keys that sign rosters');
  const create = keys
    .command('new')
    .description('make a key; its file is all there is of it')
    .argument('<file>', 'a file that does not exist yet')
    .action(bind((context, file: string) => make(context, file)));
  withExamples(create, [['keys new admin.key', 'then: fedcar participants use-key admin.key']]);
  const showing = keys
    .command('show')
    .description('the public key and its fingerprint')
    .argument('<file>', 'what keys new made')
    .action(bind(async (context, file: string) => shown(await readKey(resolve(context.io.cwd, file)))));
  withExamples(showing, [['keys show admin.key', 'the fingerprint to give to participants']]);
};

async function make(context: Context, file: string): Promise<Shown> {
  return await context.change({ what: `make a key in ${file}` }, async () =>
    shown(await makeKey(resolve(context.io.cwd, file))),
  );
}

function shown({ key, fingerprint }: KeptKey): Shown {
  return { json: { key, fingerprint }, text: `fingerprint ${fingerprint}\npublic key  ${key}` };
}
