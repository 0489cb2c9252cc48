/**
 * The one engine of a Worker's isolate: the edge Worker and all objects in the isolate share it, because its memory
 * (weights and activations) fits an isolate once only. Requests share the engine, never a promise. The isolate keeps
 * the engine of the model and the adapter asked for last. One graph embeds with every kind of adapter, the full one, so
 * that collections of different kinds do not load it by turns; whoever asks for none is served by that of any adapter, but
 * opens a graph without one, which is smaller. Only training a low-rank adapter takes a graph of its own.
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
  /** `embed`: no gradients are asked for. */
  purpose: 'embed' | 'train';
  /** `waitUntil` of the request, so that a load goes on when the client leaves. */
  keepAlive?: ((work: Promise<unknown>) => void) | undefined;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Current {
  model: string;
  adapter: AdapterSpec;
  flight: SingleFlight<Engine>;
}

let current: Current | null = null;

/** A graph with an adapter embeds and trains without one, too, to the bit: its adapter is zero then. */
function serves({ model, adapter }: Current, asked: SharedEngineRequest): boolean {
  const same = asked.adapter.kind === 'none' || JSON.stringify(adapter) === JSON.stringify(asked.adapter);
  const embeds = asked.purpose === 'embed' && adapter.kind === 'full';
  return model === asked.model && (same || embeds);
}

/** Of the graph that is opened where none that is open serves. */
function opened({ adapter, purpose }: SharedEngineRequest): AdapterSpec {
  return purpose === 'embed' && adapter.kind !== 'none' ? { kind: 'full' } : adapter;
}

/** The isolate's engine for this kind of adapter, loaded at first use. Rejects as `openEngine` does. */
export async function sharedEngine(request: SharedEngineRequest): Promise<Engine> {
  if (current === null || !serves(current, request)) {
    const flight = new SingleFlight<Engine>({ pause, pollMs: 10, stallMs: 5_000 });
    current = { model: request.model, adapter: opened(request), flight };
  }
  const { flight, adapter } = current;
  if (flight.value !== null) return flight.value;
  return flight.get((onProgress) => {
    const loading = openEngine({
      source: request.source,
      adapter,
      wasm: ortWasm,
      onProgress,
    });
    request.keepAlive?.(loading.catch(() => {}));
    return loading;
  });
}
