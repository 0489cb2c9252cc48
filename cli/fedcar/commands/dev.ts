/** `fedcar dev`: the whole service on this machine, without a token, until it is interrupted. */
import { resolve } from 'node:path';
import { whole } from '../../bench/accuracy-options.ts';
import type { Context, Shown } from '../context.ts';
import { UsageError } from '../failure.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';

interface Options {
  host: string;
  port: number;
  state: string;
}

const HERE = '127.0.0.1';
/** Stands in for the platform's cron; it also sets alarms again that a restart lost. */
const CRON_MS = 60_000;

export const devCommand: Register = (program, bind) => {
  const command = program
    .command('dev')
    .description('run the service on this machine; it needs no account and no token')
    .option('--host <address>', 'where it listens; others than this machine need FEDCAR_ADMIN_TOKEN', HERE)
    .option('--port <n>', 'its port; 0 takes a free one', whole(0, 65_535), 8787)
    .option('--state <folder>', 'folder of what is kept', '.fedcar/dev')
    .action(bind((context, options: Options) => dev(context, options)));
  withExamples(command, [['dev --port 9000 --state /tmp/try', 'a service to try things on']]);
};

async function dev(context: Context, { host, port, state }: Options): Promise<Shown | undefined> {
  if (context.flags.env !== undefined)
    throw new UsageError('--env names a deployment; dev runs what stands at the top of the configuration');
  const secret = context.io.env.FEDCAR_ADMIN_TOKEN?.trim();
  if (host !== HERE && !secret)
    throw new UsageError(`--host ${host}: others can reach it, so FEDCAR_ADMIN_TOKEN has to be set`);
  if (context.flags.dryRun) {
    const would = `serve ${context.config} on ${host}, port ${port}, with its state in ${resolve(context.io.cwd, state)}`;
    return { json: { dry_run: true, would }, text: `would ${would}` };
  }
  const { startDeployment } = await import('../../deployment.ts');
  const { io, config } = context;
  const ended = io.interrupted();
  const deployment = await startDeployment({
    folder: resolve(io.cwd, state),
    host,
    port,
    config,
    ...(secret ? { variables: { FEDCAR_ADMIN_TOKEN: secret } } : {}),
    say: (line) => context.say(line),
    endsOnSignals: false,
  });
  const cron = setInterval(
    () => void deployment.tick().catch((error: unknown) => context.say(String(error))),
    CRON_MS,
  );
  try {
    await deployment.tick();
    if (context.flags.json)
      io.stdout.write(`${JSON.stringify({ url: deployment.url, log: deployment.logFile })}\n`);
    else io.stdout.write(`${deployment.url} (Ctrl-C ends it; the log is in ${deployment.logFile})\n`);
    const failure = await Promise.race([ended, deployment.failed]);
    if (failure instanceof Error) throw failure;
  } finally {
    clearInterval(cron);
    await deployment.stop();
  }
  return undefined;
}
