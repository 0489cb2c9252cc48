/** An artifact in a folder, for Node: the command line, tests and participants that run on a server. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactSource } from './manifest.ts';

/** Reads files of `directory`; names with a path separator or a leading dot are refused with a RangeError. */
export function fsSource(directory: string): ArtifactSource {
  return {
    async read(name) {
      if (!/^[\w-][\w.-]*$/.test(name))
        throw new RangeError(`artifact file name '${name}' is not a plain name`);
      const path = join(directory, name);
      let bytes: Buffer;
      try {
        bytes = await readFile(path);
      } catch (cause) {
        throw new Error(`cannot read the model's file '${name}' (${path})`, { cause });
      }
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
  };
}
