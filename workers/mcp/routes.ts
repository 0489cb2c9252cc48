/**
 * POST /mcp: the Model Context Protocol over streamable HTTP, without sessions. Every request is a whole exchange; the
 * tools are the routes of the API, called with the caller's own token.
 */

import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { body, NoQuery, problems, router } from '../router.ts';
import type { CallApi } from './tools.ts';

const Refusal = z.looseObject({
  jsonrpc: z.literal('2.0').describe('As JSON-RPC wants it'),
  error: z
    .looseObject({
      code: z.int().describe('As JSON-RPC numbers errors'),
      message: z.string().describe('What is wrong'),
    })
    .describe('Why the message was refused'),
});

const route = createRoute({
  method: 'post',
  path: '/mcp',
  summary: 'Tools for agents, by the Model Context Protocol',
  description:
    'Streamable HTTP without sessions, of 2026-07-28 and of 2025. Tools: `search`, `ask`, `read_document`, and `feedback`, which needs the scope of that name. A call of a tool counts as a request of its own. docs/ask.md has more.',
  tags: ['agents'],
  request: {
    query: NoQuery,
    body: body(
      z
        .looseObject({ jsonrpc: z.literal('2.0').describe('As JSON-RPC wants it') })
        .meta({ id: 'McpMessage', description: 'A message of JSON-RPC as the protocol defines it' }),
    ),
  },
  responses: {
    200: {
      description: 'The answer as the protocol defines it',
      content: {
        'application/json': { schema: z.looseObject({}).describe('A message of JSON-RPC') },
        'text/event-stream': { schema: z.string() },
      },
    },
    202: { description: 'A notification was taken' },
    400: {
      description: 'The request does not fit the schema, or is no message that the protocol knows',
      content: { ...problems.default.content, 'application/json': { schema: Refusal } },
    },
    ...problems,
  },
});

/** Answers a request as the application would that came from the same caller. */
export type Dispatch = (request: Request, c: Context<AppEnv>) => Response | Promise<Response>;

/** @param hide left out of the API's description: another address of what is described. */
export function mcpRoutes(dispatch: Dispatch, hide = false) {
  return router().openapi({ ...route, hide }, async (c) => {
    // Its schemas take a while to build: an isolate that no agent asks does without.
    const { answerMcp } = await import('./server.ts');
    const call = callerOf(c, dispatch);
    return (await answerMcp(c.req.raw, c.req.valid('json'), call)) as never;
  });
}

/** Headers by which the API knows who calls, and from where. */
const OF_CALLER = ['authorization', 'origin', 'sec-fetch-site', 'cf-connecting-ip'];

function callerOf(c: Context<AppEnv>, dispatch: Dispatch): CallApi {
  const { collection } = c.var;
  return async (method, path, given) => {
    const headers = new Headers({ 'x-request-id': c.var.requestId });
    for (const name of OF_CALLER) {
      const value = c.req.header(name);
      if (value !== undefined) headers.set(name, value);
    }
    const init: RequestInit = { method, headers, signal: c.req.raw.signal };
    if (given !== undefined) {
      headers.set('content-type', 'application/json');
      init.body = JSON.stringify(given);
    }
    const url = new URL(`/v1/collections/${encodeURIComponent(collection.name)}${path}`, c.req.url);
    const request = new Request(url, init);
    // Where the caller is decides which region keeps what it says.
    const { cf } = c.req.raw as Request;
    if (cf !== undefined) Object.defineProperty(request, 'cf', { value: cf });
    return await dispatch(request, c);
  };
}
