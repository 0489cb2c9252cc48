/** One route: what it does, what it takes, what it answers, and a request that can be pasted into a shell. */

import { Inline, Prose } from './prose.tsx';
import type { Entry, MediaContent, Operation, Parameter } from './reference.ts';
import { limitsOf, typeOf } from './reference.ts';
import { type Named, SchemaView } from './schema.tsx';
import { TryIt } from './try-it.tsx';

export interface OperationProps {
  entry: Entry;
  origin: string;
  named: Named;
}

export function OperationView({ entry, origin, named }: OperationProps) {
  const { id, method, path, operation } = entry;
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  return (
    <article id={id} class="operation">
      <h3>
        <a class="anchor" href={`#${id}`}>
          <span class={`method ${method}`}>{method.toUpperCase()}</span> <code>{path}</code>
        </a>
      </h3>
      {operation.summary === undefined ? null : (
        <p class="summary">
          <Inline text={operation.summary} />.
        </p>
      )}
      {operation.description === undefined ? null : <Prose text={operation.description} />}
      <Parameters parameters={operation.parameters ?? []} />
      {content?.schema === undefined ? null : (
        <>
          <h4>Body {type === 'application/json' ? null : <code>{type}</code>}</h4>
          <SchemaView schema={content.schema} named={named} />
        </>
      )}
      <h4>Example</h4>
      <pre class="example" tabindex={0}>
        {curlOf(entry, origin, content)}
      </pre>
      <TryIt entry={entry} />
      <Responses operation={operation} named={named} />
    </article>
  );
}

function Parameters({ parameters }: { parameters: readonly Parameter[] }) {
  if (parameters.length === 0) return null;
  return (
    <>
      <h4>Parameters</h4>
      <ul class="fields">
        {parameters.map(({ name, in: place, required, schema = {}, description }) => (
          <li>
            <code class="name">{name}</code>
            {required ? <span class="needed">required</span> : null}
            <span class="type">{[`in the ${place}`, typeOf(schema), ...limitsOf(schema)].join(', ')}</span>
            {description === undefined ? null : <Prose text={description} />}
          </li>
        ))}
      </ul>
    </>
  );
}

type Answer = NonNullable<Operation['responses']>[string];

function Responses({ operation, named }: { operation: Operation; named: Named }) {
  const all = Object.entries(operation.responses ?? {});
  const refusal = ([, { content }]: [string, Answer]) => content?.['application/problem+json'] !== undefined;
  return (
    <>
      {all
        .filter((answer) => !refusal(answer))
        .map(([status, answer]) => (
          <Success status={status} answer={answer} named={named} />
        ))}
      <Refusals answers={all.filter(refusal)} />
    </>
  );
}

function Success({ status, answer, named }: { status: string; answer: Answer; named: Named }) {
  const { description, content } = answer;
  return (
    <>
      <h4>
        Answer {status} <small>{description}</small>
      </h4>
      {Object.entries(content ?? {}).map(([type, { schema, example }]) => (
        <>
          {type === 'application/json' ? null : <p class="type">{type}</p>}
          {schema === undefined ? null : <SchemaView schema={schema} named={named} />}
          {example === undefined ? null : (
            <pre class="example" tabindex={0}>
              {pretty(example)}
            </pre>
          )}
        </>
      ))}
    </>
  );
}

/** All of them are problem documents. */
function Refusals({ answers }: { answers: [string, Answer][] }) {
  if (answers.length === 0) return null;
  return (
    <details>
      <summary>Errors</summary>
      <dl class="refusals">
        {answers.map(([status, { description }]) => (
          <>
            <dt>{status === 'default' ? 'other' : status}</dt>
            <dd>
              <Inline text={description ?? ''} />
            </dd>
          </>
        ))}
      </dl>
    </details>
  );
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

function curlOf({ method, path }: Entry, origin: string, content: MediaContent | undefined): string {
  const lines = [`curl ${method === 'get' ? '' : `-X ${method.toUpperCase()} `}'${origin}${path}'`];
  if (path.startsWith('/v1/')) lines.push(`  -H "authorization: Bearer $FEDCAR_TOKEN"`);
  if (content?.example !== undefined) {
    lines.push(`  -H 'content-type: application/json'`);
    lines.push(`  -d '${pretty(content.example).replaceAll("'", "'\\''")}'`);
  }
  return lines.join(' \\\n');
}
