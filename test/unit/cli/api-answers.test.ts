import { describe, expect, it } from 'vitest';
import { AnswerChecks, type AnswerDocument, type DeclaredResponses } from '../../../cli/api-answers.ts';
import { guardedApp } from '../../helpers/guarded-app.ts';

const schemas = {
  Problem: {
    type: 'object',
    properties: { code: { type: 'string' }, status: { type: 'integer' } },
    required: ['code', 'status'],
    additionalProperties: false,
  },
  Item: {
    type: 'object',
    properties: { key: { type: 'string' }, size: { type: 'integer', default: 0 } },
    required: ['key', 'size'],
    additionalProperties: false,
  },
};
const of = (type: string, schema: object) => ({ content: { [type]: { schema } } });
const responses: DeclaredResponses = {
  200: of('application/json', { type: 'array', items: { $ref: '#/components/schemas/Item' } }),
  204: {},
  '4XX': of('application/problem+json', { $ref: '#/components/schemas/Problem' }),
};
const checks = new AnswerChecks({ components: { schemas } });
const answered = (status: number, body: unknown, type = 'application/json') =>
  checks.problem(responses, { status, type, text: typeof body === 'string' ? body : JSON.stringify(body) });
const PROBLEM = 'application/problem+json';

describe('an answer', () => {
  it.each<[number, unknown, string]>([
    [200, [], 'application/json'],
    [200, [{ key: 'a', size: 1 }], 'application/json'],
    [204, '', ''],
    [429, { code: 'too_many_requests', status: 429 }, PROBLEM],
  ])('may be %i %j', (status, body, type) => {
    expect(answered(status, body, type)).toBeNull();
  });

  it.each<[number, unknown, string, RegExp]>([
    [200, [{ key: 'a', size: '1' }], 'application/json', /#\/0\/size/],
    [200, [{ key: 'a', size: 1, secret: 2 }], 'application/json', /secret/],
    // A default of the document does not stand for what is missing.
    [200, [{ key: 'a' }], 'application/json', /#\/0\/size/],
    [200, '[{', 'application/json', /is not$/],
    [200, 'fine', 'text/plain', /text\/plain is not declared/],
    [204, '{}', 'application/json', /nothing is declared/],
    [201, [], 'application/json', /does not speak of this status/],
    [400, { code: 'x' }, PROBLEM, /#\/status/],
    [500, 'Internal Server Error', 'text/plain', /does not speak of this status/],
  ])('may not be %i %j of type %s', (status, body, type, why) => {
    expect(answered(status, body, type)).toMatch(why);
  });

  it('of another route by a made-up path is a problem document', () => {
    const ask = (body: object) =>
      checks.problem({}, { status: 404, type: PROBLEM, text: JSON.stringify(body) });
    expect(ask({ code: 'unknown_route', status: 404 })).toBeNull();
    expect(ask({ code: 'unknown_route' })).toMatch(/#\/status/);
  });
});

it('every schema of an answer in the document can be checked', async () => {
  const document = (await guardedApp().ask('/openapi.json')).json as unknown as AnswerDocument & {
    paths: Record<string, Record<string, { responses?: DeclaredResponses }>>;
  };
  const all = new AnswerChecks(document);
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
  const said = operations.flatMap(({ responses: declared = {} }) =>
    Object.entries(declared).flatMap(([status, { content = {} }]) =>
      Object.keys(content)
        .filter((type) => type.endsWith('json'))
        // No answer is a bare string.
        .map((type) => all.problem(declared, { status: Number(status), type, text: '"x"' })),
    ),
  );
  expect(said.length).toBeGreaterThan(300);
  for (const each of said) expect(each).toMatch(/^does not fit its schema/);
});
