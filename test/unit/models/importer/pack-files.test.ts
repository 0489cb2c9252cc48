import { describe, expect, test } from 'vitest';
import { packFiles } from '../../../../models/importer/pack-files.ts';

const tensor = (name: string, length: number) => ({
  name,
  shape: [length],
  values: new Int8Array(length).fill(name.charCodeAt(0)),
});

describe('packFiles', () => {
  test('aligns, opens a new file at the limit and keeps every byte', () => {
    const tensors = [tensor('a', 10), tensor('b', 70), tensor('c', 60), tensor('d', 200)];
    const { files, tensors: entries } = packFiles('body', tensors, 200);
    expect(entries.map(({ name, file, offset }) => [name, file, offset])).toEqual([
      ['a', 'body.bin', 0],
      ['b', 'body.bin', 64],
      ['c', 'body-2.bin', 0],
      ['d', 'body-3.bin', 0],
    ]);
    expect(files.map(({ bytes }) => bytes.length)).toEqual([134, 60, 200]);
    for (const { name, file, offset, bytes } of entries) {
      const stored = files
        .find((candidate) => candidate.name === file)!
        .bytes.subarray(offset, offset + bytes);
      expect(new Set(stored)).toEqual(new Set([name.charCodeAt(0)]));
    }
  });
});
