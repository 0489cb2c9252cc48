/** The request that a form of the reference describes. Pure. */

export interface Tried {
  url: string;
  init: { method: string; headers: Record<string, string>; body?: string };
}

/** @param fields `path:key`, `query:limit`, `body`; empty ones of the query are left out. @throws TypeError for a body that is no JSON */
export function tried(
  method: string,
  path: string,
  fields: Readonly<Record<string, string>>,
  token: string,
): Tried {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(fields[`path:${name}`] ?? ''),
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields))
    if (name.startsWith('query:') && value !== '') query.set(name.slice('query:'.length), value);
  const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
  const url = query.size === 0 ? filled : `${filled}?${query}`;
  const { body } = fields;
  if (body === undefined) return { url, init: { method, headers } };
  try {
    JSON.parse(body);
  } catch (error) {
    throw new TypeError(`body: ${(error as Error).message}`);
  }
  return { url, init: { method, headers: { ...headers, 'content-type': 'application/json' }, body } };
}
