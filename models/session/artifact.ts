/** Reads a model's artifact: every file is checked against the manifest before anything uses it. */
import { freeBuffer } from '../../shared/free-buffer.ts';
import { type ArtifactSource, ModelManifest } from '../manifest.ts';
import { EngineError } from './engine-error.ts';

export interface Artifact {
  readonly manifest: ModelManifest;
  /** SHA-256 of manifest.json, in hexadecimal; through it, of all files. */
  readonly sha256: string;
  /** The bytes of a file that the manifest names. */
  file(name: string): Uint8Array;
  /** Frees the files' bytes now, not at some garbage collection: an isolate has no room for what is done with. */
  release(): void;
}

/**
 * Throws an EngineError `artifact-missing`, `artifact-invalid` or `artifact-hash` that names the file. `onProgress`
 * is called after every file.
 */
export async function readArtifact(
  source: ArtifactSource,
  onProgress: () => void = () => {},
): Promise<Artifact> {
  const { manifest, sha256: identity } = await readManifest(source);
  const files = new Map<string, Uint8Array>();
  for (const { name, bytes, sha256 } of manifest.files) {
    const content = await read(source, name);
    onProgress();
    if (content.length !== bytes) {
      const detail = `'${name}' has ${content.length} bytes, the manifest says ${bytes}`;
      throw new EngineError('artifact-hash', detail);
    }
    const actual = await digest(content);
    if (actual !== sha256) {
      throw new EngineError('artifact-hash', `'${name}' has SHA-256 ${actual}, the manifest says ${sha256}`);
    }
    files.set(name, content);
    onProgress();
  }
  const file = (name: string) => {
    const content = files.get(name);
    if (content === undefined)
      throw new EngineError('artifact-missing', `the manifest lists no file '${name}'`);
    return content;
  };
  const release = () => {
    for (const content of files.values()) freeBuffer(content);
    files.clear();
  };
  return { manifest, sha256: identity, file, release };
}

/** What an artifact says of itself. Throws an EngineError `artifact-missing` or `artifact-invalid`. */
export async function readManifest(source: ArtifactSource): Promise<Pick<Artifact, 'manifest' | 'sha256'>> {
  const encoded = await read(source, 'manifest.json');
  return { manifest: parseManifest(encoded), sha256: await digest(encoded) };
}

async function read(source: ArtifactSource, name: string): Promise<Uint8Array> {
  try {
    return await source.read(name);
  } catch (cause) {
    throw new EngineError('artifact-missing', `the model's file '${name}' cannot be read`, { cause });
  }
}

function parseManifest(encoded: Uint8Array): ModelManifest {
  try {
    return ModelManifest.parse(JSON.parse(new TextDecoder().decode(encoded)));
  } catch (cause) {
    throw new EngineError('artifact-invalid', `manifest.json is not a model's manifest`, { cause });
  }
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
