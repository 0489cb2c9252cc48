/**
 * Development without a secret allows everybody everything, and listens on this machine alone. A page of another origin
 * in the same machine's browser is not this machine: it is refused, whether it says so itself (`Origin`) or has its own
 * name point here (`Host`, DNS rebinding).
 */
import type { Env } from '../env.ts';
import { allowedOrigins } from './headers.ts';

const ADDRESSES = new Set(['127.0.0.1', '[::1]']);

type LocalEnv = Pick<Env, 'FEDCAR_HOSTS' | 'FEDCAR_CORS_ORIGINS'>;

/** Why the caller is refused; null when it is not. */
export function foreignCaller(request: Request, env: LocalEnv): string | null {
  const { hostname } = new URL(request.url);
  if (!isLocal(hostname, env))
    return `host: without a secret only localhost and 127.0.0.1 are answered, not ${hostname}; FEDCAR_HOSTS adds names`;
  const origin = request.headers.get('origin');
  if (origin === null || allowedOrigins(env.FEDCAR_CORS_ORIGINS).includes(origin)) return null;
  if (isLocal(hostnameOf(origin), env)) return null;
  return `origin: without a secret pages of this machine alone may call, not of ${origin.slice(0, 200)}`;
}

function isLocal(hostname: string, { FEDCAR_HOSTS = '' }: LocalEnv): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || ADDRESSES.has(hostname)) return true;
  return hostname !== '' && FEDCAR_HOSTS.split(',').some((name) => name.trim() === hostname);
}

/** Empty for what is no address, such as `null`. */
function hostnameOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).hostname : '';
}
