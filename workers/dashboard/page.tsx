/**
 * What every page has: the document around it. No script and no style is inline, since the middleware's headers let a
 * page load the deployment's own files and nothing else.
 */
import type { Context } from 'hono';
import { html } from 'hono/html';
import type { Child } from 'hono/jsx';
import { files } from '../../dist/pages/files.js';

export type PageFileName = keyof typeof files;

/** Where a file is served. Its name changes with its content, so browsers may keep it for ever. */
export function hrefOf(file: PageFileName): string {
  return `/ui/${files[file].name}`;
}

export interface PageProps {
  title: string;
  description: string;
  style: PageFileName;
  script?: PageFileName;
  children: Child;
}

export function Page({ title, description, style, script, children }: PageProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>{title}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="description" content={description} />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href={hrefOf('icon')} type="image/svg+xml" />
        <link rel="stylesheet" href={hrefOf(style)} />
        {script === undefined ? null : <script type="module" src={hrefOf(script)} />}
      </head>
      <body>{children}</body>
    </html>
  );
}

/** Answers with the page, always a fresh one: it names the files that belong to this deployment. */
export function sendPage(c: Context, page: Child): Response | Promise<Response> {
  c.header('cache-control', 'no-cache');
  return c.html(html`<!doctype html>${page}`);
}
