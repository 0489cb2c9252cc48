/**
 * GET /dashboard and its views below it: a page around the script that draws it. All it shows comes from the documented routes under /v1, with
 * the reader's own token: the page itself holds nothing and needs no access control.
 */
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { files } from '../../dist/pages/files.js';
import type { AppEnv } from '../env.ts';
import { noRoute } from '../problem.ts';
import { sendPage } from './page.tsx';
import { placeOf } from './place.ts';
import { Shell } from './shell.tsx';

const FOR_EVER = 'public, max-age=31536000, immutable';

/** It is large, and seldom asked for. */
async function pdfReader(name: string): Promise<PageFile | undefined> {
  if (!name.startsWith('pdf-')) return undefined;
  const { pdf } = await import('../../dist/pages/pdf.js');
  return pdf.name === name ? pdf : undefined;
}

export function dashboardRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.get('/dashboard', (c) => sendPage(c, <Shell />));
  app.get('/dashboard/:view', (c) => {
    if (placeOf(new URL(c.req.url)) === null) throw noRoute(c.req.path);
    return sendPage(c, <Shell />);
  });
  app.get('/ui/:name', etag(), async (c) => {
    const asked = c.req.param('name');
    const file = Object.values(files).find(({ name }) => name === asked) ?? (await pdfReader(asked));
    if (file === undefined) throw noRoute(c.req.path);
    return c.body(file.text, 200, { 'content-type': file.type, 'cache-control': FOR_EVER });
  });
  return app;
}
