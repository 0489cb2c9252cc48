/** The port over HTTP against a service that loses answers, refuses, and says nonsense. */
import { describe, expect, it } from 'vitest';
import { signerFromSeed } from '../../../../shared/crypto/ed25519.ts';
import { isSignedBy, readSignature } from '../../../../shared/crypto/request-signature.ts';
import { enrol, prefixOf } from '../../../../shared/participant/enrol.ts';
import { ConnectionError, HubError, httpPort } from '../../../../shared/participant/http-port.ts';
import { spellInvitation } from '../../../../shared/protocol/enrolment.ts';

const signer = await signerFromSeed(new Uint8Array(32).fill(1));
type Answer = Response | Error;
const json = (value: unknown, status = 200) => Response.json(value, { status });
const problem = (status: number, code: string) => json({ code, detail: 'because' }, status);

/** A port whose service gives these answers, one after the other; the last one for ever. */
function portOf(...answers: Answer[]) {
  const calls: { url: string; init: RequestInit }[] = [];
  const pauses: number[] = [];
  const options = {
    url: 'https://hub.test/v1',
    name: 'clinic-a',
    signer,
    now: () => 1_700_000_000_000,
    pause: async (ms: number) => void pauses.push(ms),
    fetch: async (url: string, init: RequestInit) => {
      calls.push({ url, init });
      const answer = answers[Math.min(calls.length, answers.length) - 1] as Answer;
      if (answer instanceof Error) throw answer;
      return answer.clone();
    },
  };
  return { port: httpPort(options), options, calls, pauses };
}

describe('a call', () => {
  it('is signed anew each time it is tried', async () => {
    const { port, calls, pauses } = portOf(
      new TypeError('fetch failed'),
      problem(503, 'unavailable'),
      json({ current: true }),
    );
    const header = { participant: 'clinic-a', round: 'r.0', chunk: 1, chunks: 2 };
    expect(await port.putChunk(header, Uint8Array.of(1, 2))).toEqual({ current: true });
    expect(calls).toHaveLength(3);
    expect(pauses).toEqual([500, 1000]);
    const nonces = new Set<string>();
    for (const { url, init } of calls) {
      const { host, pathname, search } = new URL(url);
      const target = pathname + search;
      const request = { method: 'PUT', authority: host, target, body: Uint8Array.of(1, 2) };
      const signature = await readSignature(request, (name) => new Headers(init.headers).get(name));
      expect(signature && (await isSignedBy(signer.key, signature))).toBe(true);
      expect(signature?.createdS).toBe(1_700_000_000);
      nonces.add(signature?.nonce ?? '');
    }
    expect(nonces.size).toBe(3);
  });

  it('asks for the next instruction with what it sends, and waits for the answer as long as for a poll', async () => {
    const next = { do: 'wait', ms: 1, round: 'r.0' };
    const { port, calls } = portOf(json({ current: true, next }));
    const working = { type: 'working', participant: 'clinic-a', round: 'r.0' } as const;
    expect(await port.report(working, true)).toEqual({ current: true, next });
    expect(await port.putFrame('clinic-a', 'r.0', Uint8Array.of(1), true)).toEqual({ current: true, next });
    await port.report(working);
    await port.putFrame('clinic-a', 'r.0', Uint8Array.of(1));
    expect(calls.map(({ url }) => url.slice('https://hub.test/v1'.length))).toEqual([
      '/fl/reports?wait=25',
      '/fl/rounds/r.0/frames?wait=25',
      '/fl/reports',
      '/fl/rounds/r.0/frames',
    ]);
  });

  it('gives up after four tries, and tells a lost connection from a refusal', async () => {
    const lost = portOf(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }));
    await expect(lost.port.poll('clinic-a')).rejects.toThrow(ConnectionError);
    await expect(lost.port.poll('clinic-a')).rejects.toThrow(
      'GET https://hub.test/fl/instruction: ECONNREFUSED',
    );
    expect(lost.calls).toHaveLength(8);
    const refused = portOf(problem(403, 'not_a_participant'));
    await expect(refused.port.poll('clinic-a')).rejects.toMatchObject({
      status: 403,
      code: 'not_a_participant',
    });
    expect(refused.calls).toHaveLength(1);
    await expect(portOf(problem(401, 'clock_skew')).port.poll('clinic-a')).rejects.toThrow(HubError);
  });

  it.each<[string, Response, string]>([
    ['JSON of another shape', json({ do: 'dance' }), 'does not fit its schema'],
    ['a field too many', json({ do: 'wait', ms: 0, round: null, extra: 1 }), 'does not fit its schema'],
    ['no JSON', new Response('<html>'), 'not JSON'],
  ])('takes nothing from an answer with %s', async (_, answer, detail) => {
    const { port, calls } = portOf(answer);
    await expect(port.poll('clinic-a')).rejects.toThrow(detail);
    expect(calls).toHaveLength(1);
  });

  it('reads no more than an answer may be long, and follows nobody elsewhere', async () => {
    const long = portOf(new Response(new Uint8Array((1 << 20) + 1)));
    await expect(long.port.statePart('parameters:r.0', 0)).rejects.toThrow('more than 1048576 bytes');
    const { port, calls } = portOf(
      new Response(null, { status: 302, headers: { location: 'https://else.test' } }),
    );
    await expect(port.poll('clinic-a')).rejects.toMatchObject({ status: 302 });
    expect(calls[0]?.init.redirect).toBe('manual');
  });

  it('takes a part that is gone for gone, and nothing else', async () => {
    expect(await portOf(problem(404, 'state_gone')).port.statePart('x', 0)).toBeNull();
    await expect(portOf(problem(404, 'unknown_collection')).port.statePart('x', 0)).rejects.toThrow(HubError);
  });

  it('asks for embeddings in pieces, and refuses another number of them', async () => {
    const floats = (n: number) => new Response(new Float32Array(n).fill(n));
    const { port, calls } = portOf(floats(4096 * 2), floats(2 * 2));
    const found = await port.rowEmbeddings(Array.from({ length: 4098 }, (_, row) => row));
    expect([found.length, found[0], found.at(-1), calls.length]).toEqual([4098 * 2, 8192, 4, 2]);
    await expect(portOf(floats(3)).port.rowEmbeddings([1, 2])).rejects.toThrow('12 bytes for 2 rows');
  });

  it('speaks for its participant alone', async () => {
    await expect(portOf(json({})).port.poll('clinic-b')).rejects.toThrow('speaks for clinic-a alone');
  });
});

describe('an enrolment', () => {
  const parts = {
    ...{ collection: 'health', name: 'clinic-a', adminKey: 'A'.repeat(43) },
    ...{ terms: 'C'.repeat(43), secret: 'B'.repeat(43) },
  };
  it('believes no answer that is no signed terms', async () => {
    const { options, calls } = portOf(json({ collection: 'health', name: 'clinic-a' }));
    const deps = { ...options, url: 'https://hub.test', agree: () => {} };
    await expect(enrol(spellInvitation(parts), deps)).rejects.toThrow('schema');
    expect(calls.map(({ url }) => url)).toEqual(['https://hub.test/v1/collections/health/fl/terms']);
  });

  it('finds the collection whatever part of the address was given', () => {
    for (const url of [
      'https://hub.test',
      'https://hub.test/',
      'https://hub.test/v1',
      'https://hub.test/v1/',
    ]) {
      expect(prefixOf(url, 'default')).toBe('https://hub.test/v1');
      expect(prefixOf(url, 'health')).toBe('https://hub.test/v1/collections/health');
    }
  });
});
