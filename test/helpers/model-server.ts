/** An endpoint that speaks OpenAI's chat completions, on a free local port, and does what a test tells it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ModelServer {
  /** Base URL, as `FEDCAR_ANSWER_URL` takes it. */
  url: string;
  /** What was asked, in order. */
  requests: { headers: IncomingMessage['headers']; body: Record<string, unknown> }[];
  /** How many clients left before their answer was over. */
  readonly left: number;
  stop(): Promise<void>;
}

export type Reply = (body: Record<string, unknown>, response: ServerResponse) => void | Promise<void>;

export async function modelServer(reply: Reply): Promise<ModelServer> {
  const requests: ModelServer['requests'] = [];
  let left = 0;
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text) as Record<string, unknown>;
    requests.push({ headers: request.headers, body });
    response.on('close', () => {
      if (!response.writableEnded) left += 1;
    });
    await reply(body, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    get left() {
      return left;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const usage = { prompt_tokens: 40, completion_tokens: 7, total_tokens: 47 };

/** A whole completion. */
export function replyWhole(content: string): Reply {
  return (_body, response) => {
    const choice = { index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'x', object: 'chat.completion', choices: [choice], usage }));
  };
}

/** One completion chunk as an event. */
export function chunkEvent(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', choices })}\n\n`;
}

/** A completion in pieces, whole unless `asked` says otherwise. */
export function replyInPieces(pieces: readonly string[]): Reply {
  return (body, response) => {
    if (body.stream !== true) return replyWhole(pieces.join(''))(body, response);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunkEvent({ role: 'assistant', content: '' }));
    for (const content of pieces) response.write(chunkEvent({ content }));
    response.write(chunkEvent({}, 'stop'));
    response.write(`data: ${JSON.stringify({ id: 'x', choices: [], usage })}\n\n`);
    response.end('data: [DONE]\n\n');
  };
}
