import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../../workers/single-flight.ts';
import { REFRESH_MS, type SharedBytes, SnapshotCache } from '../../../workers/snapshot-cache.ts';
import { named, snapshotOf } from '../../helpers/snapshots.ts';

const NOTHING: SharedBytes = { get: async () => null, put: () => {} };

function setup(version = 1) {
  let time = 0;
  const now = () => time;
  const flights = new SingleFlight({
    now,
    wait: () => new Promise((r) => setTimeout(r, 1)),
    patienceMs: 1000,
  });
  const serve = (v: number) => named(snapshotOf([{ item: 'a', vector: [v, 1] }], { version: v }));
  const asked = { pointer: 0, part: 0 };
  const state = { serving: serve(version), broken: false, truncate: 0 };
  const source = {
    key: 'default',
    async pointer() {
      asked.pointer += 1;
      if (state.broken) throw new Error('coordinator is away');
      return { hash: state.serving.hash, bytes: state.serving.bytes.length, parts: 3 };
    },
    async part(_hash: string, part: number) {
      asked.part += 1;
      const third = Math.ceil(state.serving.bytes.length / 3);
      return state.serving.bytes.slice(part * third, (part + 1) * third - state.truncate);
    },
  };
  const background: Promise<unknown>[] = [];
  const cache = new SnapshotCache({ flights, now });
  const current = (shared = NOTHING) => cache.current(source, shared, (work) => background.push(work));
  return { cache, current, asked, state, serve, background, advance: (ms: number) => (time += ms) };
}

describe('snapshots in memory', () => {
  it('loads once for many first requests', async () => {
    const { current, asked } = setup();
    const all = await Promise.all(Array.from({ length: 20 }, () => current()));
    expect(new Set(all.map((entry) => entry.hash)).size).toBe(1);
    expect(asked).toEqual({ pointer: 1, part: 3 });
  });

  it('serves the old one while the new one is fetched in the background', async () => {
    const { current, state, serve, background, advance } = setup(1);
    await current();
    state.serving = serve(2);
    advance(REFRESH_MS - 1);
    expect((await current()).snapshot.header.version).toBe(1);
    expect(background).toHaveLength(0);
    advance(1);
    expect((await current()).snapshot.header.version).toBe(1);
    await Promise.all(background);
    expect((await current()).snapshot.header.version).toBe(2);
  });

  it('goes on serving when the refresh fails, and tries again', async () => {
    const { current, state, serve, background, advance } = setup(1);
    await current();
    Object.assign(state, { serving: serve(2), broken: true });
    advance(REFRESH_MS);
    await current();
    await Promise.all(background);
    expect((await current()).snapshot.header.version).toBe(1);
    state.broken = false;
    advance(REFRESH_MS);
    await current();
    await Promise.all(background);
    expect((await current()).snapshot.header.version).toBe(2);
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

  it('asks for the pointer at once after it was told to forget', async () => {
    const { cache, current, state, serve } = setup(1);
    await current();
    state.serving = serve(3);
    cache.forget('default');
    expect((await current()).snapshot.header.version).toBe(3);
  });
});
