/** What `npm pack` gives: which files, that they are enough, and that a folder of its own deploys from the tarball. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT } from '../../cli/worker-bundle.ts';

interface Packed {
  filename: string;
  unpackedSize: number;
  files: { path: string; size: number }[];
}

interface Manifest {
  version: string;
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
  dependencies: Record<string, string>;
}

const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(PROJECT, folder, 'package.json'), 'utf8')) as Manifest;
const FULL = Boolean(process.env.FEDCAR_FULL);
let folder: string;

function run(program: string, args: string[], cwd: string) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', NO_COLOR: '1' },
  });
  return { status, out: stdout, said: `${stdout}${stderr}` };
}

function pack(args: string[], cwd: string): Packed {
  const { status, out, said } = run('npm', ['pack', '--json', ...args], cwd);
  expect(status, said).toBe(0);
  // Newer versions of npm name the packages.
  const [first] = Object.values(JSON.parse(out.slice(out.search(/^[[{]/m))) as Record<string, Packed>);
  return first as Packed;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-package-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package’s files', () => {
  // Its scripts only make what vitest’s configuration has made.
  const packed = pack(['--dry-run', '--ignore-scripts'], PROJECT);
  const paths = new Set(packed.files.map(({ path }) => path));
  const manifest = manifestOf('.');

  it('are all that the command and the Worker load, with the encoder and the pages', () => {
    const named = [
      ...Object.values(manifest.bin),
      ...Object.values(manifest.exports).flatMap((to) => leaves(to)),
    ];
    for (const path of [
      ...named.map((path) => path.replace(/^\.\//, '')).filter((path) => !path.startsWith('dist/client/')),
      'wrangler.toml',
      'tsconfig.json',
      'workers/index.ts',
      'models/.assetsignore',
      'models/minilm/manifest.json',
      'samples/corpus.jsonl',
      'dist/pages/files.js',
      'dist/pages/pdf.js',
      'LICENSE',
      'NOTICE',
    ])
      expect(paths, path).toContain(path);
    const source = /^(cli|shared|models|durable-objects|workers|scripts|client)\/.*\.(tsx?|mjs|css)$/;
    const { out } = run('git', ['ls-files'], PROJECT);
    expect(
      out
        .split('\n')
        .filter((path) => source.test(path) && existsSync(join(PROJECT, path)) && !paths.has(path)),
    ).toEqual([]);
  });

  it('are nothing else: no test, no state, no secret, no bundle of this machine', () => {
    const strange = [...paths].filter((path) =>
      /(^|\/)(test|\.env|\.dev\.vars|\.wrangler|\.fedcar|\.ci|\.github|node_modules)(\/|$)|^dist\/(?!pages\/(files|pdf)\.js$|client\/)|\.log$/.test(
        path,
      ),
    );
    expect(strange).toEqual([]);
    expect(packed.unpackedSize).toBeLessThan(30 << 20);
  });

  it('import no package that is only there for development', () => {
    const known = new Set([...Object.keys(manifest.dependencies), ...builtinModules]);
    const statement = /^(?:import|export)\s(?!type\s)(?:[^'"]*?\sfrom\s*)?['"]([^'"./][^'"]*)['"]/gm;
    // Where a checkout’s own scripts start, and what benches bring.
    const ofCheckouts = /^cli\/(test-api|bench)/;
    const missing = [...paths]
      .filter((path) => /\.(tsx?|mjs)$/.test(path) && !path.endsWith('.d.ts') && !ofCheckouts.test(path))
      .flatMap((path) => {
        const names = [...readFileSync(join(PROJECT, path), 'utf8').matchAll(statement)].map(
          ([, name]) => name!,
        );
        return names
          .filter((name) => !/^(node|cloudflare):/.test(name))
          .map((name) =>
            name
              .split('/')
              .slice(0, name.startsWith('@') ? 2 : 1)
              .join('/'),
          )
          .filter((name) => !known.has(name))
          .map((name) => `${path}: ${name}`);
      });
    expect(missing).toEqual([]);
  });
});

describe('create-fedcar', () => {
  const create = (args: string[]) =>
    run(process.execPath, [join(PROJECT, 'create-fedcar/create.mjs'), ...args], folder);

  it('is of the package’s version, and packs two files and its description', () => {
    expect(manifestOf('create-fedcar').version).toBe(manifestOf('.').version);
    const { files } = pack(['--dry-run'], join(PROJECT, 'create-fedcar'));
    expect(files.map(({ path }) => path).sort()).toEqual(['README.md', 'create.mjs', 'package.json']);
  });

  it('says how it is called, and writes over nothing', () => {
    for (const args of [[], ['--name', 'shop'], ['shop', '--from']]) {
      const { status, said } = create(args);
      expect([status, said]).toEqual([2, expect.stringContaining('usage: npm create fedcar FOLDER')]);
    }
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'taken', 'notes.txt'), 'mine');
    const { status, said } = create(['taken']);
    expect([status, said]).toEqual([2, expect.stringContaining('taken is not empty')]);
    expect(existsSync(join(folder, 'taken', 'package.json'))).toBe(false);
  });
});

/** All paths that an entry of `exports` names. */
function leaves(to: string | Record<string, string>): string[] {
  return typeof to === 'string' ? [to] : Object.values(to);
}

// Installs everything that the package depends on: from npm's cache where it is there, else from the registry.
describe.skipIf(!FULL)('an installed tarball', { timeout: 600_000 }, () => {
  let tarball: string;
  const deploys = (at: string) => {
    const wrangler = run('npx', ['wrangler', 'deploy', '--dry-run', '--env', '', '--outdir', 'built'], at);
    expect(wrangler.status, wrangler.said).toBe(0);
    expect(wrangler.said).toContain('env.COORDINATOR');
    expect(existsSync(join(at, 'built', 'index.js'))).toBe(true);
  };

  beforeAll(() => {
    tarball = join(folder, pack(['--pack-destination', folder], PROJECT).filename);
  });

  it('installs in an empty folder, and deploys from a folder that it made', () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    const installed = run('npm', ['install', ...flags, tarball], empty);
    expect(installed.status, installed.said).toBe(0);
    const made = run('npx', ['fedcar', 'init', 'shop', '--name', 'shop-search'], empty);
    expect(made.status, made.said).toBe(0);
    const text = readFileSync(join(empty, 'shop', 'wrangler.toml'), 'utf8');
    expect(text).toContain('main = "../node_modules/fedcar/workers/index.ts"');
    expect(text).not.toContain(PROJECT);
    deploys(join(empty, 'shop'));
    const plan = run('npx', ['fedcar', 'deploy', '--dry-run', '--json'], join(empty, 'shop'));
    expect(plan.status, plan.said).toBe(0);
    expect(JSON.parse(plan.out)).toMatchObject({ worker: 'shop-search', problems: [], assets: { files: 4 } });
  });

  it('is what npm create brings into a folder that can be moved', () => {
    const create = join(PROJECT, 'create-fedcar/create.mjs');
    const made = run(process.execPath, [create, 'My Search', '--from', tarball, '--regions', 'weur'], folder);
    expect(made.status, made.said).toBe(0);
    expect(made.out).toContain('npx fedcar deploy');
    const moved = join(folder, 'elsewhere');
    expect(run('mv', [join(folder, 'My Search'), moved], folder).status).toBe(0);
    const text = readFileSync(join(moved, 'wrangler.toml'), 'utf8');
    expect(text).toContain('name = "my-search"');
    expect(text).toContain('main = "node_modules/fedcar/workers/index.ts"');
    deploys(moved);
  });
});
