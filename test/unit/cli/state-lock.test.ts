import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startDeployment } from '../../../cli/deployment.ts';
import { lockState } from '../../../cli/state-lock.ts';
import { PROJECT } from '../../../cli/worker-bundle.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedcar-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('lets nobody else into a folder until it is given back', async () => {
  const unlock = await lockState(folder);
  await expect(lockState(folder, 0)).rejects.toThrow(
    `${folder} is in use by process ${process.pid}; end that first, or choose another folder with --state`,
  );
  unlock();
  expect(readdirSync(folder)).toEqual([]);
  (await lockState(folder, 0))();
});

it('goes over what a process left behind that is gone', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(join(folder, 'running.pid'), `${pid}\n`);
  (await lockState(folder, 0))();
  writeFileSync(join(folder, 'running.pid'), `${process.pid}\n`);
  (await lockState(folder, 0))();
  writeFileSync(join(folder, 'running.pid'), '');
  (await lockState(folder, 0))();
});

it.runIf(existsSync('/proc/self/stat'))('goes over an id that another process has got since', async () => {
  await lockState(folder, 0);
  const [, start] = readFileSync(join(folder, 'running.pid'), 'utf8').trim().split(' ');
  expect(Number(start)).toBeGreaterThan(0);
  const parent = (began: string) => writeFileSync(join(folder, 'running.pid'), `${process.ppid} ${began}\n`);
  parent(String(Number(start) + 1));
  (await lockState(folder, 0))();
  const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
  parent(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] as string);
  await expect(lockState(folder, 0)).rejects.toThrow(`process ${process.ppid}`);
});

it.runIf(existsSync('/proc/self/stat'))(
  'goes over a process that ended unnoticed by its parent',
  async () => {
    // The shell starts one and becomes a program that asks about none, long before that one ends.
    const script = 'sleep 1 & echo $!; exec sleep 60';
    const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      const pid = Number(String(line));
      const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8');
      await vi.waitUntil(() => / Z /.test(stat()), { timeout: 50_000 });
      writeFileSync(join(folder, 'running.pid'), `${pid}\n`);
      (await lockState(folder, 0))();
    } finally {
      child.kill('SIGKILL');
    }
  },
);

it('is tried again for a while, for its holder may be ending', async () => {
  const holder = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 1500)']);
  writeFileSync(join(folder, 'running.pid'), `${holder.pid}\n`);
  await expect(lockState(folder, 0)).rejects.toThrow(`process ${holder.pid}`);
  (await lockState(folder, 60_000))();
  expect(holder.exitCode).toBe(0);
});

it('is taken by one of several processes that find one left behind at the same time', async () => {
  const script = join(folder, 'taker.mjs');
  const source = `import { lockFile } from './cli/process-lock.ts';
    const [file, at] = process.argv.slice(2);
    while (Date.now() < Number(at));
    try {
      lockFile(file, (holder) => new Error(holder));
      console.log('got it');
      process.stdin.resume();
    } catch (error) {
      console.log(error.message);
    }`;
  const stdin = { contents: source, resolveDir: PROJECT };
  await build({ stdin, bundle: true, platform: 'node', format: 'esm', outfile: script });
  const { pid } = spawnSync(process.execPath, ['--version']);
  for (let round = 0; round < 3; round++) {
    const file = join(folder, `lock-${round}`);
    writeFileSync(file, `${pid} 17\n`);
    const at = String(Date.now() + 1000);
    const children = Array.from({ length: 5 }, () =>
      spawn(process.execPath, [script, file, at], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const said = await Promise.all(
      children.map(async (child) => String((await once(child.stdout, 'data'))[0]).trim()),
    );
    // Who has it holds it until the others have tried.
    for (const child of children) child.stdin.on('error', () => {}).end();
    await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')));
    expect(said.filter((line) => line === 'got it')).toHaveLength(1);
    expect(said.filter((line) => /^(process \d+|another process)$/.test(line))).toHaveLength(4);
  }
});

it('is there before anything is opened, and given back when nothing starts', async () => {
  const unlock = await lockState(folder, 0);
  await expect(startDeployment({ folder })).rejects.toThrow(/is in use by process/);
  unlock();
  await expect(startDeployment({ folder, config: join(folder, 'none.toml') })).rejects.toThrow();
  expect(existsSync(join(folder, 'running.pid'))).toBe(false);
});
