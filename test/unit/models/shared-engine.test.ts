/** First use of the isolate's engine in real workerd, over real connections: crowds, and clients that leave. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type SubjectProcess, startWorkerdSubject } from '../../../cli/bench/subject-process.ts';
import type { ArtifactSource } from '../../../models/manifest.ts';
import { tinyBert } from '../../helpers/tiny-bert.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

let running: SubjectProcess | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});

interface Answer {
  first?: number;
  embedding?: number[];
  head?: number[];
  error?: string;
}

/** A Worker over a tiny model whose reads are counted and, through `hold`, delayed or spoiled. */
async function probe(hold: (name: string, read: number) => Promise<Uint8Array | undefined>) {
  const { source } = await tinyBert();
  const reads: string[] = [];
  const model: ArtifactSource = {
    async read(name) {
      reads.push(name);
      return (await hold(name, reads.length)) ?? source.read(name);
    },
  };
  const subject = await startWorkerdSubject('test/helpers/engine-probe.ts', { root: ROOT, model });
  running = subject;
  const ask = async (init: RequestInit = {}, search = '') => {
    const response = await fetch(subject.url.href + search, init);
    return { status: response.status, body: (await response.json()) as Answer };
  };
  return { ask, loads: () => reads.filter((name) => name === 'manifest.json').length };
}

describe('the first use of an isolate', () => {
  it('loads one engine for 50 requests at once', async () => {
    const { ask, loads } = await probe(async () => {
      await pause(50);
      return undefined;
    });
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.first)).size).toBe(1);
    expect(loads()).toBe(1);
  });

  it('loads one engine though the first clients leave', async () => {
    const { ask, loads } = await probe(async () => {
      await pause(100);
      return undefined;
    });
    const leaving = new AbortController();
    const left = Array.from({ length: 20 }, () => ask({ signal: leaving.signal }).catch(() => 'left'));
    await pause(150);
    leaving.abort();
    expect(new Set(await Promise.all(left))).toEqual(new Set(['left']));
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask()));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(loads()).toBe(1);
  });

  it.each([
    ['another request takes the load over', {}, 2],
    ['its load goes on when it is kept alive', { 'keep-alive-load': '1' }, 1],
  ])('when the request that leads has ended, %s', async (_, headers, expected) => {
    const { ask, loads } = await probe(async () => {
      await pause(100);
      return undefined;
    });
    expect((await ask({ headers }, '?leave')).status).toBe(202);
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask()));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(loads()).toBe(expected);
  });

  it('answers with the reason when the artifact is broken, and recovers when it is whole', async () => {
    let broken = true;
    const { ask } = await probe(async (name) =>
      broken && name === 'body.bin' ? new Uint8Array(64) : undefined,
    );
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask()));
    for (const { status, body } of answers) {
      expect(status).toBe(503);
      expect(body.error).toMatch(/'body\.bin' has 64 bytes, the manifest says/);
    }
    broken = false;
    expect((await ask()).status).toBe(200);
  });
});

describe('collections with and without an adapter', () => {
  const instantly = () => probe(async () => undefined);

  it('share the engine that has one, whose results without it are the same to the bit', async () => {
    const { ask, loads } = await instantly();
    const alone = (await ask({}, '?adapter=none&head')).body;
    expect(alone.embedding?.length).toBeGreaterThan(0);
    expect(Math.hypot(...(alone.head ?? []))).toBeGreaterThan(0);
    expect(loads()).toBe(1);
    for (let turn = 0; turn < 3; turn++) {
      expect((await ask({}, '?adapter=full')).status).toBe(200);
      expect((await ask({}, '?adapter=none&head')).body).toEqual(alone);
      // Once more for the adapter, never for none.
      expect(loads()).toBe(2);
    }
    await ask({}, '?adapter=low-rank');
    expect((await ask({}, '?adapter=none&head')).body).toEqual(alone);
    expect(loads()).toBe(3);
  });

  it('of different kinds embed with one, which is never loaded again for another kind', async () => {
    const { ask, loads } = await instantly();
    for (const adapter of ['low-rank', 'full', 'low-rank', 'none', 'full'])
      expect((await ask({}, `?adapter=${adapter}&embed`)).status).toBe(200);
    expect(loads()).toBe(1);
  });

  it('of different kinds take turns in training', async () => {
    const { ask, loads } = await instantly();
    for (const adapter of ['full', 'low-rank', 'full']) await ask({}, `?adapter=${adapter}`);
    expect(loads()).toBe(3);
  });
});
