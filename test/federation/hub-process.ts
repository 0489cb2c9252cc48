/**
 * A deployment in a process of its own: workerd with the bundled Worker, a small encoder, its state on disk. Standard
 * input takes `tick` (the cron trigger); the first line of standard output is its address.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare, Response } from 'miniflare';

export interface HubConfig {
  modules: { type: 'ESModule' | 'CompiledWasm'; path: string }[];
  root: string;
  /** Folder of the encoder's artifact. */
  model: string;
  /** Folder of the objects' storage. */
  state: string;
  /** 0: any free port. */
  port: number;
  compatibilityDate: string;
  variables: Record<string, string>;
}

const config = JSON.parse(process.argv[2] ?? '') as HubConfig;
const stored = (className: string) => ({ className, useSQLite: true });
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    modules: config.modules,
    modulesRoot: config.root,
    compatibilityDate: config.compatibilityDate,
    bindings: { FEDCAR_ENVIRONMENT: 'development', FEDCAR_MODEL: 'model', ...config.variables },
    durableObjects: {
      DIRECTORY: stored('Directory'),
      COORDINATOR: stored('Coordinator'),
      REGION: stored('Region'),
    },
    serviceBindings: {
      async ASSETS(request: { url: string }) {
        const name = new URL(request.url).pathname.split('/').at(-1) ?? '';
        return new Response(await readFile(join(config.model, name)));
      },
    },
    resourcePersistencePath: config.state,
    host: '127.0.0.1',
    port: config.port,
    cf: false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) {
      stdout.pipe(process.stderr);
      stderr.pipe(process.stderr);
    },
  }),
);
const { origin } = await miniflare.ready;
const worker = await miniflare.getWorker();
process.stdout.write(`${origin}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'tick') await worker.scheduled({ cron: '*/15 * * * *' });
}
await miniflare.dispose();
