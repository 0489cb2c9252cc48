/** The tools as a server of the Model Context Protocol, made anew for every request: nothing is kept between two. */
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { errorText, logLine } from '../../shared/log.ts';
import {
  AskInput,
  ask,
  type CallApi,
  FeedbackToolInput,
  giveFeedback,
  ReadInput,
  readDocument,
  SearchInput,
  search,
  type ToolAnswer,
} from './tools.ts';

const INSTRUCTIONS =
  'Documents of one collection. Use search to find passages and ask for a short answer with its sources; read_document gives a whole document. When you know which document answered a question, or that one did not, say so with feedback: the retriever learns from it.';

/** @param message the request's body, which was read already. */
export async function answerMcp(request: Request, message: unknown, call: CallApi): Promise<Response> {
  const handler = createMcpHandler(() => serverOf(call), {
    // The tools never change, so there is nothing to wait for.
    maxSubscriptions: 0,
    onerror: (error) => logLine('mcp_error', { level: 'warn', error: errorText(error) }),
  });
  return await handler.fetch(acceptingBoth(request), { parsedBody: message });
}

/** `Accept: *\/*`, or none, takes both kinds of answer, which the library wants to be named (RFC 9110, 12.5.1). */
function acceptingBoth(request: Request): Request {
  const accept = request.headers.get('accept');
  if (accept !== null && !/(^|,)\s*\*\/\*\s*($|,)/.test(accept)) return request;
  const headers = new Headers(request.headers);
  headers.set('accept', 'application/json, text/event-stream');
  return new Request(request.url, { method: request.method, headers, signal: request.signal });
}

function serverOf(call: CallApi): McpServer {
  const server = new McpServer(
    { name: 'fedcar', version: '0.1.0' },
    { instructions: INSTRUCTIONS, capabilities: { tools: { listChanged: false } } },
  );
  const reads = { readOnlyHint: true, openWorldHint: false };
  server.registerTool(
    'search',
    {
      title: 'Search',
      description: 'Passages that fit a query, best document first',
      inputSchema: SearchInput,
      annotations: reads,
    },
    async (input) => shown(await search(call, input)),
  );
  server.registerTool(
    'ask',
    {
      title: 'Ask',
      description: 'A short answer from the documents, with the passages that it rests on',
      inputSchema: AskInput,
      annotations: reads,
    },
    async (input) => shown(await ask(call, input)),
  );
  server.registerTool(
    'read_document',
    {
      title: 'Read a document',
      description: 'The text of one document, long ones in parts',
      inputSchema: ReadInput,
      annotations: reads,
    },
    async (input) => shown(await readDocument(call, input)),
  );
  server.registerTool(
    'feedback',
    {
      title: 'Say what answered',
      description:
        'Say that a document answers a question, or does not. The retriever learns from it, so say it only if you know',
      inputSchema: FeedbackToolInput,
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: false,
      },
    },
    async (input) => shown(await giveFeedback(call, input)),
  );
  return server;
}

function shown({ text, failed }: ToolAnswer) {
  return { content: [{ type: 'text' as const, text }], ...(failed ? { isError: true } : {}) };
}
