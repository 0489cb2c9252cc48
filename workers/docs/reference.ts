/** The OpenAPI document as the reference shows it: the bare paths, by topic, each operation with an anchor. Pure. */

/** What is read of a JSON Schema. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

export interface MediaContent {
  schema?: Schema;
  example?: unknown;
}

export interface Operation {
  summary?: string;
  description?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content?: Record<string, MediaContent> };
  responses?: Record<string, { description?: string; content?: Record<string, MediaContent> }>;
}

export interface OpenApi {
  info: { title: string; version: string; description?: string };
  paths?: Record<string, Record<string, Operation | Parameter[]>>;
  components?: { schemas?: Record<string, Schema> };
}

export interface Entry {
  /** Of its place in the page. */
  id: string;
  method: string;
  path: string;
  operation: Operation;
}

export interface Topic {
  name: string;
  entries: Entry[];
}

export const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** `post /v1/items/{key}` is `post-items-key`. */
export function anchorOf(method: string, path: string): string {
  const words = path.replace(/^\/v1\//, '').match(/[\w.-]+/g) ?? [];
  return [method, ...words].join('-');
}

/** Every route once: those under a collection's own path are the bare ones again. */
export function topicsOf({ paths = {} }: OpenApi): Topic[] {
  const topics = new Map<string, Topic>();
  for (const [path, item] of Object.entries(paths)) {
    if (path.includes('/{collection}/')) continue;
    for (const method of METHODS) {
      const operation = item[method];
      if (operation === undefined || Array.isArray(operation)) continue;
      const name = operation.tags?.[0] ?? 'other';
      const topic = topics.get(name) ?? { name, entries: [] };
      topic.entries.push({ id: anchorOf(method, path), method, path, operation });
      topics.set(name, topic);
    }
  }
  return [...topics.values()];
}

/** `#/components/schemas/Chunk` is `Chunk`. */
export function nameOfRef(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}

/** What a value may be, in a few words, without the fields of objects. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return nameOfRef(schema.$ref);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const union = schema.anyOf ?? schema.oneOf;
  if (union !== undefined) return union.map(typeOf).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  const types = [schema.type ?? 'any'].flat();
  return types
    .map((type) => (type === 'array' ? `array of ${typeOf(schema.items ?? {})}` : type))
    .join(' or ');
}

/** Limits and default, as short sentences without a full stop. */
export function limitsOf(schema: Schema): string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, minItems, maxItems } =
    schema;
  const said: string[] = [];
  const between = (low: number | undefined, high: number | undefined, unit: string) => {
    if (low !== undefined && high !== undefined) said.push(`${low} to ${high}${unit}`);
    else if (low !== undefined) said.push(`at least ${low}${unit}`);
    else if (high !== undefined) said.push(`at most ${high}${unit}`);
  };
  // Schemas write `any safe integer` with its bounds.
  const safe = (limit: number | undefined) =>
    limit !== undefined && Math.abs(limit) >= Number.MAX_SAFE_INTEGER ? undefined : limit;
  between(safe(minimum), safe(maximum), '');
  if (exclusiveMinimum !== undefined) said.push(`more than ${exclusiveMinimum}`);
  if (exclusiveMaximum !== undefined) said.push(`less than ${exclusiveMaximum}`);
  between(minLength, maxLength, ' characters');
  between(minItems, maxItems, ' entries');
  if (schema.pattern !== undefined) said.push(`matches ${schema.pattern}`);
  if (schema.default !== undefined) said.push(`default ${JSON.stringify(schema.default)}`);
  return said;
}
