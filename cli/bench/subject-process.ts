/**
 * Starts what a bench measures, in workerd or in Node, and measures it from outside: the processor time of the
 * thread that runs it (so that other programs on the machine hardly matter), or wall-clock time where the operating
 * system does not tell, and its JavaScript heap through the inspector.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Miniflare, type V4ModuleDefinition } from 'miniflare';
import { unstable_readConfig } from 'wrangler';
import { fsSource } from '../../models/fs-source.ts';
import type { ArtifactSource } from '../../models/manifest.ts';
import { bundledCommand } from '../../scripts/command-bundle.mjs';
import { type HeapUsage, heapUsage, openHeap } from './inspected-heap.ts';

export interface SubjectProcess {
  readonly url: URL;
  /** Sends a command and answers with the subject's reply. */
  call<T>(command: object): Promise<T>;
  /** Milliseconds since some moment, on `clock`. */
  now(): number;
  readonly clock: 'processor' | 'wall';
  heap(): Promise<HeapUsage>;
  stop(): Promise<void>;
}

export interface SubjectOptions {
  /** The project's folder. */
  root: string;
  /** The model's folder in Node; in workerd whatever answers the binding ARTIFACT. */
  model: string | ArtifactSource;
}

/** The subject as a Worker in workerd, with WASM modules and the artifact as in production. */
export async function startWorkerdSubject(
  entry: string,
  { root, model }: SubjectOptions,
): Promise<SubjectProcess> {
  const before = new Set(childProcesses());
  const artifact = typeof model === 'string' ? fsSource(model) : model;
  const config = unstable_readConfig({ config: join(root, 'wrangler.toml') });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: await bundle(entry, root),
      modulesRoot: root,
      ...(config.compatibility_date ? { compatibilityDate: config.compatibility_date } : {}),
      inspectorPort: 0,
      // Straight to the Worker: Miniflare's own front would not pass on that a client has left.
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
      serviceBindings: {
        async ARTIFACT(request: { url: string }) {
          return new Response(await artifact.read(new URL(request.url).pathname.slice(1)));
        },
      },
    }),
  );
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL();
  const inspector = await miniflare.getInspectorURL();
  const pid = childProcesses().find((child) => !before.has(child) && commandOf(child) === 'workerd');
  return {
    ...clockOf(pid),
    url,
    call: (command) => post(url, command),
    async heap() {
      const heap = await openHeap(inspector);
      return await heap.usage().finally(heap.close);
    },
    stop: () => miniflare.dispose(),
  };
}

/**
 * The subject in a Node process of its own.
 * @param entry one of those of the bundled command
 */
export async function startNodeSubject(
  entry: string,
  { root, model }: SubjectOptions,
): Promise<SubjectProcess> {
  const child = spawn(process.execPath, [join(await bundledCommand(), `${entry}.mjs`), String(model)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const url = new URL(`http://127.0.0.1:${Number(port.toString())}`);
  return {
    ...clockOf(child.pid),
    url,
    call: (command) => post(url, command),
    heap: async () => heapUsage(await post(new URL('/heap', url), {})),
    async stop() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

async function bundle(entry: string, root: string): Promise<V4ModuleDefinition[]> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['node:*', 'module', 'fs', 'path', 'url', 'util', 'worker_threads', 'cloudflare:*'],
    outdir: 'bundle',
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    logOverride: { 'empty-import-meta': 'silent' },
  });
  return outputFiles
    .map(
      ({ path, contents }): V4ModuleDefinition =>
        path.endsWith('.wasm')
          ? { type: 'CompiledWasm', path, contents }
          : { type: 'ESModule', path, contents: new TextDecoder().decode(contents) },
    )
    .sort((a, b) => a.type.localeCompare(b.type) * -1);
}

/** One connection a call: an idle one may be closed by the other side just when it is used again. */
async function post<T>(url: URL, body: object): Promise<T> {
  const request = httpRequest(url.href, { method: 'POST', agent: false });
  request.end(JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode !== 200) throw new Error(`the subject failed: ${answer}`);
  return JSON.parse(answer) as T;
}

function childProcesses(): number[] {
  try {
    return readdirSync(`/proc/${process.pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${process.pid}/task/${thread}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    return [];
  }
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}

/** The main thread of a process runs its JavaScript; Linux tells its time on a processor in nanoseconds. */
function clockOf(pid: number | undefined): Pick<SubjectProcess, 'now' | 'clock'> {
  const read = () => Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  try {
    read();
    return { now: read, clock: 'processor' };
  } catch {
    return { now: () => performance.now(), clock: 'wall' };
  }
}
