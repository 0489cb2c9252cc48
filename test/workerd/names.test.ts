/**
 * Names that every object inherits are names like any other, or are refused as such: every route of the API's
 * description is asked with them in its path, its query and its body.
 */
import { SELF } from 'cloudflare:test';
import { beforeAll, expect, it } from 'vitest';

const NAMES = [
  'constructor',
  'toString',
  '__proto__',
  'hasOwnProperty',
  'then',
  'valueOf',
  'toJSON',
  '__defineGetter__',
  'prototype',
];

interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
}
interface Operation {
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

let described: Description;

async function ask(method: string, path: string, body?: string) {
  const init: RequestInit = { method };
  if (body !== undefined) Object.assign(init, { body, headers: { 'content-type': 'application/json' } });
  const response = await SELF.fetch(`https://fedcar.test${path}`, init);
  return { status: response.status, text: await response.text() };
}

beforeAll(async () => {
  described = JSON.parse((await ask('GET', '/openapi.json')).text);
  const settings = { regions: ['weur', 'apac'], schedule: { everyHours: 0 } };
  for (const name of ['names', 'constructor']) {
    expect((await ask('POST', '/v1/collections', JSON.stringify({ name, settings }))).status).toBe(201);
  }
}, 180_000);

/** JSON of the schema in which every text is `name`, and so is every free field's name. */
function sample(schema: Schema, name: string, depth = 0): string {
  const { $ref, anyOf, oneOf, allOf, items, properties, additionalProperties: free } = schema;
  const again = (inner: Schema) => sample(inner, name, depth + 1);
  if ($ref !== undefined) return again(described.components.schemas[$ref.split('/').at(-1)!]!);
  const [first] = [...(anyOf ?? []), ...(oneOf ?? []), ...(allOf ?? [])];
  if (first !== undefined) return again(first);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return JSON.stringify(schema.enum[0]);
  const type = [schema.type].flat()[0];
  if (type === 'array') return `[${items === undefined ? '' : again(items)}]`;
  if (type === 'boolean') return 'true';
  if (type === 'integer' || type === 'number') return String(schema.minimum ?? 1);
  if (type !== 'object') return JSON.stringify(name);
  const fields = Object.entries(properties ?? {}).map(([field, inner]) => `"${field}":${again(inner)}`);
  if (typeof free === 'object') fields.push(`${JSON.stringify(name)}:${again(free)}`);
  return `{${fields.join(',')}}`;
}

/** The short form asks each form of a request with every third of the names, and each name at every route. */
const PARTS = process.env.FEDCAR_FULL === '1' ? 1 : 3;

it.each(NAMES)('%s is nothing that a route fails at', { timeout: 300_000 }, async (name) => {
  const failed: string[] = [];
  const turn = NAMES.indexOf(name);
  let form = 0;
  const routes = Object.entries(described.paths).flatMap(([path, methods]) =>
    ['get', 'post', 'put', 'patch', 'delete'].flatMap((method) => {
      const operation = methods[method];
      return operation === undefined ? [] : [{ path, method: method.toUpperCase(), operation }];
    }),
  );
  expect(routes.length).toBeGreaterThan(40);
  for (const { path, method, operation } of routes) {
    const query = (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'query')
      .map((parameter) => `${parameter.name}=${name}`);
    const schema = operation.requestBody?.content['application/json']?.schema;
    const bodies =
      schema === undefined
        ? [undefined]
        : [sample(schema, name), `{${JSON.stringify(name)}:{}}`, JSON.stringify(name)];
    const paths = ['names', name].map((collection) =>
      path.replaceAll(/\{(\w+)\}/g, (_, parameter) =>
        path.startsWith(`/v1/collections/{${parameter}}/`) ? collection : encodeURIComponent(name),
      ),
    );
    const tails = [...new Set(['', `?${name}=${name}`, `?${query.join('&')}`])];
    for (const each of new Set(paths)) {
      for (const body of bodies) {
        for (const tail of tails) {
          if (form++ % PARTS !== turn % PARTS) continue;
          const { status, text } = await ask(method, `${each}${tail}`, body);
          if (status >= 500) failed.push(`${method} ${each}${tail} ${body}: ${status} ${text.slice(0, 200)}`);
        }
      }
    }
  }
  expect(failed).toEqual([]);
});

it('documents have such keys, and metadata such fields', { timeout: 180_000 }, async () => {
  const items = NAMES.map((key) => ({
    key,
    text: `About ${key} in JavaScript.`,
    metadata: { constructor: key },
  }));
  const base = '/v1/collections/names/items';
  for (let turn = 0; turn < 2; turn++) {
    const uploaded = JSON.parse((await ask('POST', base, JSON.stringify({ items }))).text);
    expect(uploaded).toMatchObject({ errors: [] });
    expect(uploaded.items.map(({ key }: { key: string }) => key)).toEqual(NAMES);
  }
  for (const key of NAMES) {
    const found = JSON.parse((await ask('GET', `${base}/${key}`)).text);
    expect(found).toMatchObject({ key, text: `About ${key} in JavaScript.`, metadata: { constructor: key } });
    expect((await ask('GET', `${base}/${key}/passages`)).status).toBe(200);
    const filters = encodeURIComponent(JSON.stringify({ constructor: { $eq: key } }));
    const listed = JSON.parse((await ask('GET', `${base}?filters=${filters}`)).text);
    expect(listed.items.map((item: { key: string }) => item.key)).toEqual([key]);
  }
  const filters = { constructor: { $in: NAMES } };
  const query = { query: 'JavaScript', ai_search_options: { retrieval: { filters, max_num_results: 20 } } };
  const searched = JSON.parse(
    (await ask('POST', '/v1/collections/names/search', JSON.stringify(query))).text,
  );
  expect(searched.chunks.map((chunk: { item: { key: string } }) => chunk.item.key).sort()).toEqual(
    [...NAMES].sort(),
  );
  for (const item of NAMES) {
    const said = await ask(
      'POST',
      '/v1/collections/names/feedback',
      JSON.stringify({ query: `what is ${item}`, item }),
    );
    expect(said.status, said.text).toBe(200);
    expect((await ask('DELETE', `${base}/${item}`)).status).toBe(204);
    expect((await ask('GET', `${base}/${item}`)).status).toBe(404);
  }
});

it('regions and participants have none that no member has', async () => {
  const created = await ask(
    'POST',
    '/v1/collections',
    JSON.stringify({ name: 'broken', settings: { regions: ['weur', 'constructor'] } }),
  );
  expect(created.status).toBe(400);
  expect(created.text).toContain('regions: constructor');
  expect((await ask('GET', '/v1/collections/broken')).status).toBe(404);
  const invited = await ask('POST', '/v1/participants/invitations', JSON.stringify({ name: 'constructor' }));
  expect(JSON.parse(invited.text)).toMatchObject({ status: 400, errors: [{ pointer: '#/name' }] });
  expect(invited.text).toContain('constructor');
});
