/**
 * The one engine of a Worker's isolate: the edge Worker and all objects in the isolate share it, because its memory
 * (weights and activations) fits an isolate once only. Requests share the engine, never a promise. The isolate keeps
 * the engine of the model and the adapter kind asked for last.
 */
import type { AdapterSpec } from './encoder/adapter.ts';
import { type Engine, openEngine } from './engine.ts';
import type { ArtifactSource } from './manifest.ts';
import { ortWasm } from './ort-wasm.ts';
import { SingleFlight } from './session/single-flight.ts';

export interface SharedEngineRequest {
  /** Tells models apart: the same name is the same source. */
  model: string;
  source: ArtifactSource;
  adapter: AdapterSpec;
  /** `waitUntil` of the request, so that a load goes on when the client leaves. */
  keepAlive?: (work: Promise<unknown>) => void;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

let current: { kind: string; flight: SingleFlight<Engine> } | null = null;

/** The isolate's engine for this kind of adapter, loaded at first use. Rejects as `openEngine` does. */
export async function sharedEngine(request: SharedEngineRequest): Promise<Engine> {
  const kind = JSON.stringify([request.model, request.adapter]);
  if (current?.kind !== kind) {
    current = { kind, flight: new SingleFlight({ pause, pollMs: 10, stallMs: 5_000 }) };
  }
  const { flight } = current;
  if (flight.value !== null) return flight.value;
  return flight.get((onProgress) => {
    const loading = openEngine({
      source: request.source,
      adapter: request.adapter,
      wasm: ortWasm,
      onProgress,
    });
    request.keepAlive?.(loading.catch(() => {}));
    return loading;
  });
}
