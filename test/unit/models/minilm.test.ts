/** The shipped artifact against PyTorch's fp32 embeddings of the original model. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fsSource } from '../../../models/fs-source.ts';
import { ASSET_LIMIT } from '../../../models/importer/pack-files.ts';
import { ModelManifest } from '../../../models/manifest.ts';
import { referenceCosines, sharedReference } from '../../helpers/reference-embeddings.ts';

const FOLDER = join(import.meta.dirname, '../../../models/minilm');

describe('models/minilm', () => {
  test('has every file that its manifest names, as it names them, each small enough for an asset', async () => {
    const manifest = ModelManifest.parse(JSON.parse(readFileSync(join(FOLDER, 'manifest.json'), 'utf8')));
    for (const { name, bytes, sha256 } of manifest.files) {
      const content = readFileSync(join(FOLDER, name));
      expect(content.length).toBe(bytes);
      expect(bytes).toBeLessThan(ASSET_LIMIT);
      expect(Buffer.from(await crypto.subtle.digest('SHA-256', content)).toString('hex')).toBe(sha256);
    }
    for (const notice of ['LICENSE', 'NOTICE']) expect(existsSync(join(FOLDER, notice))).toBe(true);
  });

  const reference = sharedReference();
  test.skipIf(reference === undefined)(
    'embeds within 0.996 of fp32 on average and 0.99 at worst',
    async () => {
      const { mean, worst } = await referenceCosines(reference!, fsSource(FOLDER), 'int8');
      console.log(`cosine to fp32: mean ${mean.toFixed(5)}, worst ${worst.toFixed(5)}`);
      expect(mean).toBeGreaterThanOrEqual(0.996);
      expect(worst).toBeGreaterThanOrEqual(0.99);
    },
  );
});
