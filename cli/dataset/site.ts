/**
 * Pages of a site, found by its sitemap (sitemaps.org 0.9): on its own host only, one request at a time, with a pause
 * between them, and nothing that its robots.txt (RFC 9309) closes. The key of a page is its address.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { Parser } from 'htmlparser2';
import { addTo } from '../../shared/multimap.ts';
import { toUtf8 } from '../../shared/retrieval/encoding.ts';
import { ENDINGS_OF_TYPES } from '../../shared/retrieval/file-format.ts';
import { Failure } from '../fedcar/failure.ts';
import { boundedBytes } from './bounded-bytes.ts';
import { DatasetError } from './dataset-error.ts';
import type { Findings } from './findings.ts';
import { isClosed, type Robots, robotsOf } from './robots.ts';

const USER_AGENT = 'fedcar (documents for a search)';
const PAUSE_MS = 200;
const MOST_PAGES = 50_000;
const MOST_SITEMAPS = 100;
const MOST_BYTES = 16 << 20;
const MOST_REDIRECTS = 5;
const PATIENCE_MS = 30_000;

const ENDINGS: Readonly<Record<string, string>> = { ...ENDINGS_OF_TYPES, 'application/pdf': '.pdf' };

export interface Page {
  address: string;
  bytes: Uint8Array;
  /** Of a file of this kind. */
  ending: string;
}

interface Fetched {
  bytes: Uint8Array;
  type: string;
}

export class Site {
  readonly #sitemap: URL;
  readonly #findings: Findings;
  readonly #pauseMs: number;
  #robots: Robots = { closed: [], open: [], delayMs: 0 };
  #asked = 0;
  /** Pages of kinds that are not read, by content type. */
  readonly unread = new Map<string, string[]>();

  /** @param pauseMs between two requests; robots.txt may ask for more */
  constructor(sitemap: string, findings: Findings, pauseMs = PAUSE_MS) {
    this.#sitemap = new URL(sitemap);
    this.#findings = findings;
    this.#pauseMs = pauseMs;
  }

  /** Pages in the order of the sitemap. @throws Failure when there is no sitemap */
  async *pages(): AsyncGenerator<Page> {
    const rules = await this.#get(new URL('/robots.txt', this.#sitemap)).catch(() => null);
    this.#robots = robotsOf(rules === null ? '' : new TextDecoder().decode(rules.bytes), 'fedcar');
    for (const address of await this.#addresses()) {
      const page = await this.#page(address);
      if (page !== null) yield page;
    }
  }

  async #page(address: string): Promise<Page | null> {
    const url = new URL(address);
    try {
      if (url.host !== this.#sitemap.host) throw new Error(`is not on ${this.#sitemap.host}`);
      if (isClosed(this.#robots, url.pathname + url.search)) throw new Error('robots.txt closes it');
      const { bytes, type } = await this.#get(url);
      const ending = ENDINGS[type];
      if (ending !== undefined) return { address, bytes, ending };
      addTo(this.unread, type, address);
    } catch (error) {
      this.#findings.leftOut(new DatasetError(address, null, null, (error as Error).message));
    }
    return null;
  }

  /** Of all sitemaps that the first one leads to, each once. */
  async #addresses(): Promise<Set<string>> {
    const found = new Set<string>();
    const sitemaps = new Set([this.#sitemap.href]);
    for (const sitemap of sitemaps) {
      const { pages, maps } = await this.#read(sitemap);
      for (const page of pages) if (found.size < MOST_PAGES) found.add(page);
      for (const map of maps) if (sitemaps.size < MOST_SITEMAPS) sitemaps.add(map);
    }
    return found;
  }

  async #read(address: string): Promise<{ pages: string[]; maps: string[] }> {
    const first = address === this.#sitemap.href;
    try {
      const url = new URL(address);
      if (url.host !== this.#sitemap.host) throw new Error(`is not on ${this.#sitemap.host}`);
      const { bytes } = await this.#get(url);
      const text = new TextDecoder().decode(unfolded(bytes));
      const read = locationsOf(text, url);
      if (read === null) throw new Error('is no sitemap');
      return read;
    } catch (error) {
      const { message } = error as Error;
      if (first) throw new Failure(`${address}: ${message}`);
      this.#findings.leftOut(new DatasetError(address, null, null, message));
      return { pages: [], maps: [] };
    }
  }

  /** @throws Error unless it is answered with 200, on the same host, within the limits */
  async #get(from: URL): Promise<Fetched> {
    let url = from;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      if (this.#asked++ > 0) await sleep(Math.max(this.#pauseMs, this.#robots.delayMs));
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const response = await fetch(url, {
        redirect: 'manual',
        headers: { 'user-agent': USER_AGENT },
        signal,
      });
      const location = response.headers.get('location');
      if (response.status >= 300 && response.status < 400 && location !== null) {
        await response.body?.cancel();
        url = new URL(location, url);
        if (url.host !== this.#sitemap.host) throw new Error(`leads to another host, ${url.host}`);
        continue;
      }
      if (!response.ok) {
        await response.body?.cancel();
        throw new Error(`answers ${response.status}`);
      }
      const said = response.headers.get('content-type') ?? '';
      const type = said.split(';')[0]!.trim().toLowerCase();
      const encoding = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(said)?.[1] ?? null;
      const bytes = await boundedBytes(response, MOST_BYTES);
      return { bytes: type.startsWith('text/') ? toUtf8(bytes, encoding) : bytes, type };
    }
    throw new Error(`leads on more than ${MOST_REDIRECTS} times`);
  }
}

/** Sitemaps may be compressed as files, besides what HTTP does. */
function unfolded(bytes: Uint8Array): Uint8Array {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return isGzip ? gunzipSync(bytes, { maxOutputLength: 4 * MOST_BYTES }) : bytes;
}

/** What a sitemap names; null where the text is none. */
function locationsOf(text: string, base: URL): { pages: string[]; maps: string[] } | null {
  const found = { pages: [] as string[], maps: [] as string[] };
  let kind: 'pages' | 'maps' | null = null;
  let inside = false;
  let address = '';
  const parser = new Parser(
    {
      onopentag(name) {
        if (name === 'urlset') kind = 'pages';
        if (name === 'sitemapindex') kind = 'maps';
        inside = name === 'loc';
        address = '';
      },
      ontext(data) {
        if (inside) address += data;
      },
      onclosetag(name) {
        const named = name === 'loc' && kind !== null && URL.canParse(address.trim(), base);
        const url = named ? new URL(address.trim(), base) : null;
        if (url !== null && /^https?:$/.test(url.protocol)) {
          url.hash = '';
          found[kind!].push(url.href);
        }
        inside = false;
      },
    },
    { xmlMode: true },
  );
  parser.end(text);
  return kind === null ? null : found;
}
