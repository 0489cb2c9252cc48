/** Starts and kills the processes of a federation: real ones, each in a process group of its own, on loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { unstable_readConfig } from 'wrangler';
import { bundleWorker, PROJECT, type WorkerModule } from '../../cli/worker-bundle.ts';
import { workerdProcesses } from '../../cli/workerd-processes.ts';
import { feedback, ITEMS } from '../helpers/help-desk.ts';
import { tinyBert } from '../helpers/tiny-bert.ts';
import type { HubConfig } from './hub-process.ts';
import type { ParticipantConfig } from './participant-process.ts';

/** A process whose lines on standard output are events. */
export class Running {
  readonly events: string[] = [];
  readonly #child: ChildProcess;
  readonly #exit: Promise<void>;
  #stderr = '';
  #listeners: ((event: string) => void)[] = [];

  constructor(site: Site, script: string, config: object, env: Record<string, string | undefined> = {}) {
    const entry = join(site.scripts, script);
    // A small encoder gains nothing from V8's optimising compiler, which would take most of the time.
    this.#child = spawn(process.execPath, ['--liftoff-only', entry, JSON.stringify(config)], {
      cwd: PROJECT,
      env: { ...process.env, ...env },
      // Its own group: workerd is a child of a child, and has to die with it.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#exit = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.stderr?.on('data', (chunk) => {
      this.#stderr += String(chunk);
    });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.events.push(line);
      for (const listener of [...this.#listeners]) listener(line);
    });
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get stderr(): string {
    return this.#stderr.slice(-2000);
  }

  /** Resolves with the first event that fits, also one that was before. @throws Error when the process ends first */
  async event(fits: (event: string) => boolean): Promise<string> {
    const known = this.events.find(fits);
    if (known !== undefined) return known;
    return await new Promise((resolve, reject) => {
      const listener = (event: string) => {
        if (!fits(event)) return;
        this.#listeners = this.#listeners.filter((each) => each !== listener);
        resolve(event);
      };
      this.#listeners.push(listener);
      void this.#exit.then(() => reject(new Error(`the process ended: ${this.stderr}`)));
    });
  }

  onEvent(listener: (event: string) => void): void {
    this.#listeners.push(listener);
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  killRuntime(): void {
    const { pid } = this.#child;
    if (pid === undefined || !this.alive) return;
    for (const child of workerdProcesses(pid)) {
      try {
        process.kill(child, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  async exited(): Promise<void> {
    await this.#exit;
  }

  async kill(): Promise<void> {
    if (this.alive && this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    await this.#exit;
  }
}

/** A folder with the bundled Worker, a small encoder, and what participants train on. */
export interface Site {
  folder: string;
  modules: HubConfig['modules'];
  model: string;
  /** Folder of the processes' bundled scripts. */
  scripts: string;
}

/** @param bundled the Worker, where it is bundled already */
export async function prepareSite(folder: string, bundled?: WorkerModule[]): Promise<Site> {
  const model = join(folder, 'model');
  await mkdir(model, { recursive: true });
  const { manifest, source } = await tinyBert({ width: 32, maxTokens: 48 });
  const files = ['manifest.json', ...manifest.files.map(({ name }) => name)];
  for (const name of files) await writeFile(join(model, name), await source.read(name));
  // Below node_modules, so that packages are found.
  const scripts = join(PROJECT, 'node_modules', '.cache', basename(folder));
  await build({
    absWorkingDir: join(PROJECT, 'test', 'federation'),
    entryPoints: ['hub-process.ts', 'participant-process.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    packages: 'external',
    outdir: scripts,
    outExtension: { '.js': '.mjs' },
  });
  const modules = bundled ?? (await bundleWorker(join(folder, 'worker')));
  return { folder, modules, model, scripts };
}

export async function removeSite(site: Site): Promise<void> {
  await rm(site.scripts, { recursive: true, force: true });
  // Processes that were just killed may still be closing files.
  await rm(site.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 });
}

/** The coordinator's process. Started again, it has the same address and the same state. */
export class Hub {
  readonly #site: Site;
  readonly #name: string;
  readonly #variables: Record<string, string>;
  #process: Running | null = null;
  url = '';

  constructor(site: Site, name: string, variables: Record<string, string> = {}) {
    this.#site = site;
    this.#name = name;
    this.#variables = variables;
  }

  /** @param env beside this process's own */
  async start(env: Record<string, string | undefined> = {}): Promise<void> {
    const { modules, folder, model } = this.#site;
    this.#process = new Running(
      this.#site,
      'hub-process.mjs',
      {
        modules,
        root: dirname(modules[0]!.path),
        model,
        state: join(folder, this.#name),
        port: this.url === '' ? 0 : Number(new URL(this.url).port),
        compatibilityDate:
          unstable_readConfig({ config: join(PROJECT, 'wrangler.toml') }).compatibility_date ?? '',
        variables: this.#variables,
      } satisfies HubConfig,
      env,
    );
    this.url = await this.#process.event((line) => line.startsWith('http'));
  }

  /** The cron trigger. */
  tick(): void {
    this.#process?.say('tick');
  }

  get alive(): boolean {
    return this.#process?.alive ?? false;
  }

  /** Kills workerd, which Node does not notice. */
  killRuntime(): void {
    this.#process?.killRuntime();
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init: RequestInit = { method };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'content-type': 'application/json' };
    }
    const response = await fetch(`${this.url}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  }
}

/** A participant's process, its state folder and its query log. */
export class Member {
  readonly name: string;
  readonly state: string;
  readonly #site: Site;
  readonly #config: Omit<ParticipantConfig, 'killAt'>;
  process: Running | null = null;
  /** Events of all its lives. */
  readonly #listeners: ((event: string) => void)[] = [];

  constructor(site: Site, federation: string, name: string, url: string, invitation: string) {
    this.#site = site;
    this.name = name;
    this.state = join(site.folder, `state-${federation}-${name}`);
    const data = join(site.folder, `data-${name}`);
    this.#config = { url, invitation, data, state: this.state, model: site.model };
  }

  async start(killAt: string | null = null): Promise<void> {
    this.process = new Running(this.#site, 'participant-process.mjs', { ...this.#config, killAt });
    for (const listener of this.#listeners) this.process.onEvent(listener);
    await this.process.event((line) => line === 'ready');
  }

  onEvent(listener: (event: string) => void): void {
    this.#listeners.push(listener);
    this.process?.onEvent(listener);
  }

  async kill(): Promise<void> {
    await this.process?.kill();
  }
}

/** Four documents, and for each participant every fourth of their wordings. */
export const DOCUMENTS = ITEMS.slice(0, 4);
export const RECORDS = feedback(6).filter(({ item }) => DOCUMENTS.some(({ key }) => key === item));

export async function writeLogs(site: Site, names: readonly string[]): Promise<void> {
  for (const [index, name] of names.entries()) {
    const folder = join(site.folder, `data-${name}`);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const own = RECORDS.filter((_, record) => record % names.length === index);
    await writeFile(join(folder, 'queries.jsonl'), own.map((one) => `${JSON.stringify(one)}\n`).join(''));
  }
}
