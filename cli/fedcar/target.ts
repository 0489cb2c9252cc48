/**
 * Which deployment a command talks to. Addresses of deployments are kept beside the configuration, by environment;
 * tokens are kept nowhere.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { PROJECT } from '../worker-bundle.ts';
import { UsageError } from './failure.ts';
import type { Io } from './io.ts';

export const LOCAL_URL = 'http://127.0.0.1:8787';

/** Address by environment; the empty name is wrangler.toml's top level. */
const Deployments = z.record(z.string(), z.strictObject({ url: z.url() }));

export interface TargetFlags {
  url?: string;
  token?: string;
  env?: string;
  config?: string;
}

/** The wrangler configuration: `--config`, else the one in this folder, else the project's own. */
export function configFile({ cwd }: Pick<Io, 'cwd'>, { config }: TargetFlags): string {
  if (config !== undefined) {
    const file = resolve(cwd, config);
    if (!existsSync(file)) throw new UsageError(`--config: there is no ${file}`);
    return file;
  }
  const here = join(cwd, 'wrangler.toml');
  return existsSync(here) ? here : join(PROJECT, 'wrangler.toml');
}

/** Beside the configuration; the project's own may lie in a package that nobody may write to. */
function keptIn(io: Pick<Io, 'cwd'>, flags: TargetFlags): string {
  const folder = dirname(configFile(io, flags));
  return join(folder === PROJECT ? io.cwd : folder, '.fedcar', 'deployments.json');
}

async function kept(file: string): Promise<z.infer<typeof Deployments>> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return {};
  try {
    return Deployments.parse(JSON.parse(text));
  } catch {
    throw new UsageError(`${file} is damaged; delete it and give --url, or deploy again`);
  }
}

/** Remembers where an environment of the configuration is deployed. */
export async function keepUrl(io: Pick<Io, 'cwd'>, flags: TargetFlags, url: string): Promise<void> {
  const file = keptIn(io, flags);
  const all = { ...(await kept(file)), [flags.env ?? '']: { url } };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(all, null, 2)}\n`);
}

/**
 * `--url`; else where `--env` was deployed; else FEDCAR_URL; else where the configuration's top level was deployed;
 * else this machine.
 */
export async function urlOf(io: Io, flags: TargetFlags): Promise<string> {
  if (flags.url !== undefined) return checked(flags.url, '--url');
  if (flags.env === undefined && io.env.FEDCAR_URL) return checked(io.env.FEDCAR_URL, 'FEDCAR_URL');
  const known = (await kept(keptIn(io, flags)))[flags.env ?? ''];
  if (known !== undefined) return checked(known.url, 'deployments.json');
  if (flags.env === undefined) return LOCAL_URL;
  throw new UsageError(
    `no deployment of the environment ${flags.env} is known here; deploy it with fedcar deploy --env ${flags.env}, or give --url`,
  );
}

/** Null when none was given. @throws UsageError when it would travel unprotected */
export function tokenOf(io: Io, flags: TargetFlags, url: string): string | undefined {
  const token = flags.token ?? io.env.FEDCAR_TOKEN;
  if (token === undefined || token === '') return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) throw new UsageError('the token has characters that no token has');
  if (url.startsWith('http:') && !isLoopback(url)) {
    throw new UsageError(`${url}: a token is sent over https only, or on this machine`);
  }
  return token;
}

export function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

function checked(given: string, name: string): string {
  if (!/^https?:\/\/[^/\s]+/.test(given)) {
    throw new UsageError(`${name}: ${given} is not an http(s) address`);
  }
  return given.replace(/\/+$/, '');
}
