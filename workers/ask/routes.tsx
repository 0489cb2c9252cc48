/**
 * GET /ask and /privacy, the pages for those who ask; /widget.js, the same for other people's pages; and the bare address,
 * which leads to /ask once there is something to ask about. All are public and hold no data: what they show comes from
 * /v1, with the token of the link or tag that led there, or with the one that the operator gives every visitor.
 */
import { type Context, Hono } from 'hono';
import { etag } from 'hono/etag';
import { files } from '../../dist/pages/files.js';
import { readToken } from '../../shared/crypto/bearer-token.ts';
import { errorText, logLine } from '../../shared/log.ts';
import type { Collections } from '../collections.ts';
import { sendPage } from '../dashboard/page.tsx';
import type { AppEnv } from '../env.ts';
import { allowedOrigins, PAGE_POLICY } from '../middleware/headers.ts';
import { secretState } from '../middleware/secret.ts';
import type { TokenCache } from '../middleware/token-cache.ts';
import type { Services } from '../services.ts';
import { AskShell } from './shell.tsx';

/** How long it is remembered that there are documents, or that there are none. */
const FULL_MS = 300_000;
const EMPTY_MS = 5000;
/** Its address never changes, so that pages get a new one within minutes of a deployment. */
const WIDGET_CACHE = 'public, max-age=300';

export function askRoutes(isolate: { collections: Collections; tokens: TokenCache }): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  let known = { full: false, until: 0 };
  app.get('/', async (c) => {
    const { services } = c.var;
    const now = services.now();
    if (secretState(c.env).kind !== 'missing' && known.until <= now) {
      const full = await hasDocuments(services, isolate.collections);
      known = { full, until: now + (full ? FULL_MS : EMPTY_MS) };
    }
    return c.redirect(known.full ? '/ask' : '/dashboard');
  });
  const send = (page: 'ask' | 'privacy') => async (c: Context<AppEnv>) => {
    const { env } = c;
    const { services } = c.var;
    const { origin } = new URL(c.req.url);
    const token = await visitorsToken(env.FEDCAR_ASK_TOKEN, origin, services, isolate.tokens);
    // Pages of the operator's other origins may show it in a frame.
    const framers = allowedOrigins(env.FEDCAR_CORS_ORIGINS).filter((each) =>
      /^https?:\/\/[^\s;,]+$/.test(each),
    );
    if (framers.length > 0) {
      const policy = PAGE_POLICY.replace("frame-ancestors 'none'", `frame-ancestors ${framers.join(' ')}`);
      c.header('content-security-policy', policy);
    }
    return sendPage(c, <AskShell page={page} token={token} />);
  };
  app.get('/ask', send('ask'));
  app.get('/privacy', send('privacy'));
  app.get('/widget.js', etag(), (c) =>
    c.body(files.widget.text, 200, { 'content-type': files.widget.type, 'cache-control': WIDGET_CACHE }),
  );
  return app;
}

/** Whether the collection `default` has anything to ask about; false when nobody can say. */
async function hasDocuments(services: Services, collections: Collections): Promise<boolean> {
  try {
    const collection = await collections.get('default', services.directory(), services.now(), services.later);
    const regions = await services.coordinator(collection).regions();
    return regions.some(({ items }) => items > 0);
  } catch (error) {
    logLine('documents_unknown', { level: 'warn', error: errorText(error) });
    return false;
  }
}

/**
 * The token that the operator gives every visitor. It lies in a page that everybody may read, so that only one that is
 * bound to this very page is given out: the deployment's secret, put there by mistake, is not.
 */
async function visitorsToken(
  text: string | undefined,
  origin: string,
  services: Services,
  tokens: TokenCache,
): Promise<string | null> {
  const given = text?.trim() ?? '';
  if (given === '') return null;
  const read = readToken(given);
  const grant = read === null ? null : await tokens.use(read, () => services.directory(), services.later);
  if (grant?.origins?.includes(origin)) return given;
  const why = grant === null ? 'is no good token' : `is not bound to ${origin}`;
  logLine('ask_token_refused', { level: 'warn', why: `FEDCAR_ASK_TOKEN ${why}` });
  return null;
}
