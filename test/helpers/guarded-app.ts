/**
 * The HTTP application in Node with a directory that knows tokens, a clock that stands still until it is moved, and
 * the environment of a production deployment. Whatever it logs is caught.
 */
import { vi } from 'vitest';
import { mintToken, readToken } from '../../shared/crypto/bearer-token.ts';
import { systemRandom } from '../../shared/crypto/random.ts';
import type { Grant } from '../../shared/protocol/access.ts';
import type { AuditEntry, AuditInput } from '../../shared/protocol/api/audit.ts';
import type { DirectoryApi } from '../../shared/protocol/objects.ts';
import { createApp } from '../../workers/app.ts';
import type { Env } from '../../workers/env.ts';
import { memoryServices } from './memory-services.ts';
import { snapshotOf } from './snapshots.ts';

export const SECRET = 'correct-horse-battery-staple';
export const PRODUCTION = { FEDCAR_ADMIN_TOKEN: SECRET } as Env;

export interface Ask {
  method?: string;
  token?: string;
  body?: BodyInit | Record<string, unknown>;
  headers?: Record<string, string>;
  env?: Partial<Env>;
}

export function guardedApp(regions: Record<string, 'answers' | 'fails'> = { weur: 'answers' }) {
  const time = { ms: 1_800_000_000_000 };
  const services = memoryServices({
    snapshot: snapshotOf([{ item: 'a', region: 'weur', vector: [1, 0] }]),
    regions,
    embed: () => Float32Array.of(1, 0),
  });
  const grants = new Map<string, Grant>();
  const audit: AuditEntry[] = [];
  const told: { id: string; requests: number }[] = [];
  const state = { away: false };
  const directory: Partial<DirectoryApi> = {
    async authenticate(id, hash, requests) {
      if (state.away) throw Object.assign(new Error('directory is away'), { retryable: true });
      told.push({ id, requests });
      return grants.get(`${id} ${hash}`) ?? null;
    },
    async beginAudit(entry: AuditInput) {
      if (state.away) throw Object.assign(new Error('directory is away'), { retryable: true });
      const value = audit.push({ ...entry, id: audit.length + 1, status: null });
      return { ok: true, value };
    },
    async endAudit(id, status) {
      (audit[id - 1] as AuditEntry).status = status;
    },
  };
  const later: Promise<unknown>[] = [];
  const app = createApp(
    () => ({
      ...services,
      directory: () => ({ ...services.directory(), ...directory }) as DirectoryApi,
      now: () => time.ms,
      later: (work) => void later.push(work),
    }),
    () => time.ms,
  );
  const context = { waitUntil() {}, passThroughOnException() {} } as unknown as ExecutionContext;
  return {
    app,
    time,
    state,
    audit,
    told,
    grants,
    /** Waits for what goes on after the answers. */
    settled: () => Promise.all(later),
    /** A token that the directory knows. */
    token(grant: Partial<Grant>): string {
      const { id, text } = mintToken(systemRandom);
      const none = {
        collections: null,
        origins: null,
        requestsPerMinute: 600,
        expiresAt: null,
        spentUntil: null,
      };
      const { hash } = readToken(text) as { hash: string };
      grants.set(`${id} ${hash}`, { id, scopes: ['query'], ...none, ...grant });
      return text;
    },
    revoke(token: string): void {
      const { id, hash } = readToken(token) as { id: string; hash: string };
      grants.delete(`${id} ${hash}`);
    },
    async ask(path: string, { method, token, body, headers = {}, env = PRODUCTION }: Ask = {}) {
      const plain = body !== undefined && Object.getPrototypeOf(body) === Object.prototype;
      const init: RequestInit & { duplex?: 'half' } = {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
      };
      if (body !== undefined) {
        init.body = plain ? JSON.stringify(body) : (body as BodyInit);
        if (body instanceof ReadableStream) init.duplex = 'half';
      }
      const response = await app.request(path, init, env as Env, context);
      const text = await response.text();
      const isJson = /json/.test(response.headers.get('content-type') ?? '');
      const json = (isJson && text !== '' ? JSON.parse(text) : {}) as Record<string, unknown>;
      return { status: response.status, headers: response.headers, text, json };
    },
  };
}

/** Everything that is logged from here on. The caller restores the mocks. */
export function caughtLog(): string[] {
  const lines: string[] = [];
  for (const name of ['log', 'warn', 'error'] as const) {
    vi.spyOn(console, name).mockImplementation((line: string) => void lines.push(String(line)));
  }
  return lines;
}
