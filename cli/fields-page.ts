/**
 * docs/participant-fields.json and docs/participant-fields.md: every field that leaves a participant, made from the schemas
 * that its requests are checked by. `npm run docs:fields` writes both; a test holds them against what is made here, and the
 * list of requests against the routes.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { Enrolment, TermsRequest } from '../shared/protocol/enrolment.ts';
import {
  ChunkParams,
  ChunkQuery,
  PollQuery,
  Report,
  RostersQuery,
  RoundParams,
  RowEmbeddings,
  RowsQuery,
  StateQuery,
} from '../shared/protocol/fl.ts';
import { SECAGG_PROTOCOL } from '../shared/protocol/secagg.ts';
import { type Schema, typeOf } from '../workers/docs/reference.ts';
import { allLimits, markdownTable } from './schema-table.ts';
import { PROJECT } from './worker-bundle.ts';

interface Source {
  request: string;
  what: string;
  schemas: z.ZodType[];
  /** Of a body that is no JSON. */
  bytes?: string;
}

/** All requests that a participant makes; own regions make the same calls over RPC. */
const REQUESTS: Source[] = [
  { request: 'POST /fl/terms', what: 'Asking for the terms of an invitation', schemas: [TermsRequest] },
  { request: 'POST /fl/enrol', what: 'Becoming a participant, once', schemas: [Enrolment] },
  { request: 'GET /fl/instruction', what: 'Asking what to do', schemas: [PollQuery] },
  { request: 'POST /fl/reports', what: 'Everything that a participant says of its work', schemas: [Report] },
  {
    request: 'PUT /fl/rounds/{round}/chunks/{chunk}',
    what: 'A piece of the vector, where sums are plain',
    schemas: [ChunkParams, ChunkQuery],
    bytes: 'Integers of the clipped, noised sum mod 2ᵇ, b bits each',
  },
  {
    request: 'POST /fl/rounds/{round}/frames',
    what: 'A piece of the masked vector',
    schemas: [RoundParams],
    bytes: 'Header, then integers of the clipped, noised and masked sum mod 2ᵇ, b bits each',
  },
  {
    request: 'GET /fl/rounds/{round}/arrived',
    what: 'Asking which pieces have come in',
    schemas: [RoundParams],
  },
  { request: 'GET /fl/state', what: 'Fetching what the round is about', schemas: [StateQuery] },
  { request: 'GET /fl/rows', what: 'Fetching the row table', schemas: [RowsQuery] },
  {
    request: 'POST /fl/row-embeddings',
    what: 'Fetching passages: those of all documents that learn, in one order',
    schemas: [RowEmbeddings],
  },
  { request: 'GET /fl/rosters', what: 'Fetching rosters', schemas: [RostersQuery] },
  { request: 'POST /fl/leave', what: 'Ending the membership', schemas: [] },
];

export interface LeavingField {
  /** As in JSON; `[]` is any entry of a list. */
  path: string;
  type: string;
  limits: string[];
  meaning: string;
}

export interface LeavingRequest {
  request: string;
  what: string;
  /** What the body is, where it is no JSON. */
  bytes: string | null;
  /** One for each kind of message; a request of one kind has no name. */
  messages: { name: string | null; fields: LeavingField[] }[];
}

export function leavingRequests(): LeavingRequest[] {
  return REQUESTS.map(({ request, what, schemas, bytes }) => ({
    ...{ request, what, bytes: bytes ?? null },
    messages: messagesOf(schemas),
  }));
}

function messagesOf(schemas: readonly z.ZodType[]): LeavingRequest['messages'] {
  const read = schemas.map((schema) => {
    const made = z.toJSONSchema(schema, { io: 'input' }) as Schema & { $defs?: Record<string, Schema> };
    return resolved(made, made.$defs ?? {});
  });
  const [only] = read;
  const kinds = read.length === 1 ? (only!.oneOf ?? only!.anyOf) : undefined;
  if (kinds === undefined) return [{ name: null, fields: read.flatMap((schema) => fieldsOf(schema, '')) }];
  return kinds.flatMap((kind) => kindsWithin(kind));
}

/** The steps of the secure sum are messages of their own. */
function kindsWithin(kind: Schema): LeavingRequest['messages'] {
  const name = String(kind.properties?.type?.const);
  const inner = kind.properties?.message?.oneOf;
  if (inner === undefined) return [{ name, fields: fieldsOf(kind, '') }];
  return inner.map((message) => ({
    name: `${name} ${String(message.properties?.kind?.const)}`,
    fields: fieldsOf({ ...kind, properties: { ...kind.properties, message } }, ''),
  }));
}

/** References in their places: no schema of the protocol refers to itself. */
function resolved(schema: Schema, defs: Record<string, Schema>): Schema {
  const { $ref, ...own } = schema as Schema & { $ref?: string };
  if ($ref !== undefined) return { ...resolved(defs[$ref.slice('#/$defs/'.length)]!, defs), ...own };
  const each = (all: Schema[]) => all.map((one) => resolved(one, defs));
  return {
    ...schema,
    ...(schema.items && { items: resolved(schema.items, defs) }),
    ...(schema.anyOf && { anyOf: each(schema.anyOf) }),
    ...(schema.oneOf && { oneOf: each(schema.oneOf) }),
    ...(schema.properties && {
      properties: Object.fromEntries(
        Object.entries(schema.properties).map(([name, field]) => [name, resolved(field, defs)]),
      ),
    }),
  };
}

function fieldsOf(schema: Schema, path: string): LeavingField[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([name, field]) =>
      fieldsOf(field, path === '' ? name : `${path}.${name}`),
    );
  }
  const alternatives = (schema.anyOf ?? schema.oneOf ?? []).filter(
    ({ properties }) => properties !== undefined,
  );
  if (alternatives.length > 0) return alternatives.flatMap((each) => fieldsOf(each, path));
  if (schema.items?.properties !== undefined) return fieldsOf(schema.items, `${path}[]`);
  return [{ path, type: typeOf(schema), limits: allLimits(schema), meaning: schema.description ?? '' }];
}

export function fieldsJson(): string {
  const all = { protocol: SECAGG_PROTOCOL, requests: leavingRequests() };
  return `${JSON.stringify(all, null, 1)}\n`;
}

const INTRODUCTION = `# What leaves a participant

<!-- Made from the schemas by \`npm run docs:fields\`: change the descriptions there. -->

Every field of every request that a participant makes, under \`/v1[/collections/NAME]\`; [participant-fields.json](participant-fields.json) has the same for programs. Requests with fields that are not here are refused. Besides them each request carries method, address and path, and the headers of its signature: a digest of the body, the time, a nonce, the participant's name ([federation.md](federation.md#requests)). The regions of a deployment make the same calls to their own coordinator, by RPC. What follows from records is noised, and masked where sums are secure: the bytes of vectors and nothing else ([privacy.md](privacy.md#what-leaves-besides-the-sum)).
`;

export function fieldsPage(): string {
  const sections = leavingRequests().map(({ request, what, bytes, messages }) => {
    const tables = messages.map(({ name, fields }) => {
      if (fields.length === 0) return '';
      const head = name === null ? '' : `### ${name}\n\n`;
      const lines = fields.map(({ path, type, limits, meaning }) => [
        `\`${path}\``,
        [type, ...limits].join(', '),
        meaning,
      ]);
      return `${head}${markdownTable(['field', 'values', 'meaning'], lines)}\n`;
    });
    const body = bytes === null ? '' : `Body: ${bytes}.\n`;
    return [`## ${request}\n`, `${what}.\n`, body, ...tables].filter((part) => part !== '').join('\n');
  });
  return [INTRODUCTION, ...sections].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(join(PROJECT, 'docs', 'participant-fields.json'), fieldsJson());
  await writeFile(join(PROJECT, 'docs', 'participant-fields.md'), fieldsPage());
}
