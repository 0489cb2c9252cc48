/** `fedcar/client` and the examples of docs/client.md, as they stand there, against workerd. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientTypes, description } from '../../../cli/client-types.ts';
import type { Deployment } from '../../../cli/deployment.ts';
import { PROJECT } from '../../../cli/worker-bundle.ts';
import { ApiError, Client } from '../../../client/client.ts';
import { buildClient } from '../../../scripts/build-client.mjs';
import { startService } from '../../helpers/service.ts';

const EXAMPLE_URL = 'http://127.0.0.1:8787';
const question = 'How long can I send it back?';
let folder: string;
let service: Deployment;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-client-'));
  [service] = await Promise.all([
    startService({ folder: join(folder, 'service') }),
    buildClient(join(folder, 'client')),
  ]);
}, 120_000);

afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Blocks of docs/client.md in a language. */
function examples(language: string): string[] {
  const text = readFileSync(join(PROJECT, 'docs', 'client.md'), 'utf8');
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))];
  return blocks.map(([, block]) => block!.replaceAll(EXAMPLE_URL, service.url));
}

/** Runs a program in a process of its own, so that it ends as it would by itself. */
function run(program: string, file: string): string {
  const { status, stdout, stderr } = spawnSync(program, [file], { encoding: 'utf8', timeout: 60_000 });
  expect(status, stderr).toBe(0);
  return stdout;
}

async function runTypeScript(text: string, name: string): Promise<string> {
  const file = join(folder, `${name}.mjs`);
  await build({
    stdin: { contents: text, loader: 'ts', resolveDir: PROJECT },
    bundle: true,
    platform: 'node',
    format: 'esm',
    // As the package exports it.
    alias: { 'fedcar/client': join(folder, 'client', 'client.js') },
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(${JSON.stringify(pathToFileURL(file).href)});`,
    },
    outfile: file,
    logLevel: 'silent',
  });
  return run(process.execPath, file);
}

it('has the types of the API’s description: npm run client:types writes them again', () => {
  expect(readFileSync(join(PROJECT, 'client', 'api.ts'), 'utf8')).toBe(clientTypes(description()));
});

it('is one file of some kilobytes, with types that stand by themselves', () => {
  const read = (name: string) => readFileSync(join(folder, 'client', name), 'utf8');
  expect(read('client.js').length).toBeLessThan(20_000);
  expect(read('client.js')).not.toMatch(/^import\b/m);
  const user = join(folder, 'user.mts');
  writeFileSync(
    user,
    `import { Client } from './client/client.js';
    const client = new Client('https://search.example');
    const hits: number = (await client.call('POST /search', { body: { query: 'a' } })).chunks.length;
    export const version: number = (await client.call('GET /models/{version}', { params: { version: 0 } })).rows + hits;
    // @ts-expect-error a misspelt field
    await client.call('POST /search', { body: { qeury: 'a' } });
    // @ts-expect-error a route that is not there
    await client.call('GET /nothing');
    // @ts-expect-error a parameter that is missing
    await client.call('GET /items/{key}');`,
  );
  const compiler = join(PROJECT, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext'];
  const { status, stdout } = spawnSync(
    process.execPath,
    [compiler, user, ...options, '--lib', 'es2022,dom', '--types', ''],
    { encoding: 'utf8' },
  );
  expect(status, stdout).toBe(0);
});

describe('examples of docs/client.md', () => {
  it('run: the client', async () => {
    const out = await runTypeScript(examples('ts')[0]!, 'client');
    expect(out).toMatch(/^\d\.\d\d returns /);
    expect(out).toContain('thirty days');
    expect(out).toContain('404 unknown_item');
  });

  it('run: LangChain', async () => {
    expect(await runTypeScript(examples('ts')[1]!, 'langchain')).toMatch(/^returns .*thirty days/s);
  });

  it('run: LlamaIndex, where Python has it', ({ skip }) => {
    const python = process.env.FEDCAR_PYTHON ?? 'python3';
    const { status } = spawnSync(python, ['-c', 'import llama_index.core']);
    if (status !== 0) return skip('skipped: this Python has no llama_index.core');
    const file = join(folder, 'llamaindex.py');
    writeFileSync(file, examples('python')[0]!);
    expect(run(python, file)).toMatch(/^returns .*thirty days/s);
  });
});

describe('the client', () => {
  it('asks a collection of its own, and what belongs to none', async () => {
    const client = new Client(service.url, { collection: 'faq' });
    await client.call('POST /collections', { body: { name: 'faq', settings: { regions: ['weur'] } } });
    const { items } = await client.call('POST /items', {
      body: { items: [{ key: 'a/ü?#', title: 'A key', text: 'With letters that addresses escape.' }] },
    });
    expect(items.map(({ key }) => key)).toEqual(['a/ü?#']);
    const item = await client.call('GET /items/{key}', { params: { key: 'a/ü?#' } });
    expect(item).toMatchObject({ title: 'A key', region: 'weur' });
    const page = await client.call('GET /items', { query: { limit: 1, region: null } });
    expect(page.items).toHaveLength(1);
    expect(await client.call('DELETE /items/{key}', { params: { key: 'a/ü?#' } })).toBeNull();
  });

  it('says what is wrong with a request, and which parameter is missing', async () => {
    const client = new Client(service.url);
    const error = await client.call('POST /search', { body: { query: '' } }).catch((caught) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 400, code: 'invalid_request', requestId: expect.any(String) });
    // @ts-expect-error what a program without types may do
    await expect(client.call('GET /items/{key}', {})).rejects.toThrow('params.key is missing');
  });

  it('ends a stream that nobody reads any more, and one whose signal is aborted', async () => {
    const client = new Client(service.url);
    for await (const part of client.stream({ query: question })) {
      expect(part.chunks?.[0]?.item.key).toBe('returns');
      break;
    }
    const left = new AbortController();
    left.abort(new Error('left'));
    await expect(client.stream({ query: question }, { signal: left.signal }).next()).rejects.toThrow('left');
    await expect(client.call('GET /models', { signal: left.signal })).rejects.toThrow('left');
  });
});
