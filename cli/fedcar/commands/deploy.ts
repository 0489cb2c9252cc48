/** `fedcar deploy`: the Worker, its objects and its one secret, on Cloudflare. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { table } from '../../table.ts';
import { runWrangler, type WranglerOptions } from '../../wrangler.ts';
import type { Context, Shown } from '../context.ts';
import type { DeployPlan } from '../deploy-plan.ts';
import { Failure } from '../failure.ts';
import { bytes } from '../format.ts';
import { withExamples } from '../help.ts';
import type { Register } from '../program.ts';
import { keepUrl } from '../target.ts';

interface Options {
  rotateSecret?: boolean;
  wait: boolean;
}

/** How long a new deployment may take to answer everywhere. */
const READY_TRIES = 20;
const READY_WAIT_MS = 3000;

export const deployCommand: Register = (program, bind) => {
  const command = program
    .command('deploy')
    .description('deploy to Cloudflare, which needs Workers Paid; nothing has to be created before')
    .option('--rotate-secret', 'make a new admin token; the old one is good for nothing any more')
    .option('--no-wait', 'do not wait until it answers')
    .action(bind((context, options: Options) => deploy(context, options)));
  withExamples(command, [
    ['deploy --dry-run', 'what would be made, with sizes'],
    ['deploy --env production', 'prints the address, and the admin token once'],
  ]);
};

async function deploy(context: Context, options: Options): Promise<Shown> {
  const { config } = context;
  const { planDeployment } = await import('../deploy-plan.ts');
  const plan = await planDeployment(config, context.flags.env, context.flags.dryRun);
  if (context.flags.dryRun) {
    return {
      json: { dry_run: true, ...plan },
      text: (width) => describe(plan, width),
      exit: plan.problems.length > 0 ? 1 : 0,
    };
  }
  if (plan.problems.length > 0) throw new Failure(`nothing was deployed:\n${plan.problems.join('\n')}`);
  const what = `deploy ${plan.worker} to Cloudflare (this needs a Workers Paid plan)`;
  return await context.change({ what, confirm: true }, () => carryOut(context, plan, options));
}

async function carryOut(context: Context, plan: DeployPlan, options: Options): Promise<Shown> {
  const url = await upload(context);
  const token = options.rotateSecret || !(await hasSecret(context)) ? await makeSecret(context) : null;
  if (url !== null) await keepUrl(context.io, context.flags, url);
  const state = url === null || !options.wait ? null : await readiness(url);
  if (state !== null && state !== 'ok') context.say(`${url}/readyz does not say ok yet: ${state}`);
  const said = [
    url === null ? `${plan.worker} is deployed` : `${plan.worker}: ${url}`,
    ...(token === null ? [] : ['', 'The admin token, shown this once; keep it in FEDCAR_TOKEN:', token]),
  ];
  const json = {
    worker: plan.worker,
    url,
    ready: state === 'ok',
    ...(token === null ? {} : { admin_token: token }),
  };
  return { json, text: said.join('\n') };
}

/** @returns the address, null when the configuration gives it none */
async function upload(context: Context): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'fedcar-deploy-'));
  try {
    const report = join(folder, 'wrangler.ndjson');
    await wrangler(context, ['deploy'], { env: { WRANGLER_OUTPUT_FILE_PATH: report } });
    const lines = (await readFile(report, 'utf8')).trim().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as { type: string; targets?: string[] });
    const targets = entries.find(({ type }) => type === 'deploy')?.targets ?? [];
    const address = targets
      .map((target) => /^(?:https?:\/\/)?([\w.-]+\.\w+)\/?$/.exec(target)?.[1])
      .find(Boolean);
    return address === undefined ? null : `https://${address}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function hasSecret(context: Context): Promise<boolean> {
  const { stdout } = await wrangler(context, ['secret', 'list', '--format', 'json'], { silent: true });
  const secrets = JSON.parse(stdout.slice(stdout.indexOf('['))) as { name: string }[];
  return secrets.some(({ name }) => name === 'FEDCAR_ADMIN_TOKEN');
}

async function makeSecret(context: Context): Promise<string> {
  const token = `fca_${randomBytes(32).toString('base64url')}`;
  await wrangler(context, ['secret', 'put', 'FEDCAR_ADMIN_TOKEN'], { input: token, silent: true });
  return token;
}

interface Told extends Pick<WranglerOptions, 'env' | 'input'> {
  /** Not shown as it comes: only if it fails. */
  silent?: boolean;
}

/** @throws Failure with what wrangler said */
async function wrangler(context: Context, args: string[], { silent = false, ...more }: Told = {}) {
  const { config, io, flags } = context;
  // An empty name is the configuration's top level.
  const all = [...args, '--config', config, '--env', flags.env ?? ''];
  const run = await runWrangler(all, {
    cwd: dirname(config),
    ...more,
    env: { ...io.env, ...more.env },
    ...(silent ? {} : { onOutput: (text: string) => void io.stderr.write(text) }),
  });
  if (run.code !== 0)
    throw new Failure(`wrangler ${args.join(' ')} failed${silent ? `:\n${run.said.trim()}` : ''}`);
  return run;
}

/** `ok`, or what the deployment says instead. */
async function readiness(url: string): Promise<string> {
  let said = '';
  for (let attempt = 0; attempt < READY_TRIES; attempt++) {
    const response = await fetch(`${url}/readyz`).catch((error: Error) => error);
    if (response instanceof Response) {
      if (response.ok) return 'ok';
      said = `${response.status}`;
    } else said = response.message;
    await sleep(READY_WAIT_MS);
  }
  return said;
}

function describe(plan: DeployPlan, width: number): string {
  const { assets, bundle } = plan;
  const lines = [
    ['Worker', `${plan.worker}${plan.environment === null ? '' : ` (environment ${plan.environment})`}`],
    [
      '',
      bundle === null
        ? ''
        : `${bytes(bundle.bytes)}, ${bytes(bundle.gzip)} compressed; at most ${plan.cpu_ms ?? 30_000} ms of CPU a request`,
    ],
    ['Durable Objects', `${plan.objects.join(', ')}, with SQLite`],
    ['assets', `${assets.files} files, ${bytes(assets.bytes)}, the largest ${bytes(assets.largest)}`],
    ['cron', plan.crons.join(', ')],
    [
      'regions',
      plan.regions.map(({ name, place }) => (name === place ? name : `${name} (${place})`)).join(', '),
    ],
    ['secret', `${plan.secret}, made and set if it is not there`],
    ['Workers AI', plan.workers_ai ? 'bound' : 'not bound: answers are extracted from the documents'],
    ['plan', 'Workers Paid is needed'],
  ];
  const problems = plan.problems.map((problem) => `problem: ${problem}`);
  return [
    `would deploy with ${plan.config}`,
    '',
    table(
      lines.filter(([, what]) => what !== ''),
      '',
      [0, 1],
      width,
    ),
    ...problems,
  ].join('\n');
}
