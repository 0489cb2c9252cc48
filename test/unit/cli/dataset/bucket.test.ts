/** Buckets: signatures against Amazon's own example, and a server of this machine that checks them. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bucket, bucketOf } from '../../../../cli/dataset/bucket.ts';
import { CollectedFindings } from '../../../../cli/dataset/findings.ts';
import { signedHeaders } from '../../../../cli/dataset/s3-signature.ts';
import { openSource } from '../../../../cli/ingest-source.ts';

it('signs as Amazon’s example of listing objects does', () => {
  const keys = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
  };
  const url = new URL('https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J');
  const { authorization } = signedHeaders(url, keys, new Date('2013-05-24T00:00:00Z'));
  expect(authorization).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
      'SignedHeaders=host;x-amz-content-sha256;x-amz-date, ' +
      'Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  );
});

describe('a bucket', () => {
  const OBJECTS: Record<string, string> = {
    'docs/en/a b&c.md': '# A\n\nWhat okapis eat.',
    'docs/en/deep/zoo.html': '<title>Zoo</title><p>Where zebras sleep.',
    'docs/en/latin.txt': '',
    'docs/en/pic.png': 'x',
    'docs/en/': '',
  };
  const KEYS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
  let server: Server;
  let env: Record<string, string>;

  beforeAll(async () => {
    server = createServer(({ url = '', headers }, response) => {
      const asked = new URL(url, `http://${headers.host}`);
      const date = String(headers['x-amz-date']).replace(
        /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/,
        '$1-$2-$3T$4:$5:$6Z',
      );
      const keys = { accessKeyId: 'id', secretAccessKey: 'secret', region: 'auto' };
      if (signedHeaders(asked, keys, new Date(date)).authorization !== headers.authorization) {
        response.writeHead(403).end();
        return;
      }
      const path = decodeURIComponent(asked.pathname);
      if (path === '/handbook') {
        const all = Object.keys(OBJECTS).filter((key) =>
          key.startsWith(asked.searchParams.get('prefix') ?? ''),
        );
        const [from, to] = asked.searchParams.has('continuation-token') ? [2, all.length] : [0, 2];
        const contents = all
          .slice(from, to)
          .map((key) => `<Contents><Key>${key.replace('&', '&amp;')}</Key></Contents>`);
        const next = from === 0 ? '<NextContinuationToken>a+/=</NextContinuationToken>' : '';
        response.end(`<?xml version="1.0"?><ListBucketResult>${next}${contents.join('')}</ListBucketResult>`);
      } else if (path === '/handbook/docs/en/latin.txt') response.end(Buffer.from([0xff, 0x41]));
      else if (path.endsWith('/said'))
        response.writeHead(200, { 'content-length': 4096 }).end('x'.repeat(4096));
      else if (path.endsWith('/endless')) {
        const more = () => {
          if (!response.destroyed) response.write('x'.repeat(1024), () => setTimeout(more, 1));
        };
        more();
      } else if (path.endsWith('/broken'))
        response.writeHead(200, { 'content-length': 99 }).write('x', () => response.destroy());
      else if (OBJECTS[path.slice('/handbook/'.length)] !== undefined) response.end(OBJECTS[path.slice(10)]);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    env = { ...KEYS, AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  });
  afterAll(() => server.close());

  it('is read like a folder, page by page, with signed requests', async () => {
    const findings = new CollectedFindings();
    const source = await openSource('r2://handbook/docs/en/', { questions: true, findings, env }, null);
    const documents: string[][] = [];
    for await (const { document } of source.documents) documents.push([document.key, document.title]);
    expect(documents).toEqual([
      ['a b&c.md', 'A'],
      ['deep/zoo.html', 'Zoo'],
    ]);
    expect([...findings.entries.keys()]).toEqual(['latin.txt: is not UTF-8 text: save it as UTF-8']);
    expect(source.unread).toEqual(new Map([['.png', ['pic.png']]]));
  });

  it('is read within its limits, whether an object says its size or not', async () => {
    const small = new Bucket(bucketOf('r2://handbook', env), 2048);
    expect((await small.object('docs/en/a b&c.md')).length).toBe(21);
    await expect(small.object('docs/en/said')).rejects.toThrow('has 4096 bytes, more than 2048');
    await expect(small.object('docs/en/endless')).rejects.toThrow('has more than 2048 bytes');
    await expect(small.object('docs/en/broken')).rejects.toThrow(/docs\/en\/broken/);
  });

  it('says what is wrong', async () => {
    const open = (address: string, variables: Record<string, string>) =>
      openSource(address, { questions: true, findings: new CollectedFindings(), env: variables }, null);
    await expect(open('r2://handbook', {})).rejects.toThrow('CLOUDFLARE_ACCOUNT_ID or AWS_ENDPOINT_URL');
    await expect(open('r2://handbook', { CLOUDFLARE_ACCOUNT_ID: 'a' })).rejects.toThrow('AWS_ACCESS_KEY_ID');
    await expect(open('r2://', env)).rejects.toThrow('has to be r2://bucket');
    await expect(open('r2://handbook', { ...env, AWS_SECRET_ACCESS_KEY: 'no' })).rejects.toThrow(
      'answers 403',
    );
    expect(bucketOf('r2://b/p', { ...KEYS, CLOUDFLARE_ACCOUNT_ID: 'acc' })).toMatchObject({
      endpoint: 'https://acc.r2.cloudflarestorage.com',
      bucket: 'b',
      prefix: 'p',
    });
  });
});
