/**
 * A Worker that answers from the isolate's shared engine: its artifact comes through the binding ARTIFACT. `adapter`
 * is a kind, `full` unless given; with `head` it answers with a gradient of the head alone, too.
 */
import type { AdapterSpec } from '../../models/encoder/adapter.ts';
import type { Engine } from '../../models/engine.ts';
import { sharedEngine } from '../../models/shared-engine.ts';

const ADAPTERS: Record<string, AdapterSpec> = {
  none: { kind: 'none' },
  full: { kind: 'full' },
  'low-rank': { kind: 'low-rank', rank: 2 },
};

/** Of a text among three rows, without an adapter. */
async function headGradient(engine: Engine, text: string): Promise<number[]> {
  const { width } = engine.info;
  const sums = { adapter: new Float64Array(0), head: new Float64Array(3 * width) };
  const head = Float32Array.from({ length: 3 * width }, (_, at) => Math.cos(at));
  const units = [{ ids: engine.tokenize(text, 'query'), row: 1 }];
  const request = {
    units,
    adapter: { kind: 'none' },
    head,
    active: new Uint8Array(3).fill(1),
    tau: 20,
  } as const;
  await engine.gradient({ ...request, clip: { joint: 1 } }, sums);
  return [...sums.head];
}

interface Env {
  ARTIFACT: Fetcher;
}

export default {
  async fetch(request, env, context) {
    let began = () => {};
    const loading = new Promise<void>((resolve) => {
      began = resolve;
    });
    const source = {
      async read(name: string) {
        const response = await env.ARTIFACT.fetch(`http://artifact/${name}`);
        began();
        if (!response.ok) throw new Error(`status ${response.status}`);
        return new Uint8Array(await response.arrayBuffer());
      },
    };
    const asked = new URL(request.url).searchParams;
    const text = asked.get('text') ?? 'where is my card ?';
    const adapter = ADAPTERS[asked.get('adapter') ?? 'full']!;
    const purpose = asked.has('embed') ? 'embed' : 'train';
    const keepAlive = request.headers.has('keep-alive-load')
      ? (work: Promise<unknown>) => context.waitUntil(work)
      : undefined;
    const opening = sharedEngine({ model: 'probe', source, adapter, purpose, keepAlive });
    // The request ends here, and with it, unless it is kept alive, everything that it has begun.
    if (asked.has('leave')) {
      await loading;
      return Response.json({}, { status: 202 });
    }
    try {
      const engine = await opening;
      const embedding = await engine.embed([engine.tokenize(text, 'query')], { kind: 'none' });
      const head = asked.has('head') ? await headGradient(engine, text) : undefined;
      return Response.json({ first: embedding[0], embedding: [...embedding], head });
    } catch (error) {
      return Response.json({ error: String(error) }, { status: 503 });
    }
  },
} satisfies ExportedHandler<Env>;
