/** What the API's description says of access, refusals and parameters. Whether it is true is what test:api finds out. */
import { beforeAll, describe, expect, it } from 'vitest';
import { accessTo } from '../../../workers/middleware/rules.ts';
import { guardedApp } from '../../helpers/guarded-app.ts';

interface Operation {
  security?: object[];
  description?: string;
  requestBody?: object;
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
  parameters?: { name: string; in: string; schema: { type: unknown; maximum?: number } }[];
}

let operations: { name: string; path: string; method: string; operation: Operation }[];
let document: Record<string, unknown>;

beforeAll(async () => {
  document = (await guardedApp().ask('/openapi.json')).json;
  operations = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(
    ([path, item]) =>
      Object.entries(item)
        .filter(([method]) => method !== 'parameters')
        .map(([method, operation]) => ({ name: `${method} ${path}`, path, method, operation })),
  );
});

describe('every operation', () => {
  it('below /v1 names the token and its scope, or the signature', () => {
    expect(document).toMatchObject({
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    });
    expect(operations.length).toBeGreaterThan(80);
    for (const { name, path, method, operation } of operations) {
      const access = accessTo(method.toUpperCase(), path);
      if (access === null) expect(operation.security, name).toBeUndefined();
      else if (access.scope === 'signed') expect(operation.security, name).toBeUndefined();
      else {
        expect(operation.security, name).toEqual([{ token: [] }]);
        expect(operation.description, name).toContain(`Scope: \`${access.scope}\``);
      }
    }
  });

  it('declares what is answered in its place, as problem documents', () => {
    for (const { name, path, operation } of operations.filter(({ path: each }) => each.startsWith('/v1'))) {
      const needed = ['400', '401', '403', '429', '503'];
      if (operation.requestBody !== undefined) needed.push('413', '415');
      for (const status of needed) {
        expect(operation.responses[status], `${name} ${status} ${path}`).toBeDefined();
        // The protocol of agents has errors of its own for messages that it does not know.
        const also = status === '400' && path.endsWith('/mcp') ? ['application/json'] : [];
        const types = Object.keys(operation.responses[status]?.content ?? {});
        expect(types, name).toEqual(['application/problem+json', ...also]);
      }
    }
  });

  it('has parameters that are never null, and integers that end somewhere', () => {
    const parameters = operations.flatMap(({ name, operation }) =>
      (operation.parameters ?? []).map((parameter) => ({ name, parameter })),
    );
    expect(parameters.length).toBeGreaterThan(20);
    for (const { name, parameter } of parameters) {
      expect(parameter.schema.type, `${name} ${parameter.name}`).not.toContain('null');
      if (parameter.schema.type === 'integer') expect(parameter.schema.maximum).toBeGreaterThan(0);
    }
  });
});

describe('every property', () => {
  interface Schema {
    $ref?: string;
    description?: string;
    properties?: Record<string, Schema>;
  }

  /** One that refers to a component has the description of that. */
  const isDescribed = ({ $ref, description }: Schema): boolean => {
    const { schemas } = document.components as { schemas: Record<string, Schema> };
    const referred = $ref === undefined ? undefined : schemas[$ref.slice($ref.lastIndexOf('/') + 1)];
    return (description ?? referred?.description ?? '').trim() !== '';
  };

  /** Properties and parameters anywhere below, with their place; examples have none. */
  function* propertiesIn(node: unknown, at = ''): Generator<[place: string, property: Schema]> {
    if (Array.isArray(node)) {
      for (const [index, inner] of node.entries()) yield* propertiesIn(inner, `${at}/${index}`);
    } else if (typeof node === 'object' && node !== null) {
      for (const [key, inner] of Object.entries(node as Record<string, unknown>)) {
        if (key === 'example') continue;
        const fields = key === 'properties' && !at.endsWith('/properties');
        if (fields || (key === 'parameters' && Array.isArray(inner))) {
          for (const [name, field] of Object.entries(inner as Record<string, Schema>)) {
            yield [`${at}/${name}`, field];
          }
        }
        yield* propertiesIn(inner, `${at}/${key}`);
      }
    }
  }

  it('has a description, of requests as of answers', () => {
    const all = [...propertiesIn(document)];
    expect(all.length).toBeGreaterThan(1000);
    expect(all.filter(([, field]) => !isDescribed(field)).map(([place]) => place)).toEqual([]);
  });

  it('can be null where the description says so', () => {
    // `allOf` with a reference would have to hold for null, too, and does not.
    expect(JSON.stringify(document)).not.toContain('"allOf"');
  });
});
