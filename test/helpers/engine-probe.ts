/** A Worker that answers from the isolate's shared engine: its artifact comes through the binding ARTIFACT. */
import { sharedEngine } from '../../models/shared-engine.ts';

interface Env {
  ARTIFACT: Fetcher;
}

export default {
  async fetch(request, env, context) {
    const source = {
      async read(name: string) {
        const response = await env.ARTIFACT.fetch(`http://artifact/${name}`);
        if (!response.ok) throw new Error(`status ${response.status}`);
        return new Uint8Array(await response.arrayBuffer());
      },
    };
    const text = new URL(request.url).searchParams.get('text') ?? 'where is my card ?';
    const keepAlive = request.headers.has('keep-alive-load')
      ? (work: Promise<unknown>) => context.waitUntil(work)
      : undefined;
    const opening = sharedEngine({ model: 'probe', source, adapter: { kind: 'full' }, keepAlive });
    // The request ends here, and with it, unless it is kept alive, everything that it has begun.
    if (new URL(request.url).searchParams.has('leave')) return Response.json({}, { status: 202 });
    try {
      const engine = await opening;
      const [first] = await engine.embed([engine.tokenize(text)]);
      return Response.json({ first, sha256: engine.info.sha256 });
    } catch (error) {
      return Response.json({ error: String(error) }, { status: 503 });
    }
  },
} satisfies ExportedHandler<Env>;
