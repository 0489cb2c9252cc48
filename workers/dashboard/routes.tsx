/**
 * GET /dashboard: a page around the script that draws it. All it shows comes from the documented routes under /v1, with
 * the reader's own token: the page itself holds nothing and needs no access control.
 */
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { files } from '../../dist/pages/files.js';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problem.ts';
import { sendPage } from './page.tsx';
import { Shell } from './shell.tsx';

const FOR_EVER = 'public, max-age=31536000, immutable';

export function dashboardRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.get('/dashboard', (c) => sendPage(c, <Shell />));
  app.get('/ui/:name', etag(), (c) => {
    const file = Object.values(files).find(({ name }) => name === c.req.param('name'));
    if (file === undefined) throw new Problem('unknown_route', `There is no route ${c.req.path}`);
    return c.body(file.text, 200, { 'content-type': file.type, 'cache-control': FOR_EVER });
  });
  return app;
}
