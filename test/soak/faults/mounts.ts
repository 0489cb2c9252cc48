/** A small file system of its own for the state, where this process may mount one. */
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function mount(...args: string[]): boolean {
  return spawnSync('mount', args, { stdio: 'ignore' }).status === 0;
}

export function unmount(folder: string): void {
  spawnSync('umount', ['--lazy', folder], { stdio: 'ignore' });
}

let allowed: string | null | undefined;

/** Why nothing can be mounted here; null when it can. */
export function cannotMount(): string | null {
  if (allowed !== undefined) return allowed;
  const folder = join(tmpdir(), `fedcar-mount-${process.pid}`);
  spawnSync('mkdir', ['-p', folder]);
  const mounted = process.platform === 'linux' && mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder);
  if (mounted) unmount(folder);
  spawnSync('rmdir', [folder]);
  allowed = mounted ? null : 'this process may not mount a file system';
  return allowed;
}

export async function mountSmall(folder: string, megabytes: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (!mount('-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder))
    throw new Error(`${folder}: no tmpfs could be mounted`);
}

/** What is mounted there can be read only, or written again. */
export function remount(folder: string, access: 'ro' | 'rw'): boolean {
  return mount('-o', `remount,${access}`, folder);
}
