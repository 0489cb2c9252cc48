/** The OpenAPI document, made from the routes' own schemas. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from './env.ts';

const INFO = {
  title: 'fedcar',
  version: '0.1.0',
  description:
    'Retrieval for question answering that learns from every region without moving its queries. ' +
    'Paths below /v1 without a collection mean the collection `default`.',
};

const COLLECTION_PARAMETER = {
  name: 'collection',
  in: 'path',
  required: true,
  description: 'Name of the collection',
  schema: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' },
} as const;

/** OpenAPI 3.1. The routers are mounted twice; the second time their paths have a parameter more. */
export function openApiDocument(app: OpenAPIHono<AppEnv>) {
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: INFO });
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    if (path.includes('{collection}')) item.parameters = [COLLECTION_PARAMETER];
  }
  return document;
}
