/** The subject of `fedcar bench engine` as a Worker: one command a request, the artifact through a binding. */
import { ortWasm } from '../../../models/ort-wasm.ts';
import { type Command, EngineSubject } from './engine-subject.ts';

interface Env {
  ARTIFACT: Fetcher;
}

let subject: EngineSubject | null = null;

export default {
  async fetch(request, env) {
    const source = {
      async read(name: string) {
        const response = await env.ARTIFACT.fetch(`http://artifact/${name}`);
        if (!response.ok) throw new Error(`status ${response.status}`);
        return new Uint8Array(await response.arrayBuffer());
      },
    };
    subject ??= new EngineSubject(source, ortWasm);
    return Response.json(await subject.perform(await request.json<Command>()));
  },
} satisfies ExportedHandler<Env>;
