/** GET /docs: the API reference, drawn from the same document as /openapi.json. */
import { Hono } from 'hono';
import { raw } from 'hono/html';
import { sendPage } from '../dashboard/page.tsx';
import type { AppEnv } from '../env.ts';
import type { OpenApi } from './reference.ts';
import { ReferencePage } from './reference-page.tsx';

/** @param document asked for with each page: the routes are all known only then. */
export function docsRoutes(document: () => OpenApi): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  // Drawing it takes a tenth of a second; a deployment mostly has one origin.
  let drawn: { origin: string; text: string } | null = null;
  app.get('/docs', async (c) => {
    const { origin } = new URL(c.req.url);
    if (drawn?.origin !== origin) {
      const page = <ReferencePage document={document()} origin={origin} />;
      drawn = { origin, text: await page.toString() };
    }
    return sendPage(c, raw(drawn.text));
  });
  return app;
}
