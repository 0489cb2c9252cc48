import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PROJECT } from '../../cli/worker-bundle.ts';
import { bundledCommand } from '../../scripts/command-bundle.mjs';

let root: string;
let cache: string;
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const bundle = () => bundledCommand(root, cache);
const run = (folder: string) =>
  spawnSync(process.execPath, [join(folder, 'main.mjs')], { encoding: 'utf8' }).stdout;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'fedcar-bundle-')));
  cache = join(root, 'cache');
  write('package.json', '{ "version": "1.0.0", "type": "module", "dependencies": { "greeting": "1.0.0" } }');
  write('node_modules/greeting/package.json', '{ "name": "greeting", "type": "module", "main": "index.js" }');
  write('node_modules/greeting/index.js', "export const greeting = 'good day';");
  write(
    'cli/fedcar/main.ts',
    `import { greeting } from 'greeting';
    import { place } from '../place.ts';
    const late = await import('../late.ts');
    console.log(greeting, place, late.word as string);`,
  );
  write('cli/place.ts', 'export const place: string = import.meta.url;');
  write('cli/late.ts', "export const word = 'one';");
  write('cli/bench/subjects/engine-node.ts', '');
  write('cli/bench/federation-participant.ts', '');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('is built once for each state of the sources, and never run for another', async () => {
  const address = pathToFileURL(join(root, 'cli', 'place.ts')).href;
  const first = await bundle();
  expect(dirname(first)).toBe(join(root, 'dist'));
  expect(run(first)).toBe(`good day ${address} one\n`);
  expect(await bundle()).toBe(first);

  write('cli/late.ts', "export const word = 'two';");
  const second = await bundle();
  expect(run(second)).toBe(`good day ${address} two\n`);
  // What runs from the first one may still load more of it.
  expect(run(first)).toBe(`good day ${address} one\n`);

  write('cli/late.ts', "export const word = 'one';");
  utimesSync(join(root, 'cli', 'late.ts'), 1000, 1000);
  expect(await bundle()).toBe(first);

  write('package.json', '{ "version": "1.0.1", "type": "module", "dependencies": { "greeting": "1.0.0" } }');
  expect([first, second]).not.toContain(await bundle());
});

it('is another where the folder is another', async () => {
  const first = await bundle();
  const copy = realpathSync(mkdtempSync(join(tmpdir(), 'fedcar-bundle-')));
  try {
    cpSync(root, copy, { recursive: true });
    const second = await bundledCommand(copy, cache);
    expect(second.endsWith(first.slice(root.length))).toBe(false);
    expect(run(second)).toContain(pathToFileURL(join(copy, 'cli', 'place.ts')).href);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

it('lies in the cache folder where the package cannot be written to', async () => {
  // As root, every folder can be written to; a file is none.
  write('dist', '');
  const folder = await bundle();
  expect(dirname(folder)).toBe(join(cache, 'command'));
  expect(run(folder)).toContain('good day');
  expect(await bundle()).toBe(folder);

  rmSync(cache, { recursive: true });
  write('cache', '');
  await expect(bundle()).rejects.toThrow(/neither .*dist nor .*can be written to/);
});

it('is there once when several processes build it, and old ones go', async () => {
  mkdirSync(join(root, 'dist', 'command-old'), { recursive: true });
  mkdirSync(join(root, 'dist', 'building-old'));
  mkdirSync(join(root, 'dist', 'command-new'));
  for (const name of ['command-old', 'building-old']) utimesSync(join(root, 'dist', name), 1000, 1000);
  const script = pathToFileURL(join(PROJECT, 'scripts', 'command-bundle.mjs')).href;
  const code = `import { bundledCommand } from ${JSON.stringify(script)};
    console.log(await bundledCommand(${JSON.stringify(root)}, ${JSON.stringify(cache)}));`;
  const one = () =>
    new Promise<string>((resolve) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => (said += String(chunk)));
      child.on('close', () => resolve(said.trim()));
    });
  const folders = await Promise.all([one(), one(), one(), one()]);
  expect(new Set(folders)).toEqual(new Set([await bundle()]));
  expect(readdirSync(join(root, 'dist')).sort()).toEqual(
    ['command-new', folders[0]!.slice(join(root, 'dist').length + 1)].sort(),
  );
});

it('is built without a package that only one of its parts uses', async () => {
  write('cli/late.ts', "export const word = await import('missing').catch((error) => error.code);");
  expect(run(await bundle())).toMatch(/ERR_MODULE_NOT_FOUND\n$/);
});

it('says what does not build, and leaves nothing', async () => {
  write('cli/late.ts', 'export const word = (;');
  await expect(bundle()).rejects.toThrow(/late\.ts/);
  expect(readdirSync(join(root, 'dist'))).toEqual([]);
  expect(existsSync(cache)).toBe(false);
});
