/** What all texts share is measured at import, taken out of each embedding, and the gradient knows it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../../../models/engine.ts';
import type { Artifact } from '../../../../models/importer/build-artifact.ts';
import { centred } from '../../../../models/importer/centre.ts';
import { importFolder } from '../../../../models/importer/import-folder.ts';
import { sampleTexts } from '../../../../models/importer/sample-texts.ts';
import { LANGUAGES } from '../../../../models/importer/scripts.ts';
import { hasTensor, ModelManifest } from '../../../../models/manifest.ts';
import { nodeOrtWasm } from '../../../../models/ort-wasm-node.ts';
import { writeFolder } from '../../../helpers/bert-folder.ts';
import { draftXlmFolder } from '../../../helpers/xlm-folder.ts';

const wasm = await nodeOrtWasm();

async function tinyArtifact(): Promise<Artifact> {
  await using folder = await writeFolder(draftXlmFolder());
  return await importFolder(folder.path, { name: 'tiny-xlm', weights: 'float32' });
}

async function engineOf({ manifest, files }: Artifact): Promise<Engine> {
  const described = new TextEncoder().encode(JSON.stringify(manifest));
  const read = async (name: string) =>
    name === 'manifest.json' ? described : new Uint8Array(files.get(name)!);
  return await openEngine({ source: { read }, wasm, adapter: { kind: 'full' }, lowering: 'fp32' });
}

const TEXTS = [
  'Where is my card?',
  'Wie schicke ich ein Paket zurück?',
  '我的包裹坏了',
  'Как вернуть посылку',
];
const idsOf = (engine: Engine) => TEXTS.map((text) => engine.tokenize(text, 'query'));
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe('an encoder that puts all texts into a cone', () => {
  it('has its texts spread, by what their embeddings have in common', async () => {
    const plain = await tinyArtifact();
    const { artifact, cosine, isCentred } = await centred(plain, wasm);
    expect([isCentred, cosine > 0.9]).toEqual([true, true]);
    ModelManifest.parse(artifact.manifest);
    const { file, bytes } = artifact.manifest.tensors.find(({ name }) => name === 'pooling.centre')!;
    const centre = new Float32Array(artifact.files.get(file)!.slice(0, bytes).buffer);
    expect(dot(centre, centre)).toBeCloseTo(cosine, 5);

    const [before, after] = [await engineOf(plain), await engineOf(artifact)];
    const width = centre.length;
    const [raw, spread] = [await before.embed(idsOf(before)), await after.embed(idsOf(after))];
    const cosines: number[] = [];
    for (const i of TEXTS.keys()) {
      const rest = raw.slice(i * width, (i + 1) * width).map((value, j) => value - centre[j]!);
      const expected = rest.map((value) => value / Math.sqrt(dot(rest, rest)));
      expect(dot(expected, spread.subarray(i * width, (i + 1) * width))).toBeCloseTo(1, 4);
      if (i > 0) cosines.push(dot(expected, spread.subarray(0, width)));
    }
    expect(Math.max(...cosines)).toBeLessThan(0.9);
  });

  it('has a gradient that agrees with central differences', async () => {
    const { artifact } = await centred(await tinyArtifact(), wasm);
    const engine = await engineOf(artifact);
    const { width } = artifact.manifest;
    const head = await engine.embed(idsOf(engine));
    const lossAt = async (a: Float32Array, sums = new Float64Array(width * width)) => {
      const { loss } = await engine.gradient(
        {
          units: idsOf(engine).map((ids, row) => ({ ids, row: (row + 1) % TEXTS.length })),
          adapter: { kind: 'full', a },
          clip: {},
          ...{ head, active: new Uint8Array(TEXTS.length).fill(1), tau: 20 },
        },
        { adapter: sums, head: null },
      );
      return { loss: loss.reduce((sum, value) => sum + value, 0), sums };
    };
    const direction = Float32Array.from({ length: width * width }, (_, i) => Math.sin(7 * i + 1));
    const { sums } = await lossAt(new Float32Array(width * width));
    const step = 2e-3;
    const [up, down] = [
      await lossAt(direction.map((d) => step * d)),
      await lossAt(direction.map((d) => -step * d)),
    ];
    const along = sums.reduce((sum, value, i) => sum + value * direction[i]!, 0);
    expect(along).not.toBeCloseTo(0, 1);
    expect((up.loss - down.loss) / (2 * step) / along).toBeCloseTo(1, 1);
  });
});

it('leaves an encoder as it is that spreads texts by itself', async () => {
  const folder = join(import.meta.dirname, '../../../../models/minilm');
  const manifest = ModelManifest.parse(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')));
  const files = new Map<string, Uint8Array>();
  for (const { name } of manifest.files) files.set(name, await readFile(join(folder, name)));
  const { artifact, cosine, isCentred } = await centred({ manifest, files }, wasm);
  expect([isCentred, cosine < 0.15]).toEqual([false, true]);
  expect(hasTensor(artifact.manifest, 'pooling.centre')).toBe(false);
});

it('the sample has questions and statements of each of its languages, each once', () => {
  const all = sampleTexts(undefined);
  expect(new Set(all.map(({ text }) => text)).size).toBe(all.length);
  for (const language of new Set(all.map((each) => each.language))) {
    expect(Object.keys(LANGUAGES)).toContain(language);
    const roles = new Set(all.filter((each) => each.language === language).map(({ role }) => role));
    expect([language, [...roles].sort()]).toEqual([language, ['passage', 'query']]);
  }
  expect(new Set(sampleTexts(['de', 'xx']).map(({ language }) => language))).toEqual(new Set(['en', 'de']));
});
