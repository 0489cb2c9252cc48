import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fsSource } from '../../../models/fs-source.ts';

describe('fsSource', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fedcar-source-'));
    await writeFile(join(folder, 'body.bin'), Uint8Array.of(1, 2, 3));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('reads a file of the folder', async () => {
    expect(await fsSource(folder).read('body.bin')).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('names a missing file', async () => {
    await expect(fsSource(folder).read('embeddings.bin')).rejects.toThrow(/'embeddings\.bin'/);
  });

  test.each(['../body.bin', 'a/b', '.env', '', '..'])('refuses the name %j', async (name) => {
    await expect(fsSource(folder).read(name)).rejects.toThrow(RangeError);
  });
});
