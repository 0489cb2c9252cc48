/** Objects of a bucket of R2, or of anything else that speaks Amazon S3's API: listed and fetched, never changed. */
import { Parser } from 'htmlparser2';
import { Failure } from '../fedcar/failure.ts';
import { boundedBytes } from './bounded-bytes.ts';
import { encoded, type S3Keys, signedHeaders } from './s3-signature.ts';

const MOST_BYTES = 64 << 20;
const PATIENCE_MS = 60_000;

export interface BucketOptions extends S3Keys {
  /** `https://ACCOUNT.r2.cloudflarestorage.com` */
  endpoint: string;
  bucket: string;
  prefix: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * What `r2://bucket/prefix` means with these variables: the usual ones of S3's tools.
 * @throws Failure that names what is missing
 */
export function bucketOf(address: string, env: Variables): BucketOptions {
  const [, bucket = '', prefix = ''] = /^(?:r2|s3):\/\/([^/]+)\/?(.*)$/.exec(address) ?? [];
  const account = env.CLOUDFLARE_ACCOUNT_ID;
  const r2 = account === undefined ? undefined : `https://${account}.r2.cloudflarestorage.com`;
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? r2;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (bucket === '') throw new Failure(`${address}: has to be r2://bucket or r2://bucket/prefix`);
  if (endpoint === undefined || !/^https?:\/\//.test(endpoint)) {
    throw new Failure(`${address}: CLOUDFLARE_ACCOUNT_ID or AWS_ENDPOINT_URL says where the bucket is`);
  }
  if (!accessKeyId || !secretAccessKey) {
    throw new Failure(
      `${address}: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are a key that may read the bucket`,
    );
  }
  const region = env.AWS_REGION ?? 'auto';
  return { endpoint: endpoint.replace(/\/+$/, ''), bucket, prefix, accessKeyId, secretAccessKey, region };
}

export class Bucket {
  readonly #options: BucketOptions;
  readonly #mostBytes: number;

  /** @param mostBytes of an object; larger ones are not read to their end */
  constructor(options: BucketOptions, mostBytes = MOST_BYTES) {
    this.#options = options;
    this.#mostBytes = mostBytes;
  }

  /** Keys of its objects below the prefix, in order. @throws Failure when they cannot be listed */
  async keys(): Promise<string[]> {
    const keys: string[] = [];
    let next = '';
    do {
      const query = new URLSearchParams({ 'list-type': '2', prefix: this.#options.prefix });
      if (next !== '') query.set('continuation-token', next);
      const bytes = await this.#get(`?${query}`);
      const page = listOf(new TextDecoder().decode(bytes));
      // Folders that tools show are objects of their own.
      keys.push(...page.keys.filter((key) => !key.endsWith('/')));
      next = page.next;
    } while (next !== '');
    return keys;
  }

  async object(key: string): Promise<Uint8Array> {
    return await this.#get(`/${key.split('/').map(encoded).join('/')}`);
  }

  async #get(rest: string): Promise<Uint8Array> {
    const { endpoint, bucket } = this.#options;
    const url = new URL(`${endpoint}/${encoded(bucket)}${rest}`);
    const headers = signedHeaders(url, this.#options, new Date());
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(url, { headers, redirect: 'error', signal }).catch((error: Error) => {
      throw new Failure(`${url.origin} cannot be reached: ${error.message}`);
    });
    const where = `${url.origin}${url.pathname}`;
    if (!response.ok) {
      await response.body?.cancel();
      throw new Failure(`${where} answers ${response.status}`);
    }
    return await boundedBytes(response, this.#mostBytes).catch((error: Error) => {
      throw new Failure(`${where} ${error.message}`);
    });
  }
}

function listOf(xml: string): { keys: string[]; next: string } {
  const found = { keys: [] as string[], next: '' };
  let text = '';
  const parser = new Parser(
    {
      onopentag() {
        text = '';
      },
      ontext(data) {
        text += data;
      },
      onclosetag(name) {
        if (name === 'Key') found.keys.push(text);
        if (name === 'NextContinuationToken') found.next = text;
      },
    },
    { xmlMode: true },
  );
  parser.end(xml);
  return found;
}
