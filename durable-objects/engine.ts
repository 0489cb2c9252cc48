/** The encoder as objects see it: what model it is without loading it, and the engine that the isolate shares. */
import type { Engine } from '../models/engine.ts';
import { ModelManifest } from '../models/manifest.ts';
import { sharedEngine } from '../models/shared-engine.ts';
import type { AdapterSettings } from '../shared/protocol/settings.ts';
import { assetSource } from './asset-source.ts';
import type { ObjectsEnv } from './env.ts';

export interface ModelInfo {
  name: string;
  /** SHA-256 of the manifest, which holds the hashes of all files. */
  sha256: string;
  width: number;
}

let known: { folder: string; info: ModelInfo } | null = null;

export function modelFolder(env: ObjectsEnv): string {
  return env.FEDCAR_MODEL ?? 'minilm';
}

export async function modelInfo(env: ObjectsEnv): Promise<ModelInfo> {
  const folder = modelFolder(env);
  if (known?.folder === folder) return known.info;
  const bytes = await assetSource(env.ASSETS, folder).read('manifest.json');
  const manifest = ModelManifest.parse(JSON.parse(new TextDecoder().decode(bytes)));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as BufferSource));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const info = { name: manifest.name, sha256, width: manifest.width };
  known = { folder, info };
  return info;
}

export function engineFor(env: ObjectsEnv, adapter: AdapterSettings): Promise<Engine> {
  return sharedEngine({ source: assetSource(env.ASSETS, modelFolder(env)), adapter });
}
