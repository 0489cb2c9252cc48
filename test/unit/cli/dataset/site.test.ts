/** Sites by their sitemaps, against a server of this machine: what is asked for, what is left alone, what is left out. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CollectedFindings } from '../../../../cli/dataset/findings.ts';
import { isClosed, robotsOf } from '../../../../cli/dataset/robots.ts';
import { Site } from '../../../../cli/dataset/site.ts';
import { openSource } from '../../../../cli/ingest-source.ts';

let server: Server;
let base: string;
const asked: string[] = [];

const locations = (paths: string[], outer = 'urlset', inner = 'url') =>
  `<?xml version="1.0"?><${outer} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${paths
    .map((path) => `<${inner}><loc> ${path.startsWith('http') ? path : base + path} </loc></${inner}>`)
    .join('')}</${outer}>`;

beforeAll(async () => {
  server = createServer(({ url = '', headers }, response) => {
    asked.push(url);
    expect(headers['user-agent']).toMatch(/^fedcar/);
    const html = (title: string, text: string) =>
      response
        .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
        .end(`<title>${title}</title><nav>Menu</nav><p>${text}</p>`);
    if (url === '/robots.txt') response.end('User-agent: *\nDisallow: /private\n');
    else if (url === '/sitemap.xml')
      response.end(locations(['/a.xml.gz', '/gone.xml'], 'sitemapindex', 'sitemap'));
    else if (url === '/a.xml.gz') {
      const paths = [
        '/one?a=1&amp;b=2',
        '/two',
        '/private/x',
        '/moved',
        '/away',
        '/lost',
        '/pic',
        '/two#part',
      ];
      response.end(gzipSync(locations([...paths, 'http://other.example/x', 'ftp://x'])));
    } else if (url === '/one?a=1&b=2') html('One', 'What okapis eat.');
    else if (url === '/two') html('Two', 'Where zebras sleep.');
    else if (url === '/moved') response.writeHead(301, { location: '/two' }).end();
    else if (url === '/away') response.writeHead(302, { location: 'http://other.example/' }).end();
    else if (url === '/pic') response.writeHead(200, { 'content-type': 'image/png' }).end('x');
    else if (url === '/page') html('No sitemap', '');
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

describe('a site', () => {
  it('is read by its sitemaps, on its own host, as far as robots.txt lets it', async () => {
    const findings = new CollectedFindings();
    const source = await openSource(`${base}/sitemap.xml`, { questions: true, findings }, null);
    const documents: string[][] = [];
    for await (const { document } of source.documents) documents.push([document.key, document.title]);
    expect(documents).toEqual([
      [`${base}/one?a=1&b=2`, 'One'],
      [`${base}/two`, 'Two'],
      [`${base}/moved`, 'Two'],
    ]);
    expect(
      [...findings.entries.values()].map(({ file, reason }) => [file.replace(base, ''), reason]),
    ).toEqual([
      ['/gone.xml', 'answers 404'],
      ['/private/x', 'robots.txt closes it'],
      ['/away', 'leads to another host, other.example'],
      ['/lost', 'answers 404'],
      ['http://other.example/x', `is not on ${base.replace('http://', '')}`],
    ]);
    expect(source.unread).toEqual(new Map([['image/png', [`${base}/pic`]]]));
    expect(asked).not.toContain('/private/x');
  });

  it('is asked slowly', async () => {
    const start = performance.now();
    for await (const _ of new Site(`${base}/a.xml.gz`, new CollectedFindings(), 50).pages()) void _;
    // robots.txt, the sitemap and seven requests for six pages that may be read: eight pauses.
    expect(performance.now() - start).toBeGreaterThan(8 * 50 - 20);
  });

  it('has to have a sitemap', async () => {
    const pages = new Site(`${base}/page`, new CollectedFindings(), 0).pages();
    await expect(pages.next()).rejects.toThrow(/\/page: is no sitemap/);
  });
});

describe('robots.txt', () => {
  it.each([
    ['User-agent: *\nDisallow: /', '/a', true],
    ['User-agent: *\nDisallow:', '/a', false],
    ['User-agent: *\nDisallow: /\n\nUser-agent: fedcar\nDisallow: /b # mine', '/a', false],
    ['User-agent: x\nUser-agent: Fedcar\nDisallow: /b', '/b/c', true],
    ['User-agent: *\nDisallow: /a\nAllow: /a/open', '/a/open/x', false],
    ['User-agent: *\nDisallow: /*.pdf$', '/x/y.pdf', true],
    ['User-agent: *\nDisallow: /*.pdf$', '/x/y.pdf?z', false],
    ['User-agent: *\nDisallow: /*a*b', '/xxaxxbxx', true],
    ['User-agent: *\nDisallow: /*a*b$', '/xxaxxbxx', false],
    ['User-agent: *\nDisallow: /*a*b$', '/xxaxxbxxb', true],
    ['User-agent: *\nDisallow: /ab*b$', '/ab', false],
    ['User-agent: *\nDisallow: /*$', '/a', true],
    ['User-agent: *\nDisallow: /a$', '/ab', false],
    ['User-agent: *\nDisallow: /a.b+(c', '/a.b+(c', true],
    ['no rules', '/a', false],
  ])('%j: %s is closed: %s', (text, path, closed) => {
    expect(isClosed(robotsOf(text, 'fedcar'), path)).toBe(closed);
  });

  it('takes no longer for many stars', () => {
    const robots = robotsOf(`User-agent: *\nDisallow: /${'*a'.repeat(500)}b`, 'fedcar');
    const before = process.cpuUsage();
    expect(isClosed(robots, `/${'a'.repeat(100_000)}`)).toBe(false);
    expect(process.cpuUsage(before).user).toBeLessThan(100_000);
  });

  it('may ask for longer pauses, within reason', () => {
    expect(robotsOf('User-agent: *\nCrawl-delay: 2', 'fedcar').delayMs).toBe(2000);
    expect(robotsOf('User-agent: *\nCrawl-delay: 900', 'fedcar').delayMs).toBe(10_000);
  });
});
