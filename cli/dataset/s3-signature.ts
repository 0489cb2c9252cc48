/** Signatures of Amazon S3's API, version 4, for requests without a body; Cloudflare R2 takes the same. */
import { createHash, createHmac } from 'node:crypto';

export interface S3Keys {
  accessKeyId: string;
  secretAccessKey: string;
  /** `auto` for R2. */
  region: string;
}

const EMPTY = createHash('sha256').digest('hex');

/** Headers of a GET of `url` at `now`. */
export function signedHeaders(url: URL, keys: S3Keys, now: Date): Record<string, string> {
  const date = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const day = date.slice(0, 8);
  const headers = { host: url.host, 'x-amz-content-sha256': EMPTY, 'x-amz-date': date };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = ['GET', url.pathname, canonicalQuery(url), lines.join(''), names, EMPTY].join('\n');
  const scope = `${day}/${keys.region}/s3/aws4_request`;
  const digest = createHash('sha256').update(canonical).digest('hex');
  let key: Uint8Array | string = `AWS4${keys.secretAccessKey}`;
  for (const part of [day, keys.region, 's3', 'aws4_request']) {
    key = createHmac('sha256', key).update(part).digest();
  }
  const signature = createHmac('sha256', key)
    .update(['AWS4-HMAC-SHA256', date, scope, digest].join('\n'))
    .digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  const { host: _, ...sent } = headers;
  return { ...sent, authorization };
}

/** As RFC 3986 has it: `encodeURIComponent` leaves five characters. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalQuery(url: URL): string {
  const pairs = [...url.searchParams].map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  return pairs.sort().join('&');
}
