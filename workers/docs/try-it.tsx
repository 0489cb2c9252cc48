/** The form that sends an operation from the page. The page's script fills in the token and shows the answer. */
import type { Entry } from './reference.ts';

/** Null for what a page cannot send: signed requests, and bodies of bytes. */
export function TryIt({ entry }: { entry: Entry }) {
  const { method, path, operation } = entry;
  const content = operation.requestBody?.content ?? {};
  const json = content['application/json'];
  const signed = path.startsWith('/v1/') && operation.security === undefined;
  if (signed || (Object.keys(content).length > 0 && json === undefined)) return null;
  const parameters = (operation.parameters ?? []).filter((each) => ['path', 'query'].includes(each.in));
  return (
    <details class="try">
      <summary>Try it</summary>
      <form data-method={method.toUpperCase()} data-path={path}>
        {parameters.map(({ name, in: place, required }) => (
          <label>
            <span>
              {name} <small>in the {place}</small>
            </span>
            <input name={`${place}:${name}`} required={required || place === 'path'} autocomplete="off" />
          </label>
        ))}
        {json === undefined ? null : (
          <label>
            <span>Body</span>
            <textarea name="body" rows={8} spellcheck={false}>
              {json.example === undefined ? '{}' : JSON.stringify(json.example, null, 2)}
            </textarea>
          </label>
        )}
        <button type="submit" class="button">
          Send {method.toUpperCase()}
        </button>
        <p class="status" role="status" />
        <pre class="answer" tabindex={0} hidden />
      </form>
    </details>
  );
}
