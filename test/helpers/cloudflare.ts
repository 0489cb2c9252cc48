/**
 * Cloudflare's API as far as wrangler asks it for a deployment and for secrets: it takes everything and remembers what
 * it was sent. The real wrangler runs against it; nothing leaves the machine.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CloudflareCall {
  method: string;
  /** Below the account, such as `/workers/scripts/fedcar/secrets`. */
  path: string;
  body: string;
}

export interface FakeCloudflare {
  /** Environment that makes wrangler speak to it. */
  env: Record<string, string>;
  calls: CloudflareCall[];
  /** Secrets by worker. */
  secrets: Map<string, Map<string, string>>;
  close(): Promise<void>;
}

const ACCOUNT = 'a'.repeat(32);

export async function fakeCloudflare(): Promise<FakeCloudflare> {
  const calls: CloudflareCall[] = [];
  const secrets = new Map<string, Map<string, string>>();
  const deployed = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://cloudflare.test');
      const path = url.pathname.replace(`/client/v4/accounts/${ACCOUNT}`, '');
      const body = Buffer.concat(chunks).toString('latin1');
      const call = { method: request.method ?? '', path, body };
      calls.push(call);
      const result = answer(call);
      response.writeHead(result === null ? 404 : 200, { 'content-type': 'application/json' });
      const errors =
        result === null ? [{ code: 10007, message: 'This Worker does not exist on your account.' }] : [];
      response.end(JSON.stringify({ success: result !== null, errors, messages: [], result }));
    });
  });

  /** @returns the result of a call; null for what does not exist */
  function answer({ method, path, body }: CloudflareCall): unknown {
    const [, script = '', rest = ''] = /^\/workers\/(?:scripts|services)\/([\w-]+)(.*)$/.exec(path) ?? [];
    if (rest === '/assets-upload-session') return { jwt: jwt(), buckets: [] };
    if (rest === '/secrets') {
      const known = secrets.get(script) ?? new Map<string, string>();
      secrets.set(script, known);
      if (method === 'GET') return [...known.keys()].map((name) => ({ name, type: 'secret_text' }));
      const { name, text } = JSON.parse(body) as { name: string; text: string };
      known.set(name, text);
      return { name, type: 'secret_text' };
    }
    if (rest === '/subdomain') return { enabled: true, previews_enabled: true };
    if (rest === '/schedules') return { schedules: [] };
    if (path === '/workers/subdomain') return { subdomain: 'someone' };
    const [, worker] = /^\/workers\/workers\/([\w-]+)$/.exec(path) ?? [];
    if (worker !== undefined)
      return { id: worker, name: worker, subdomain: { enabled: true, previews_enabled: true } };
    if (script !== '' && rest === '' && method === 'PUT') {
      deployed.add(script);
      return { id: script, tag: 'tag', etag: 'etag', startup_time_ms: 12, deployment_id: 'b'.repeat(32) };
    }
    if (script !== '' && method === 'GET' && !deployed.has(script)) return null;
    if (path === '/workers/scripts') return [];
    return {};
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    calls,
    secrets,
    env: {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}/client/v4`,
      CLOUDFLARE_API_TOKEN: 'a-token-of-the-test',
      CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** wrangler reads when the assets' token expires. */
function jwt(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ exp: Math.floor(Date.now() / 1000) + 3600 })}.x`;
}
