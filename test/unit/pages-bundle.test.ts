/**
 * The pages' scripts are the same wherever they are built: an installed package, whose folder the service may not be
 * able to write, serves those that came with it.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PROJECT } from '../../cli/worker-bundle.ts';

/** Where npm puts the package: bundlers take what lies there for somebody else's. */
let installed: string;

beforeAll(() => {
  installed = join(mkdtempSync(join(PROJECT, 'node_modules', '.fedcar-')), 'node_modules', 'fedcar');
  mkdirSync(installed, { recursive: true });
  for (const part of [
    'workers',
    'shared',
    'client',
    'scripts',
    'package.json',
    'tsconfig.json',
    'dist/pages',
  ])
    cpSync(join(PROJECT, part), join(installed, part), { recursive: true });
});
afterAll(() => rmSync(join(installed, '..', '..'), { recursive: true }));

it('so that building them in an installed package changes no file', async () => {
  const at = join(installed, 'dist', 'pages');
  const before = ['files.js', 'pdf.js'].map((name) => statSync(join(at, name)).ino);
  const script = pathToFileURL(join(installed, 'scripts', 'build-dashboard.mjs')).href;
  const { buildDashboard } = (await import(/* @vite-ignore */ script)) as {
    buildDashboard: () => Promise<void>;
  };
  await buildDashboard();
  expect(readFileSync(join(at, 'files.js'), 'utf8')).toBe(
    readFileSync(join(PROJECT, 'dist/pages/files.js'), 'utf8'),
  );
  expect(['files.js', 'pdf.js'].map((name) => statSync(join(at, name)).ino)).toEqual(before);
});
