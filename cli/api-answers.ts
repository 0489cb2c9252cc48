/**
 * What the OpenAPI document says of answers, held against answers: their status, their type, and every field of a body.
 * Schemas are compiled when an answer needs them; a `default` of the document is not filled in, for what is said to be
 * there has to be there.
 */
import { z } from 'zod';

export interface AnswerDocument {
  components: { schemas: Record<string, object> };
}
/** As the document has them, by status or by `4XX`, `default`. */
export type DeclaredResponses = Record<string, { content?: DeclaredContent }>;
type DeclaredContent = Record<string, { schema?: object }>;

interface Answer {
  status: number;
  /** Without parameters; empty where there is none. */
  type: string;
  text: string;
}

/** Names of routes that a made-up path may hit; their refusals are declared elsewhere. */
const ELSEWHERE = new Set([404, 405]);

export class AnswerChecks {
  readonly #definitions: object;
  readonly #compiled = new WeakMap<object, z.ZodType>();
  readonly #elsewhere: DeclaredContent;

  constructor({ components }: AnswerDocument) {
    this.#definitions = definitionsOf(components.schemas) as object;
    this.#elsewhere = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  }

  /** What is wrong with an answer; null when it is one of those declared. */
  problem(responses: DeclaredResponses, { status, type, text }: Answer): string | null {
    const declared =
      responses[String(status)] ?? responses[`${String(status)[0]}XX`] ?? responses.default ?? null;
    if (declared === null && !ELSEWHERE.has(status)) return 'the document does not speak of this status';
    const content = declared === null ? this.#elsewhere : (declared.content ?? {});
    if (Object.keys(content).length === 0) return text === '' ? null : 'a body, of which nothing is declared';
    const media = content[type];
    if (media === undefined)
      return `the type ${type || '(none)'} is not declared: ${Object.keys(content).join(', ')}`;
    if (media.schema === undefined || !/json$/.test(type)) return null;
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      return 'what says that it is JSON is not';
    }
    const { error } = this.#schemaOf(media.schema).safeParse(body);
    if (error === undefined) return null;
    const said = error.issues.slice(0, 3).map(({ path, message }) => `#/${path.join('/')} ${message}`);
    return `does not fit its schema: ${said.join('; ')}`;
  }

  #schemaOf(schema: object): z.ZodType {
    const known = this.#compiled.get(schema);
    if (known !== undefined) return known;
    const made = z.fromJSONSchema({
      ...(definitionsOf(schema) as object),
      $defs: this.#definitions,
    } as never);
    this.#compiled.set(schema, made);
    return made;
  }
}

/** A schema with its references to `$defs`, and without the values that would stand for what is missing. */
function definitionsOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(definitionsOf);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema)
      // A property of that name is a schema; the keyword is a value.
      .filter(([name, value]) => name !== 'default' || isSchema(value))
      .map(([name, value]) => [name, name === '$ref' ? rebased(String(value)) : definitionsOf(value)]),
  );
}

const isSchema = (value: unknown) =>
  typeof value === 'object' && value !== null && ('type' in value || '$ref' in value || 'anyOf' in value);
const rebased = (reference: string) => reference.replace('#/components/schemas/', '#/$defs/');
