/** What crashes and concurrent calls do to a round: nothing, because answers and frames are stored before they leave. */
import { describe, expect, it } from 'vitest';
import { SecaggClient } from '../../../../shared/secagg/client.ts';
import type { ClientState } from '../../../../shared/secagg/client-state.ts';
import { MemoryClientStore } from '../../../../shared/secagg/memory-store.ts';
import { ROUND_ROW, rowChanges, stateFromRows } from '../../../../shared/secagg/server-rows.ts';
import { vectorSource } from '../../../helpers/vector-source.ts';
import { cohort, plainSum, seededVector, trustOf } from './cohort.ts';
import { Driver } from './driver.ts';
import { at } from './waiting.ts';

const ID = 'region-000';

/** A participant over its store, with randomness that never repeats, at the phase that the driver waits at. */
async function participant(driver: Driver, store = new MemoryClientStore()) {
  const state = driver.states.get(ID);
  if (state !== undefined && store.load() === null) store.save(state, null);
  const client = () =>
    new SecaggClient({
      self: ID,
      signer: driver.group.signers.get(ID)!,
      trust: trustOf(driver.group),
      store,
    });
  return { store, client };
}

async function collect(frames: AsyncGenerator<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const frame of frames) found.push(frame);
  return found;
}

describe('participant', () => {
  it('answers after a restart with the stored bytes, also with a new draw of its vector', async () => {
    const driver = await at('masked');
    const { client } = await participant(driver);
    const message = driver.server.messageFor(ID);
    const first = await client().handle(message, vectorSource(seededVector('first draw', 5)));
    const frames = await collect(client().frames());
    const again = await client().handle(message, vectorSource(seededVector('second draw', 5)));
    expect(again).toEqual(first);
    expect(await collect(client().frames())).toEqual(frames);
    expect(await client().handle(message)).toEqual(first);
  });

  it('never lets a second vector out under the same masks', async () => {
    const driver = await at('masked');
    const { client, store } = await participant(driver);
    const message = driver.server.messageFor(ID);
    await client().handle(message, vectorSource(seededVector('first draw', 5)));
    // A call that began earlier, ends later and writes over the frames.
    const late = new MemoryClientStore();
    late.save(driver.states.get(ID)!, null);
    const slow = new SecaggClient({
      self: ID,
      signer: driver.group.signers.get(ID)!,
      trust: trustOf(driver.group),
      store: {
        load: () => late.load(),
        save: (state, revision) => store.save(state, revision),
        putFrame: (index, frame) => store.putFrame(index, frame),
        frame: (index) => store.frame(index),
        clear: () => store.clear(),
      },
    });
    await expect(slow.handle(message, vectorSource(seededVector('second draw', 5)))).rejects.toThrow(
      'repeat the call',
    );
    await expect(collect(client().frames())).rejects.toThrow('not the one announced');
  });

  it('of two calls at once one wins, and the other gets its answer', async () => {
    const driver = await at('share');
    const { client } = await participant(driver);
    const message = driver.server.messageFor(ID);
    const calls = await Promise.allSettled([client().handle(message), client().handle(message)]);
    expect(calls.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const won = calls.find((call) => call.status === 'fulfilled')!.value;
    expect(await client().handle(message)).toEqual(won);
  });

  it('forgets all of a round', async () => {
    const driver = await at('masked');
    const { client, store } = await participant(driver);
    await client().handle(driver.server.messageFor(ID), vectorSource(seededVector('v', 5)));
    await client().forget();
    expect(await client().state()).toBeNull();
    expect(store.frame(0)).toBeNull();
    await expect(collect(client().frames())).rejects.toThrow('nothing is masked yet');
  });

  it('a state that went through JSON goes on', async () => {
    const driver = await at('consistency');
    const state = JSON.parse(JSON.stringify(driver.states.get(ID))) as ClientState;
    driver.states.set(ID, state);
    expect((await driver.answer(ID)).reply.kind).toBe('consistency');
  });
});

describe('coordinator', () => {
  it('goes on from its rows at any phase; message rows never change', async () => {
    const driver = Driver.open(await cohort(4));
    const seen = new Map<string, string>();
    for (const phase of ['advertise', 'share', 'checked', 'masked', 'consistency', 'unmask']) {
      await driver.until(phase);
      const rows = driver.store.list();
      expect(rows.sort()).toEqual(rowChanges(null, stateFromRows(rows)!).put.sort());
      for (const { key, json } of rows) {
        if (key !== ROUND_ROW) expect(seen.get(key) ?? json).toBe(json);
        seen.set(key, json);
        expect(json.length).toBeLessThan(2_000_000);
      }
    }
    expect(stateFromRows([])).toBeNull();
    expect([...seen.keys()]).toContain('share/region-002');
  });

  it('unmasks again after a crash between pieces, and opens only once', async () => {
    const dimension = 2 * 262_144 + 1;
    const driver = await Driver.open(await cohort(3), { dimension }).until('unmask');
    const answers = await driver.answers();
    for (const [id, answer] of answers) await driver.deliver(id, answer);
    expect(driver.phase).toBe('reconstruct');
    const crashed = driver.fork();
    await driver.server.unmask(0);
    const released = driver.sum();
    // As if only the first piece had been written, and its sum lost with it.
    crashed.store.write('result/0', driver.store.read('result/0')!);
    crashed.store.remove('sum/0');
    expect(() => [...crashed.server.result()]).toThrow('reconstruct');
    await crashed.server.unmask(0);
    expect(crashed.sum().every((word, i) => word === released[i])).toBe(true);
    const plain = plainSum(dimension, driver.ids);
    expect(released.every((word, i) => word === plain[i])).toBe(true);
  });

  it('keeps no shares after the end, and a second opening changes nothing', async () => {
    const driver = await Driver.open(await cohort(3)).until('done');
    expect(driver.server.state().messages.unmask).toEqual({});
    expect([...driver.store.vectors.keys()]).toEqual(['result/0']);
    const { parameters, roster, timeouts } = driver.server.state();
    expect(driver.server.open({ parameters, roster, timeouts }, 5).outcome).toEqual({
      ok: true,
      repeated: true,
    });
    expect(driver.phase).toBe('done');
    expect((await driver.server.unmask(0)).effects).toEqual([]);
  });
});
