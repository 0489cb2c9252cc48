/**
 * JSON Schemas as TypeScript. A schema that is both given and answered may need two types: what has a default may be
 * left out of a request and is there in every answer; then the one that is given is called `…Input`.
 */
import { nameOfRef, type Schema } from '../workers/docs/reference.ts';

export type Direction = 'given' | 'answered';

export class SchemaTypes {
  readonly #schemas: Readonly<Record<string, Schema>>;
  readonly #reached: Record<Direction, ReadonlySet<string>>;
  /** Names with two types. */
  readonly #split = new Set<string>();

  /** @param schemas the named ones; @param given,answered where they are used */
  constructor(schemas: Record<string, Schema>, given: readonly Schema[], answered: readonly Schema[]) {
    this.#schemas = schemas;
    this.#reached = { given: reached(given, schemas), answered: reached(answered, schemas) };
    const both = [...this.#reached.given].filter((name) => this.#reached.answered.has(name));
    // A schema is split because of what it names, too.
    for (let before = -1; before !== this.#split.size; ) {
      before = this.#split.size;
      for (const name of both) {
        const texts = (['given', 'answered'] as const).map((way) => this.text(schemas[name]!, way));
        if (texts[0] !== texts[1]) this.#split.add(name);
      }
    }
  }

  /** Of all that is used, by name. */
  declarations(): string[] {
    const names = new Set([...this.#reached.given, ...this.#reached.answered]);
    return [...names].sort().flatMap((name) => {
      const schema = this.#schemas[name]!;
      if (!this.#split.has(name)) {
        const way = this.#reached.answered.has(name) ? 'answered' : 'given';
        return [this.#declaration(name, schema, way)];
      }
      return [
        this.#declaration(name, schema, 'answered'),
        this.#declaration(`${name}Input`, schema, 'given'),
      ];
    });
  }

  #declaration(name: string, schema: Schema, way: Direction): string {
    const said = comment(schema.description, '');
    const plain = schema.properties !== undefined && schema.type === 'object';
    return plain
      ? `${said}export interface ${name} ${this.#object(schema, '', way)}\n`
      : `${said}export type ${name} = ${this.text(schema, way)};\n`;
  }

  text(schema: Schema, way: Direction, indent = ''): string {
    if (schema.$ref !== undefined) {
      const name = nameOfRef(schema.$ref);
      return way === 'given' && this.#split.has(name) ? `${name}Input` : name;
    }
    if (schema.const !== undefined) return literal(schema.const);
    const union = schema.anyOf ?? schema.oneOf;
    const joined = (all: readonly Schema[], by: string) =>
      [...new Set(all.map((each) => this.text(each, way, indent)))].join(by);
    if (union !== undefined) return joined(union, ' | ');
    if (schema.allOf !== undefined) return joined(schema.allOf, ' & ');
    const types = [schema.type ?? 'unknown'].flat();
    if (schema.enum !== undefined) {
      const nullable = types.includes('null') ? ['null'] : [];
      return [...new Set([...schema.enum.map(literal), ...nullable])].join(' | ');
    }
    return [...new Set(types.map((type) => this.#plain(type, schema, way, indent)))].join(' | ');
  }

  #plain(type: string, schema: Schema, way: Direction, indent: string): string {
    if (type === 'integer') return 'number';
    if (type === 'object') return this.#object(schema, indent, way);
    if (type !== 'array') return type;
    const of = this.text(schema.items ?? {}, way, indent);
    const list = /[ {]/.test(of) ? `(${of})[]` : `${of}[]`;
    return way === 'given' ? `readonly ${list}` : list;
  }

  #object(schema: Schema, indent: string, way: Direction): string {
    const { properties = {}, required = [], additionalProperties } = schema;
    const within = `${indent}  `;
    const lines = Object.entries(properties).map(([name, field]) => {
      const there = required.includes(name) || (way === 'answered' && field.default !== undefined);
      const key = /^[\w$]+$/.test(name) ? name : `'${name}'`;
      const type = this.text(field, way, within);
      return `${comment(field.description, within)}${within}${key}${there ? '' : '?'}: ${type};\n`;
    });
    if (typeof additionalProperties === 'object')
      lines.push(`${within}[name: string]: ${this.text(additionalProperties, way, within)};\n`);
    return lines.length === 0 ? 'Record<string, unknown>' : `{\n${lines.join('')}${indent}}`;
  }
}

/** Names of the schemas that `from` leads to. */
function reached(from: readonly Schema[], schemas: Readonly<Record<string, Schema>>): Set<string> {
  const known = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const inner of Object.values(value)) visit(inner);
    const { $ref } = value as Schema;
    if (typeof $ref !== 'string' || known.has(nameOfRef($ref))) return;
    known.add(nameOfRef($ref));
    visit(schemas[nameOfRef($ref)]);
  };
  visit(from);
  return known;
}

const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replace(/['\\]/g, '\\$&')}'` : JSON.stringify(value);

export function comment(text: string | undefined, indent: string): string {
  return text === undefined ? '' : `${indent}/** ${text.replaceAll('*/', '*\\/').replaceAll('\n', ' ')} */\n`;
}
