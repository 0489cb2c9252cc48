/**
 * The direction that an encoder gives to all texts (Mu and Viswanath 2018, arXiv 1702.01417), measured on texts that have
 * nothing in common. Encoders of E5's kind put all texts into a narrow cone, where every passage would seem to answer
 * every question; what is shared is written into the artifact and taken out of each embedding.
 */
import { CENTRE } from '../encoder/pooling.ts';
import { openEngine } from '../engine.ts';
import { type Artifact, fileEntry } from './build-artifact.ts';
import { ASSET_LIMIT, packFiles } from './pack-files.ts';
import { sampleTexts } from './sample-texts.ts';

/**
 * Length of the mean embedding from which on it is taken out: the mean cosine of two such texts is its square. It is 0.3 of
 * all-MiniLM-L6-v2, which wants none, and 0.9 of multilingual-e5-small (docs/decisions/0033).
 */
const SHORTEST = 0.6;
/** Imports run on a machine, not in an isolate. */
const MOST_WASM_BYTES = 2 ** 31;

export interface Centred {
  artifact: Artifact;
  /** Mean cosine of texts that have nothing in common, before. */
  cosine: number;
  isCentred: boolean;
}

/** @param wasm the compiled ONNX Runtime. Rejects with an EngineError for an artifact that cannot be run */
export async function centred(artifact: Artifact, wasm: WebAssembly.Module): Promise<Centred> {
  const mean = await meanEmbedding(artifact, wasm);
  const cosine = mean.reduce((sum, value) => sum + value * value, 0);
  if (cosine < SHORTEST ** 2) return { artifact, cosine, isCentred: false };
  const { files, tensors } = packFiles(
    'pooling',
    [{ name: CENTRE, shape: [mean.length], values: mean }],
    ASSET_LIMIT,
  );
  const { manifest } = artifact;
  const added = await Promise.all(files.map(({ name, bytes }) => fileEntry(name, bytes)));
  return {
    cosine,
    isCentred: true,
    artifact: {
      manifest: {
        ...manifest,
        files: [...manifest.files, ...added],
        tensors: [...manifest.tensors, ...tensors],
      },
      files: new Map([...artifact.files, ...files.map(({ name, bytes }) => [name, bytes] as const)]),
    },
  };
}

/** [width], of the sample's texts in the languages that the vocabulary has. */
async function meanEmbedding({ manifest, files }: Artifact, wasm: WebAssembly.Module): Promise<Float32Array> {
  const described = new TextEncoder().encode(JSON.stringify(manifest));
  const engine = await openEngine({
    // What is read is the engine's own: it gets a copy.
    source: {
      read: async (name) => (name === 'manifest.json' ? described : new Uint8Array(files.get(name)!)),
    },
    wasm,
    adapter: { kind: 'full' },
    lowering: manifest.weights === 'float32' ? 'fp32' : 'int8',
    maximumWasmBytes: MOST_WASM_BYTES,
  });
  const texts = sampleTexts(manifest.languages).filter(({ text }) => engine.knows(text));
  const ids = texts.map(({ text, role }) => engine.tokenize(text, role));
  const embeddings = await engine.embed(ids);
  const mean = new Float32Array(engine.info.width);
  for (const [i, value] of embeddings.entries()) mean[i % mean.length]! += value / texts.length;
  return mean;
}
