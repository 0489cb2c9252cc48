/** The API reference as one page: topics and routes at the side, every schema at the end. Its script searches, copies and sends. */
import { Page } from '../dashboard/page.tsx';
import { OperationView } from './operation.tsx';
import { Prose } from './prose.tsx';
import { type OpenApi, topicsOf } from './reference.ts';
import { SchemaView } from './schema.tsx';

export function ReferencePage({ document, origin }: { document: OpenApi; origin: string }) {
  const topics = topicsOf(document);
  const schemas = Object.entries(document.components?.schemas ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <Page
      title="fedcar API"
      description="Routes and schemas of a fedcar deployment"
      style="docsStyle"
      script="docsScript"
    >
      <header class="top">
        <a class="skip" href="#main">
          Skip to the reference
        </a>
        <div class="top-line">
          <a class="brand" href="/dashboard">
            fedcar
          </a>
          <span class="collection">API {document.info.version}</span>
          <span class="top-end">
            <a href="/openapi.json">openapi.json</a>
            <a href="/dashboard">Dashboard</a>
          </span>
        </div>
      </header>
      <div class="reference">
        <nav aria-label="Routes">
          <search>
            <input
              id="search"
              type="search"
              placeholder="Search (/)"
              aria-label="Search the reference"
              hidden
            />
            <p id="found" role="status" />
          </search>
          {topics.map(({ name, entries }) => (
            <details open>
              <summary>{name}</summary>
              <ul>
                {entries.map(({ id, method, path }) => (
                  <li>
                    <a href={`#${id}`}>
                      <span class={`method ${method}`}>{method.toUpperCase()}</span>{' '}
                      {path.replace(/^\/v1/, '')}
                    </a>
                  </li>
                ))}
              </ul>
            </details>
          ))}
          <p>
            <a href="#schemas">Schemas</a>
          </p>
        </nav>
        <main id="main">
          <Introduction document={document} origin={origin} />
          {topics.map(({ name, entries }) => (
            <section aria-labelledby={`topic-${name}`}>
              <h2 id={`topic-${name}`}>{name}</h2>
              {entries.map((entry) => (
                <OperationView entry={entry} origin={origin} named={document.components?.schemas ?? {}} />
              ))}
            </section>
          ))}
          <section aria-labelledby="schemas">
            <h2 id="schemas">Schemas</h2>
            {schemas.map(([name, schema]) => (
              <article id={`schema-${name}`} class="operation">
                <h3>
                  <a class="anchor" href={`#schema-${name}`}>
                    {name}
                  </a>
                </h3>
                <SchemaView schema={schema} />
              </article>
            ))}
          </section>
        </main>
      </div>
    </Page>
  );
}

function Introduction({ document, origin }: { document: OpenApi; origin: string }) {
  return (
    <section class="introduction">
      <h1>API reference</h1>
      <Prose text={document.info.description ?? ''} />
      <ul>
        <li>
          Requests carry <code>authorization: Bearer TOKEN</code>, unless the deployment runs in development
          without a secret. Examples here read the token from <code>$FEDCAR_TOKEN</code>.
        </li>
        <li>
          <code>{origin}/v1/…</code> is the collection <code>default</code>; every route below{' '}
          <code>{'/v1/collections/{collection}/…'}</code> is the same for another one.
        </li>
        <li>
          Fields and parameters that are not listed are errors. Errors are problem documents (RFC 9457,{' '}
          <a href="#schema-Problem">Problem</a>) whose <code>code</code> is stable.
        </li>
      </ul>
      <label class="token">
        <span>
          Token for “Try it”, kept in this tab alone; what you send there is done, with what the token may
        </span>
        <input id="try-token" type="password" autocomplete="off" spellcheck={false} />
      </label>
    </section>
  );
}
