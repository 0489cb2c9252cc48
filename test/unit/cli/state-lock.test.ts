import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startDeployment } from '../../../cli/deployment.ts';
import { lockState } from '../../../cli/state-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('lets nobody else into a folder until it is given back', () => {
  const unlock = lockState(folder);
  expect(() => lockState(folder)).toThrow(
    `${folder} is in use by process ${process.pid}; end that first, or choose another folder with --state`,
  );
  unlock();
  expect(readdirSync(folder)).toEqual([]);
  lockState(folder)();
});

it('goes over what a process left behind that is gone', () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(join(folder, 'running.pid'), `${pid}\n`);
  lockState(folder)();
  writeFileSync(join(folder, 'running.pid'), `${process.pid}\n`);
  lockState(folder)();
  writeFileSync(join(folder, 'running.pid'), '');
  lockState(folder)();
});

it('is there before anything is opened, and given back when nothing starts', async () => {
  const unlock = lockState(folder);
  await expect(startDeployment({ folder })).rejects.toThrow(/is in use by process/);
  unlock();
  await expect(startDeployment({ folder, config: join(folder, 'none.toml') })).rejects.toThrow();
  expect(existsSync(join(folder, 'running.pid'))).toBe(false);
});
