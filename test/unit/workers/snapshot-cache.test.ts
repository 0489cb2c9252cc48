import { afterEach, describe, expect, it, vi } from 'vitest';
import { SingleFlight } from '../../../workers/single-flight.ts';
import {
  POINTER_DEADLINE_MS,
  REVISION_MS,
  type SharedBytes,
  SnapshotCache,
} from '../../../workers/snapshot-cache.ts';
import { named, snapshotOf } from '../../helpers/snapshots.ts';

const MAX_AGE_MS = 10_000;
const NOTHING: SharedBytes = { get: async () => null, put: () => {} };

function setup(version = 1) {
  let time = 0;
  const now = () => time;
  const flights = new SingleFlight({
    now,
    wait: () => new Promise((r) => setTimeout(r, 1)),
    patienceMs: 1000,
  });
  const serve = (v: number, revision = 0) => ({
    version: v,
    ...named(snapshotOf([{ item: 'a', vector: [v, 1 + revision] }], { version: v, revision })),
  });
  const asked = { pointer: 0, part: 0 };
  const state = { serving: serve(version), broken: false, truncate: 0, silent: Promise.resolve() };
  const source = {
    key: 'default',
    async pointer() {
      asked.pointer += 1;
      const { version, hash, bytes } = state.serving;
      await state.silent;
      if (state.broken) throw new Error('coordinator is away');
      return {
        version,
        hash,
        bytes: bytes.length,
        parts: 3,
        watermarks: {},
        index: { revision: 0, bytes: null },
      };
    },
    async part(_hash: string, part: number) {
      asked.part += 1;
      const third = Math.ceil(state.serving.bytes.length / 3);
      return state.serving.bytes.slice(part * third, (part + 1) * third - state.truncate);
    },
  };
  const background: Promise<unknown>[] = [];
  const cache = new SnapshotCache({ flights, now });
  const later = (work: Promise<unknown>) => background.push(work);
  const current = (shared = NOTHING, { maxAgeMs = MAX_AGE_MS, now: asksNow = false } = {}) =>
    cache.current(source, shared, later, { maxAgeMs, now: asksNow });
  return { cache, current, asked, state, serve, background, advance: (ms: number) => (time += ms) };
}

describe('snapshots in memory', () => {
  it('loads once for many first requests', async () => {
    const { current, asked } = setup();
    const all = await Promise.all(Array.from({ length: 20 }, () => current()));
    expect(new Set(all.map((entry) => entry.hash)).size).toBe(1);
    expect(asked).toEqual({ pointer: 1, part: 3 });
  });

  it('asks for the pointer behind an answer, before it is too old', async () => {
    const { current, state, serve, background, advance } = setup(1);
    await current();
    state.serving = serve(2);
    advance(MAX_AGE_MS / 2 - 1);
    expect((await current()).snapshot.header.version).toBe(1);
    expect(background).toHaveLength(0);
    advance(1);
    expect(await current()).toMatchObject({ snapshot: { header: { version: 1 } }, staleMs: null });
    await Promise.all(background);
    expect((await current()).snapshot.header.version).toBe(2);
  });

  it('waits for the pointer after a silence', async () => {
    const { current, state, serve, advance, asked } = setup(1);
    await current();
    state.serving = serve(2);
    advance(MAX_AGE_MS);
    expect(await current()).toMatchObject({ snapshot: { header: { version: 2 } }, staleMs: null });
    expect(asked.pointer).toBe(2);
  });

  it('asks with every query where no age is allowed, and for many at a time not more than twice', async () => {
    const { current, state, serve, asked } = setup(1);
    await current();
    state.serving = serve(2);
    const all = await Promise.all(Array.from({ length: 20 }, () => current(NOTHING, { maxAgeMs: 0 })));
    expect(all.every(({ snapshot }) => snapshot.header.version === 2)).toBe(true);
    expect(asked.pointer).toBeLessThanOrEqual(3);
  });

  it('is asked for now by who wants to know now, not answered by a question from before', async () => {
    const { current, state, serve, advance } = setup(1);
    await current();
    let answer = () => {};
    state.silent = new Promise((resolve) => (answer = resolve));
    advance(MAX_AGE_MS);
    const before = current();
    state.serving = serve(2);
    const now = current(NOTHING, { now: true });
    answer();
    expect((await before).snapshot.header.version).toBe(1);
    expect((await now).snapshot.header.version).toBe(2);
  });

  it('says so when the coordinator fails, and asks it again soon', async () => {
    const { current, state, serve, advance, asked } = setup(1);
    await current();
    Object.assign(state, { serving: serve(2), broken: true });
    advance(MAX_AGE_MS);
    expect(await current()).toMatchObject({ snapshot: { header: { version: 1 } }, staleMs: MAX_AGE_MS });
    advance(999);
    const { pointer } = asked;
    expect((await current()).staleMs).toBe(MAX_AGE_MS + 999);
    expect(asked.pointer).toBe(pointer);
    state.broken = false;
    advance(1);
    expect(await current()).toMatchObject({ snapshot: { header: { version: 2 } }, staleMs: null });
  });

  it('waits for a coordinator that does not answer no longer than a deadline', async () => {
    const { current, state, serve, advance, background } = setup(1);
    await current();
    state.serving = serve(2);
    let answer = () => {};
    state.silent = new Promise((resolve) => (answer = resolve));
    advance(MAX_AGE_MS);
    vi.useFakeTimers();
    const late = current();
    await vi.advanceTimersByTimeAsync(POINTER_DEADLINE_MS);
    vi.useRealTimers();
    expect(await late).toMatchObject({ snapshot: { header: { version: 1 } }, staleMs: MAX_AGE_MS });
    answer();
    await Promise.all(background);
    expect(await current()).toMatchObject({ snapshot: { header: { version: 2 } }, staleMs: null });
  });

  it('fetches rows that came since without anybody waiting, and not at every question', async () => {
    const { current, state, serve, advance, background, asked } = setup(1);
    await current();
    const { hash: before } = state.serving;
    state.serving = serve(1, 1);
    advance(MAX_AGE_MS);
    expect(await current()).toMatchObject({ hash: before, staleMs: null });
    await Promise.all(background);
    expect(asked.part).toBe(3);
    advance(REVISION_MS);
    expect(await current()).toMatchObject({ hash: before, staleMs: null });
    await Promise.all(background);
    expect(await current()).toMatchObject({ hash: state.serving.hash, staleMs: null });
    expect(asked.part).toBe(6);
  });

  it('never serves bytes that do not have the hash', async () => {
    const { current, state, asked } = setup();
    state.truncate = 1;
    await expect(current()).rejects.toThrow(/not the \d+ it names/);
    state.truncate = 0;
    // A poisoned shared cache is passed over.
    const poisoned: SharedBytes = { get: async () => new Uint8Array(8), put: () => {} };
    expect((await current(poisoned)).snapshot.items).toEqual(['a']);
    expect(asked.part).toBe(6);
  });

  it('takes the bytes from the shared cache when they are there', async () => {
    const { current, state, asked } = setup();
    await current({ get: async () => state.serving.bytes, put: () => {} });
    expect(asked.part).toBe(0);
  });

  it.each(['forget', 'outdate'] as const)('asks for the pointer at once after %s', async (what) => {
    const { cache, current, state, serve } = setup(1);
    await current();
    state.serving = serve(3);
    cache[what]('default');
    expect((await current()).snapshot.header.version).toBe(3);
    state.serving = serve(4);
    expect((await current()).snapshot.header.version).toBe(3);
  });
});

afterEach(() => {
  vi.useRealTimers();
});
