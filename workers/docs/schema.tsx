/** A JSON Schema as a list of fields; what is named elsewhere is linked, what is nested is indented. */
import { Prose } from './prose.tsx';
import { limitsOf, nameOfRef, type Schema, typeOf } from './reference.ts';

/** The document's named schemas. */
export type Named = Readonly<Record<string, Schema>>;

/** With `named`, what the schema refers to is shown in its place; what that refers to is linked. */
export function SchemaView({ schema, named }: { schema: Schema; named?: Named }) {
  if (schema.$ref !== undefined) return <Referred target={schema.$ref} {...(named ? { named } : {})} />;
  const union = schema.anyOf ?? schema.oneOf;
  if (union?.some(hasFields)) {
    return (
      <div class="union">
        <p>One of</p>
        {union.map((each) => (
          <SchemaView schema={each} {...(named ? { named } : {})} />
        ))}
      </div>
    );
  }
  if (schema.properties !== undefined) return <Fields schema={schema} />;
  if (schema.items !== undefined && hasFields(schema.items)) {
    return (
      <div class="union">
        <p>Array of</p>
        <SchemaView schema={schema.items} />
      </div>
    );
  }
  return <p class="type">{[typeOf(schema), ...limitsOf(schema)].join(', ')}</p>;
}

/** Whether its fields, or a name that links to them, should be shown below it. */
function hasFields({ $ref, properties, anyOf, oneOf, items }: Schema): boolean {
  if ($ref !== undefined || properties !== undefined) return true;
  return [...(anyOf ?? []), ...(oneOf ?? []), ...(items === undefined ? [] : [items])].some(hasFields);
}

function Referred({ target, named }: { target: string; named?: Named }) {
  const referred = named?.[nameOfRef(target)];
  if (referred === undefined) return <Reference target={target} />;
  const isUnion = (referred.anyOf ?? referred.oneOf) !== undefined;
  return (
    <div class="referred">
      <Reference target={target} />
      <SchemaView schema={referred} {...(isUnion && named ? { named } : {})} />
    </div>
  );
}

function Reference({ target }: { target: string }) {
  const name = nameOfRef(target);
  return (
    <a class="type" href={`#schema-${name}`}>
      {name}
    </a>
  );
}

function Fields({ schema }: { schema: Schema }) {
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length === 0) return <p class="type">an object without fields</p>;
  return (
    <ul class="fields">
      {fields.map(([name, field]) => (
        <li>
          <code class="name">{name}</code>
          {schema.required?.includes(name) ? <span class="needed">required</span> : null}
          <Summary schema={field} />
          {field.description === undefined ? null : <Prose text={field.description} />}
          <Nested schema={field} />
        </li>
      ))}
    </ul>
  );
}

/** Type and limits on the field's own line. */
function Summary({ schema }: { schema: Schema }) {
  const { items } = schema;
  const limits = limitsOf(schema);
  const said = limits.length === 0 ? '' : `, ${limits.join(', ')}`;
  if (schema.$ref !== undefined) return <Reference target={schema.$ref} />;
  if (items?.$ref !== undefined) {
    return (
      <span class="type">
        array of <Reference target={items.$ref} />
        {said}
      </span>
    );
  }
  return (
    <span class="type">
      {typeOf(schema)}
      {said}
    </span>
  );
}

function Nested({ schema }: { schema: Schema }) {
  if (schema.$ref !== undefined || schema.items?.$ref !== undefined) return null;
  const inner = schema.items ?? schema;
  if (!hasFields(inner)) return null;
  return <SchemaView schema={inner} />;
}
