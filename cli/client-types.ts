/**
 * client/api.ts: the types of `fedcar/client`, made from the API's own description (GET /openapi.json). `npm run
 * client:types` writes it; a test holds it against what is made here. Left out are what participants and agents speak,
 * which have clients of their own, and bodies of bytes.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createApp } from '../workers/app.ts';
import { METHODS, type OpenApi, type Operation, type Parameter } from '../workers/docs/reference.ts';
import { openApiDocument } from '../workers/openapi.ts';
import { comment, SchemaTypes } from './schema-types.ts';
import { PROJECT } from './worker-bundle.ts';

const HEADER = `/** Written by \`npm run client:types\` from the API's description; do not change it by hand. */\n`;
const NOT_HERE = /^\/(fl|mcp)(\/|$)/;
const BYTES = 'application/octet-stream';

interface Listed {
  method: string;
  path: string;
  operation: Operation;
}

/** @returns the module's text */
export function clientTypes(document: OpenApi): string {
  const { paths = {}, components } = document;
  const operations = operationsOf(paths);
  const given = operations.flatMap(({ operation }) => bodyOf(operation) ?? []);
  const answered = operations.flatMap(({ operation }) => answerOf(operation) ?? []);
  const types = new SchemaTypes(components?.schemas ?? {}, given, [
    ...answered,
    // Lines of a stream, which no route names.
    { $ref: '#/components/schemas/ChatCompletionChunk' },
  ]);
  const outside = operations
    .map(({ path }) => path)
    .filter((path) => paths[`/v1/collections/{collection}${path}`] === undefined)
    .map((path) => `'${path.split('/')[1]}'`);
  const entries = operations.map(
    ({ method, path, operation }) =>
      `${comment(operation.summary, '  ')}  '${method.toUpperCase()} ${path}': ${partsOf(operation, types)};\n`,
  );
  return [
    HEADER,
    '/** First words of paths that belong to no collection. */',
    `export const OUTSIDE = [${[...new Set(outside)].join(', ')}] as const;\n`,
    '/** What each operation takes and answers. */',
    `export interface Operations {\n${entries.join('')}}\n`,
    ...types.declarations(),
  ].join('\n');
}

function operationsOf(paths: NonNullable<OpenApi['paths']>): Listed[] {
  const found: Listed[] = [];
  for (const [full, item] of Object.entries(paths)) {
    const path = full.replace(/^\/v1/, '');
    if (path === full || full.includes('/{collection}/') || NOT_HERE.test(path)) continue;
    for (const method of METHODS) {
      const operation = item[method];
      if (operation === undefined || Array.isArray(operation)) continue;
      if (operation.requestBody?.content?.[BYTES] ?? success(operation)?.[BYTES]) continue;
      found.push({ method, path, operation });
    }
  }
  return found;
}

function success({ responses = {} }: Operation) {
  const status = Object.keys(responses).find((each) => /^2/.test(each));
  return status === undefined ? undefined : responses[status]?.content;
}

const bodyOf = (operation: Operation) => operation.requestBody?.content?.['application/json']?.schema;
const answerOf = (operation: Operation) => success(operation)?.['application/json']?.schema;

function partsOf(operation: Operation, types: SchemaTypes): string {
  const { parameters = [], requestBody } = operation;
  const parts: string[] = [];
  const path = parameters.filter((each) => each.in === 'path');
  if (path.length > 0) parts.push(`params: ${fieldsOf(path, types)}`);
  const query = parameters.filter((each) => each.in === 'query');
  const mark = (needed: boolean | undefined) => (needed ? '' : '?');
  if (query.length > 0)
    parts.push(`query${mark(query.some(({ required }) => required))}: ${fieldsOf(query, types)}`);
  const body = bodyOf(operation);
  if (body !== undefined) parts.push(`body${mark(requestBody?.required)}: ${types.text(body, 'given')}`);
  const answer = answerOf(operation);
  // Text and nothing at all come as null.
  parts.push(`answer: ${answer === undefined ? 'null' : types.text(answer, 'answered')}`);
  return `{ ${parts.join('; ')} }`;
}

/** Parameters of paths, which all have to be there, and of queries. Versions are numbers where a name may stand. */
function fieldsOf(parameters: readonly Parameter[], types: SchemaTypes): string {
  const fields = parameters.map(({ name, in: place, required, schema = {} }) => {
    const type = name === 'version' ? 'number | string' : types.text(schema, 'given');
    // What is null is not sent.
    return required || place === 'path' ? `${name}: ${type}` : `${name}?: ${type} | null`;
  });
  return `{ ${fields.join('; ')} }`;
}

/** The description as a deployment serves it. */
export function description(): OpenApi {
  const app = createApp(
    () => {
      throw new TypeError('a description asks no object');
    },
    () => 0,
  );
  return openApiDocument(app) as OpenApi;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(join(PROJECT, 'client', 'api.ts'), clientTypes(description()));
}
