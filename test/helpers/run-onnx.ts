/** Runs a generated graph in ONNX Runtime (WASM, one thread, in Node) as the engine does, without its queue. */
import * as ort from 'onnxruntime-web/wasm';
import type { BuiltModel } from '../../models/encoder/build-model.ts';
import type { ArtifactSource } from '../../models/manifest.ts';
import { encodeModel } from '../../models/onnx/encode.ts';
import type { OnnxGraph } from '../../models/onnx/model.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

export interface Feed {
  dtype: 'float32' | 'int32';
  shape: readonly number[];
  values: ArrayLike<number>;
}
export interface Fetched {
  shape: readonly number[];
  values: number[];
}
export interface Runner {
  run(feeds: Record<string, Feed>): Promise<Record<string, Fetched>>;
  release(): Promise<void>;
}

export const SESSION_OPTIONS = {
  graphOptimizationLevel: 'all',
  enableCpuMemArena: false,
  enableMemPattern: false,
  extra: { session: { disable_prepacking: '1' } },
} as const satisfies ort.InferenceSession.SessionOptions;

export async function runnerOf(
  onnx: Uint8Array,
  externalData: { path: string; data: Uint8Array }[] = [],
): Promise<Runner> {
  const session = await ort.InferenceSession.create(onnx, { ...SESSION_OPTIONS, externalData });
  return {
    async run(feeds) {
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([name, { dtype, shape, values }]) => [
          name,
          dtype === 'int32'
            ? new ort.Tensor('int32', Int32Array.from(values), shape)
            : new ort.Tensor('float32', Float32Array.from(values), shape),
        ]),
      );
      const results = await session.run(tensors);
      return Object.fromEntries(
        Object.entries(results).map(([name, { dims, data }]) => [
          name,
          { shape: dims, values: Array.from(data as Float32Array) },
        ]),
      );
    },
    release: () => session.release(),
  };
}

export const graphRunner = (graph: OnnxGraph): Promise<Runner> => runnerOf(encodeModel(graph));

export async function modelRunner(model: BuiltModel, source: ArtifactSource): Promise<Runner> {
  const names = [...new Set(model.externals.flatMap((external) => external.files))];
  const files = new Map(
    await Promise.all(names.map(async (name) => [name, await source.read(name)] as const)),
  );
  const externalData = model.externals.map((external) => ({
    path: external.name,
    data: external.bytes((name) => files.get(name)!),
  }));
  return runnerOf(model.onnx, externalData);
}
