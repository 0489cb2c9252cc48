/** The OpenAPI document, made from the routes' own schemas. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { addExamples } from './docs/examples.ts';
import type { AppEnv } from './env.ts';
import { accessTo } from './middleware/rules.ts';

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

/** What the middleware may answer in the place of a route. */
const COMMON_PROBLEMS: Record<string, string> = {
  400: 'The request does not fit the schema',
  401: 'No token, or one that is not good',
  403: 'The token has not the scope, or is not for the collection',
  429: 'Too many requests; `retry-after` says when to try again',
  503: 'Not available at the moment, or the deployment has no secret',
};
const BODY_PROBLEMS: Record<string, string> = {
  413: 'The body is too large, compressed or not',
  415: 'The body is not of a type or an encoding that is taken',
};

const PROBLEM_CONTENT = {
  'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
} as const;

type PathItem = NonNullable<ReturnType<OpenAPIHono['getOpenAPI31Document']>['paths']>[string];

const METHODS = ['get', 'put', 'post', 'patch', 'delete'] as const;

/** Says of every operation below /v1 which scope it needs and what may be answered before it runs. */
function describeAccess(path: string, item: PathItem): void {
  for (const method of METHODS) {
    const operation = item[method];
    const access = accessTo(method.toUpperCase(), path);
    if (operation === undefined || access === null) continue;
    const signed = access.scope === 'signed';
    if (!signed) operation.security = [{ token: [] }];
    const who = signed ? 'Signed with a participant’s key.' : `Scope: \`${access.scope}\`.`;
    operation.description = [operation.description, who].filter((text) => text !== undefined).join('\n\n');
    const common = operation.requestBody ? { ...COMMON_PROBLEMS, ...BODY_PROBLEMS } : COMMON_PROBLEMS;
    for (const [status, description] of Object.entries(common)) {
      operation.responses ??= {};
      operation.responses[status] ??= { description, content: PROBLEM_CONTENT };
    }
  }
}

/** Numbers in paths and queries come as text, which zod may read from anything; a parameter is never null. */
function describeParameters(item: PathItem): void {
  for (const method of METHODS) {
    for (const parameter of item[method]?.parameters ?? []) {
      if (!('schema' in parameter) || parameter.schema === undefined || !('type' in parameter.schema))
        continue;
      const { schema } = parameter;
      const types = [schema.type ?? []].flat().filter((one) => one !== 'null');
      schema.type = types.length === 1 ? types[0] : types;
      // What zod takes for an integer ends there.
      if (schema.type === 'integer') schema.maximum ??= Number.MAX_SAFE_INTEGER;
    }
  }
}

/** OpenAPI 3.1. The routers are mounted twice; the second time their paths have a parameter more. */
export function openApiDocument(app: OpenAPIHono<AppEnv>) {
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: INFO });
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    if (path.includes('{collection}')) item.parameters = [COLLECTION_PARAMETER];
    describeAccess(path, item);
    describeParameters(item);
  }
  addExamples((document.paths ?? {}) as Parameters<typeof addExamples>[0]);
  document.components ??= {};
  document.components.securitySchemes = { token: { type: 'http', scheme: 'bearer' } };
  return document;
}
