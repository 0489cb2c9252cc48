/** PyTorch's embeddings of the original all-MiniLM-L6-v2 (fp32), in the folder FEDCAR_SHARED, by default ../shared. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine } from '../../models/engine.ts';
import type { ArtifactSource } from '../../models/manifest.ts';
import { nodeOrtWasm } from '../../models/ort-wasm-node.ts';
import { readSafetensors, toFloat32 } from '../../models/safetensors.ts';
import { cosine } from './cosine.ts';

export interface ReferenceEmbeddings {
  texts: string[];
  /** `[texts, width]`. */
  embeddings: Float32Array;
}

/** Undefined, with a line on standard error, where the golden values are absent. */
export function sharedReference(): ReferenceEmbeddings | undefined {
  const shared = process.env.FEDCAR_SHARED ?? join(import.meta.dirname, '../../../shared');
  const folder = join(shared, 'reference');
  if (!existsSync(join(folder, 'embeddings.safetensors'))) {
    console.error(`skipped: no golden values at ${folder} (set FEDCAR_SHARED)`);
    return undefined;
  }
  const { texts } = JSON.parse(readFileSync(join(folder, 'texts.json'), 'utf8'));
  const tensors = readSafetensors(readFileSync(join(folder, 'embeddings.safetensors')));
  return { texts, embeddings: toFloat32(tensors.get('embeddings')!) };
}

/** How close the engine's embeddings of the reference texts come to the reference's. */
export async function referenceCosines(
  { texts, embeddings }: ReferenceEmbeddings,
  source: ArtifactSource,
  lowering: 'int8' | 'fp32',
): Promise<{ mean: number; worst: number }> {
  const engine = await openEngine({
    source,
    wasm: await nodeOrtWasm(),
    adapter: { kind: 'none' },
    lowering,
    maximumWasmBytes: 1024 * 1024 * 1024,
  });
  const { width } = engine.info;
  const own = await engine.embed(texts.map((text) => engine.tokenize(text, 'query')));
  const cosines = texts.map((_, i) =>
    cosine(own.subarray(i * width, (i + 1) * width), embeddings.subarray(i * width, (i + 1) * width)),
  );
  return { mean: cosines.reduce((a, b) => a + b, 0) / cosines.length, worst: Math.min(...cosines) };
}
