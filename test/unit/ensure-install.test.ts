import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript: it runs before anything is installed
import { reasonToInstall } from '../../scripts/ensure-install.mjs';

describe('when an install is needed', () => {
  let root: string;
  const write = (path: string, text: string, seconds: number) => {
    writeFileSync(join(root, path), text);
    utimesSync(join(root, path), seconds, seconds);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'fedcar-install-'));
    write('package-lock.json', '{}', 2000);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('is needed in a fresh clone', () => {
    expect(reasonToInstall(root)).toMatch(/not installed/);
  });

  it('is needed after an install that was interrupted', () => {
    mkdirSync(join(root, 'node_modules'));
    expect(reasonToInstall(root)).toMatch(/did not finish/);
  });

  it('is needed when the lockfile is newer', () => {
    mkdirSync(join(root, 'node_modules'));
    write('node_modules/.package-lock.json', '{}', 1000);
    expect(reasonToInstall(root)).toMatch(/newer/);
  });

  it('is not needed after an install', () => {
    mkdirSync(join(root, 'node_modules'));
    write('node_modules/.package-lock.json', '{}', 3000);
    expect(reasonToInstall(root)).toBeNull();
  });

  it('is not needed when only the time of the lockfile changed', () => {
    mkdirSync(join(root, 'node_modules'));
    write('node_modules/.package-lock.json', '{}', 1000);
    write('node_modules/.fedcar-lock', createHash('sha256').update('{}').digest('hex'), 1000);
    expect(reasonToInstall(root)).toBeNull();
    write('package-lock.json', '{"changed":1}', 2000);
    expect(reasonToInstall(root)).toMatch(/newer/);
  });
});
