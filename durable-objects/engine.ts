/** The encoder as objects see it: what model it is without loading it, and the engine that the isolate shares. */
import type { Engine } from '../models/engine.ts';
import { readManifest } from '../models/session/artifact.ts';
import { sharedEngine } from '../models/shared-engine.ts';
import type { CollectionSettings } from '../shared/protocol/settings.ts';
import { assetSource } from './asset-source.ts';
import type { ObjectsEnv } from './env.ts';

export interface ModelInfo {
  name: string;
  /** SHA-256 of the manifest, which holds the hashes of all files. */
  sha256: string;
  width: number;
}

const known = new Map<string, ModelInfo>();

/** A collection's own folder, or the deployment's. */
function folderOf(env: ObjectsEnv, encoder: string | null): string {
  return encoder ?? env.FEDCAR_MODEL ?? 'minilm';
}

/** @throws EngineError `artifact-missing` or `artifact-invalid` when the folder holds no manifest that can be read */
export async function modelInfo(env: ObjectsEnv, encoder: string | null): Promise<ModelInfo> {
  const folder = folderOf(env, encoder);
  const before = known.get(folder);
  if (before !== undefined) return before;
  const { manifest, sha256 } = await readManifest(assetSource(env.ASSETS, folder));
  const info = { name: manifest.name, sha256, width: manifest.width };
  known.set(folder, info);
  return info;
}

export interface EngineOptions {
  /** `embed` unless given. */
  purpose?: 'embed' | 'train';
  /** `waitUntil` of a Worker's request, with which a load would end; an object outlives its calls. */
  keepAlive?: (work: Promise<unknown>) => void;
}

export function engineFor(
  env: ObjectsEnv,
  { adapter, encoder }: Pick<CollectionSettings, 'adapter' | 'encoder'>,
  { purpose = 'embed', keepAlive }: EngineOptions = {},
): Promise<Engine> {
  const folder = folderOf(env, encoder);
  return sharedEngine({
    model: folder,
    source: assetSource(env.ASSETS, folder),
    adapter,
    purpose,
    keepAlive,
  });
}
