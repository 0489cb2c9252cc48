import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROJECT } from '../../cli/worker-bundle.ts';
// @ts-expect-error plain JavaScript: it runs before anything is installed
import { hostVersion, linkNode } from '../../scripts/ensure-install.mjs';
// @ts-expect-error plain JavaScript: it runs before anything is installed
import { nodeIsNewEnough, nodeRunsTools, otherNode } from '../../scripts/node-runtime.mjs';

const RUNTIME = pathToFileURL(join(PROJECT, 'scripts', 'node-runtime.mjs')).href;
const NAME = 'node-for-this-test';
const posix = process.platform !== 'win32';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-node-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that says it is Node `version`, and is the one that runs this test. */
function nodeThatSays(version: string): string {
  return `#!/bin/sh\nif [ "$1" = --version ]; then echo v${version}; else exec "${process.execPath}" "$@"; fi\n`;
}

function program(name: string, version: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, nodeThatSays(version));
  chmodSync(path, 0o755);
  return path;
}

it.each([
  ['18.20.0', false, false],
  ['20.18.1', false, false],
  ['20.19.0', true, false],
  ['22.11.0', true, false],
  ['22.12.0', true, true],
  ['24.1.0', true, true],
])('Node %s can start it: %s, runs the tools: %s', (version, starts, runs) => {
  expect(nodeIsNewEnough(version)).toBe(starts);
  expect(nodeRunsTools(version)).toBe(runs);
});

describe('the Node to run on', () => {
  const silent = () => expect.unreachable('nothing has to be downloaded');
  const of = (host: string, options: object) => otherNode(host, silent, { env: {}, ...options });

  it('is the one at hand when that runs the tools', () => {
    expect(of('24.1.0', { platform: 'sunos', cache: folder })).toBeNull();
  });

  it('cannot be begun with by one that is too old for everything', () => {
    expect(() => of('20.18.3', {})).toThrow('fedcar needs Node 20.19 or newer; this is 20.18.3.');
  });

  it('is missed in one sentence where the registry has none', () => {
    expect(() => of('20.19.0', { platform: 'sunos', arch: 'x64' })).toThrow(
      'fedcar needs Node 22.12 or newer; this is 20.19.0, and the npm registry has none for sunos-x64: install it, or name one in FEDCAR_NODE.',
    );
  });

  it.runIf(posix)('is the one that FEDCAR_NODE names, whatever is at hand', () => {
    const named = program('named', '23.4.5');
    expect(of('20.19.0', { env: { FEDCAR_NODE: named } })).toBe(named);
    expect(of('24.1.0', { env: { FEDCAR_NODE: named } })).toBe(named);
    expect(() => of('24.1.0', { env: { FEDCAR_NODE: program('old', '20.19.0') } })).toThrow(
      'FEDCAR_NODE names Node 20.19.0; fedcar needs 22.12 or newer.',
    );
    expect(() => of('24.1.0', { env: { FEDCAR_NODE: join(folder, 'none') } })).toThrow(/does not answer/);
  });
});

describe.runIf(posix)('a Node from the registry', () => {
  let registry: Server;
  let requests: string[];
  /** What the registry says that the tarball has. */
  let announced: string;
  let pinned: { name: string; version: string; integrity: string };
  let cache: string;

  beforeEach(async () => {
    cache = join(folder, 'cache');
    requests = [];
    const tarball = gzipSync(
      tar({
        'package/package.json': JSON.stringify({ name: NAME, version: '24.5.6' }),
        'package/bin/node': nodeThatSays('24.5.6'),
        'package/LICENSE': 'free',
      }),
    );
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    announced = integrity;
    pinned = { name: NAME, version: '24.5.6', integrity };
    registry = createServer((request, response) => {
      requests.push(String(request.url));
      if (request.url?.endsWith('.tgz')) return response.end(tarball);
      const dist = { tarball: `${url()}/${NAME}/-/${NAME}-24.5.6.tgz`, integrity: announced };
      const versions = { '24.5.6': { name: NAME, version: '24.5.6', dist } };
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ name: NAME, 'dist-tags': { latest: '24.5.6' }, versions }));
    });
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise((resolve) => registry.close(resolve)));
  const url = () => `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;

  /** In a process of its own, as in use: downloads block. */
  function bring(what: object = pinned): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const code = `import { otherNode } from ${JSON.stringify(RUNTIME)};
      const options = ${JSON.stringify({ env: {}, pinned: what, cache })};
      try { console.log(otherNode('20.19.0', (line) => console.error(line), options)); }
      catch (error) { console.error(error.message); process.exitCode = 1; }`;
    return run(['--input-type=module', '-e', code], {
      npm_config_registry: url(),
      npm_config_cache: join(folder, 'npm'),
      npm_config_userconfig: join(folder, 'npmrc'),
      npm_config_fetch_retries: '0',
    });
  }

  it('is brought once, with a line that says so, and needs no network afterwards', async () => {
    const first = await bring();
    expect(first).toMatchObject({ code: 0, stdout: `${join(cache, `${NAME}-24.5.6`, 'node')}\n` });
    expect(first.stderr).toBe(
      `fedcar needs Node 22.12 or newer; this is 20.19.0. Node 24.5.6 is brought from the npm registry into ${join(cache, `${NAME}-24.5.6`)} (once, about 50 MB).\n`,
    );
    expect(spawnSync(first.stdout.trim(), ['--version'], { encoding: 'utf8' }).stdout).toBe('v24.5.6\n');
    expect(readdirSync(join(cache, `${NAME}-24.5.6`)).sort()).toEqual(['LICENSE', 'node']);
    requests.length = 0;
    expect(await bring()).toEqual({ code: 0, stdout: first.stdout, stderr: '' });
    expect(requests).toEqual([]);
  });

  it.each(['by its tarball', 'by its announcement'])(
    'is refused when it is another than the one that was written down, %s',
    async (how) => {
      const other = `sha512-${createHash('sha512').update('another').digest('base64')}`;
      if (how === 'by its tarball') announced = other;
      const { code, stderr } = await bring({ ...pinned, integrity: other });
      expect(code).toBe(1);
      expect(stderr).toMatch(/Node 24\.5\.6 could not be brought: .*sha512/);
      expect(stderr).toContain('name one in FEDCAR_NODE');
      expect(requests.some((path) => path.endsWith('.tgz'))).toBe(how === 'by its tarball');
      expect(readdirSync(cache)).toEqual([]);
    },
  );

  it('is missed in one sentence without a network', async () => {
    const { code, stderr } = await bring({ ...pinned, name: 'node-of-nowhere', version: '1.0.0' });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(2);
    expect(readdirSync(cache)).toEqual([]);
  });

  it('is there once when several processes bring it', async () => {
    const all = await Promise.all([bring(), bring(), bring()]);
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(readdirSync(cache)).toEqual([`${NAME}-24.5.6`]);
  });

  it('is brought after downloads that were interrupted, whose remains go', async () => {
    for (const name of ['incoming-old', 'incoming-new', `${NAME}-24.5.6`]) {
      mkdirSync(join(cache, name), { recursive: true });
      writeFileSync(join(cache, name, 'half'), '');
    }
    utimesSync(join(cache, 'incoming-old'), 1000, 1000);
    expect((await bring()).code).toBe(0);
    expect(readdirSync(cache).sort()).toEqual(['incoming-new', `${NAME}-24.5.6`]);
    expect(existsSync(join(cache, `${NAME}-24.5.6`, 'half'))).toBe(false);
  });
});

describe.runIf(posix)('npm scripts', () => {
  it('find the other Node first, until the own one is new enough', () => {
    const bin = join(folder, 'node_modules', '.bin');
    mkdirSync(bin, { recursive: true });
    const link = join(bin, 'node');
    const path = `${bin}:${join(folder, 'host')}`;
    expect(hostVersion(link, path)).toBe(process.versions.node);

    const [brought, named] = [program('brought', '24.5.6'), program('named', '23.4.5')];
    program('host/node', '20.19.1');
    linkNode(link, brought);
    expect(readlinkSync(link)).toBe(brought);
    expect(hostVersion(link, path)).toBe('20.19.1');
    linkNode(link, named);
    expect(readlinkSync(link)).toBe(named);
    program('host/node', '22.12.0');
    expect(hostVersion(link, path)).toBe('22.12.0');
    linkNode(link, null);
    expect(readdirSync(bin)).toEqual([]);
  });

  it('find it again where it was removed', () => {
    const link = join(folder, 'node');
    symlinkSync(join(folder, 'gone'), link);
    const brought = program('brought', '24.5.6');
    linkNode(link, brought);
    expect(readlinkSync(link)).toBe(brought);
  });
});

describe.runIf(posix)('a command that runs on another Node', () => {
  let script: string;
  beforeEach(() => {
    script = join(folder, 'script.mjs');
    writeFileSync(
      script,
      `import { runOn } from ${JSON.stringify(RUNTIME)};
      if (process.env.INNER === 'yes') {
        if (process.argv[2] === 'wait') {
          process.once('SIGTERM', () => { console.log('ended'); process.exit(7); });
          setInterval(() => {}, 1000);
          console.log('ready');
        } else if (process.argv[2] === 'die') process.kill(process.pid, 'SIGKILL');
        else { for await (const chunk of process.stdin) process.stdout.write(chunk); process.exitCode = 3; }
      } else { process.env.INNER = 'yes'; await runOn(process.execPath); }`,
    );
  });

  it('has its input, output and exit code', async () => {
    expect(await run([script], {}, 'to be passed on')).toEqual({
      code: 3,
      stdout: 'to be passed on',
      stderr: '',
    });
  });

  it('hears signals, and is seen to end by one', async () => {
    const { code, stdout } = await run([script, 'wait'], {}, '', (child) => {
      child.stdout?.once('data', () => child.kill('SIGTERM'));
    });
    expect({ code, stdout }).toEqual({ code: 7, stdout: 'ready\nended\n' });
    expect(spawnSync(process.execPath, [script, 'die']).signal).toBe('SIGKILL');
  });
});

function run(
  args: string[],
  env: Record<string, string>,
  input = '',
  started: (child: ChildProcess) => void = () => {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env } });
  started(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

/** A tar archive (POSIX ustar) of executable files. */
function tar(files: Record<string, string>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const header = Buffer.alloc(512);
    const body = Buffer.from(text);
    header.write(name, 0);
    header.write('0000755\0', 100);
    header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0        0', 136);
    header.write('ustar\0', 257);
    const sum = header.reduce((total: number, byte: number) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
