import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { lastLine, runNodePeer, runPythonPeer } from '../../../../cli/bench/peers/install.ts';
import { recallOf } from '../../../../cli/bench/peers/material.ts';

describe('peers', () => {
  it('are skipped with why, where they do not install', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fedcar-peers-'));
    vi.stubEnv('PATH', folder);
    try {
      const why = { skipped: expect.stringMatching(/^could not be installed: .*ENOENT/) };
      expect(await runNodePeer(folder, 'orama')).toEqual(why);
      expect(await runPythonPeer(folder, 'faiss')).toEqual(why);
    } finally {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('are no dependencies of the project', async () => {
    const manifest = await readFile('package.json', 'utf8');
    for (const name of ['orama', 'transformers']) expect(manifest).not.toContain(name);
  });

  it('say in their last line what went wrong', () => {
    expect(lastLine({ message: 'exit 1', stderr: 'npm warn old\nnpm error 404\n\n' })).toBe('npm error 404');
    expect(lastLine(new Error('spawn npm ENOENT'))).toBe('spawn npm ENOENT');
  });
});

it('recall is the share of the nearest that were found, each counted once', () => {
  const nearest = [new Set([1, 2]), new Set([3, 4])];
  expect(
    recallOf(nearest, [
      [1, 1, 9],
      [4, 3],
    ]),
  ).toBe(0.75);
  expect(recallOf(nearest, [])).toBe(0);
});
