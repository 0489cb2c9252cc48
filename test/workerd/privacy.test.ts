/** What queries cost is on record before a sum is known, once, for good, and in every copy of the ledger. */
import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { SecureSum } from '../../durable-objects/coordinator/secure-sum.ts';
import { LedgerStore } from '../../durable-objects/ledger-store.ts';
import { directory } from '../../durable-objects/names.ts';
import type { Region } from '../../durable-objects/region/region.ts';
import { Shard } from '../../durable-objects/region/shard.ts';
import { Values } from '../../durable-objects/values.ts';
import { type LedgerEntry, spent } from '../../shared/privacy/ledger.ts';
import { cryptoSource } from '../../shared/privacy/random-source.ts';
import { PrivacySettings } from '../../shared/protocol/privacy-settings.ts';
import { policyOf } from '../../shared/round/noise-plan.ts';
import {
  alarmed,
  collection,
  FEW_ITEMS,
  finished,
  hubOf,
  hubStub,
  objects,
  regionOf,
  replaced,
  start,
  stored,
  watchingAlarms,
} from './objects.ts';

const REGIONS = ['east', 'south', 'west'];
const policyOfShard = () => ({
  unit: 'record' as const,
  ...{ recordsPerContributor: 2, retentionMs: 365 * 86_400_000 },
  home: { region: 'east', regions: ['east'], key: new Uint8Array(32) },
});

// Nobody asks anything, so a run ends after its counting round.
const settings = {
  schedule: { everyHours: 0, secureDeadlineMs: 20_000 },
  privacy: { epsilon: 8, runEpsilon: 4, training: { steps: 4, samplingRate: 0.5 } },
};

type Stub = DurableObjectStub<Region>;
const ledgerOf = (stub: unknown): Promise<LedgerEntry[]> =>
  runInDurableObject(stub as Stub, (_, { storage }) => new LedgerStore(storage).entries());

async function count(name: string) {
  await regionOf(name, REGIONS[0]!).putItems(FEW_ITEMS.slice(0, 2));
  await regionOf(name, REGIONS[0]!).flush();
  const run = await finished(name, await start(name), () =>
    directory(objects)
      .tick(Date.now())
      .catch(() => {}),
  );
  expect(run.state).toBe('failed');
  return run;
}

/** So many charges, each under a serial of its own, which only grow. */
async function expectSerials(name: string, charges: number) {
  const serials = (await ledgerOf(hubStub(name))).map(({ round }) => round);
  expect(serials).toHaveLength(charges);
  expect(serials).toEqual([...new Set(serials)].sort((a, b) => a - b));
}

describe('a round is charged', () => {
  it('once, whatever crashes between charge and release, and alike in all ledgers', async () => {
    await collection('crashes', settings, REGIONS);
    const crashed = new Set<string>();
    const once = (place: string) => {
      if (crashed.has(place)) return;
      crashed.add(place);
      alarmed().abort('crashed by the test');
    };
    const charged = (original: SecureSum['charged']) =>
      function (this: SecureSum, ...args: Parameters<SecureSum['charged']>) {
        once('charge');
        const answer = original.apply(this, args);
        once('charged');
        return answer;
      };
    const unmask = (original: SecureSum['unmask']) =>
      async function (this: SecureSum, ...args: Parameters<SecureSum['unmask']>) {
        once('unmask');
        const answer = await original.apply(this, args);
        once('unmasked');
        return answer;
      };
    await watchingAlarms(() =>
      replaced(SecureSum.prototype, 'charged', charged, () =>
        replaced(SecureSum.prototype, 'unmask', unmask, async () => {
          expect((await count('crashes')).error).toContain('0 documents have 1 or more');
        }),
      ),
    );
    expect(crashed).toEqual(new Set(['charge', 'charged', 'unmask', 'unmasked']));
    const entries = await ledgerOf(hubStub('crashes'));
    expect(entries.map(({ kind }) => kind)).toEqual(['counts']);
    for (const name of REGIONS) expect(await ledgerOf(regionOf('crashes', name))).toEqual(entries);
  });

  it('without refund when its sum is lost after the charge', async () => {
    await collection('lost', settings, REGIONS);
    const lose = () =>
      async function (this: SecureSum, round: string, now: number) {
        this.abort(round, 'lost by the test', now);
        return { outcome: { ok: true as const, repeated: false }, effects: [] };
      };
    await replaced(SecureSum.prototype, 'unmask', lose, async () => {
      expect((await count('lost')).error).toContain('the round failed 3 times: lost by the test');
    });
    await expectSerials('lost', 3);
  });
});

describe('two runs on two windows', () => {
  it('cost a record of the second nothing for the first, in every ledger', async () => {
    // One run uses up what a record may pay.
    const privacy = { epsilon: 4, runEpsilon: 4, training: { steps: 1, samplingRate: 1 } };
    await collection('windows', { ...settings, privacy, heldOutShare: 0 }, REGIONS);
    const ask = (region: string, question: string) =>
      regionOf('windows', region).addFeedback([{ query: question, item: 'an item', relevant: true }]);
    await ask('east', 'before');
    await count('windows');
    const [first] = await ledgerOf(hubStub('windows'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await ask('west', 'after');
    await count('windows');
    const entries = await ledgerOf(hubStub('windows'));
    expect(entries).toHaveLength(2);
    const second = entries[1]!;
    expect(second.from).toBe(first!.atMs);
    for (const name of REGIONS) expect(await ledgerOf(regionOf('windows', name))).toEqual(entries);
    const { epsilon } = await hubOf('windows').privacy();
    const policy = policyOf(PrivacySettings.parse(privacy), 365);
    expect(epsilon).toBe(spent(policy, [first!], first!.atMs).epsilon);
    const counted = (region: string) =>
      runInDurableObject(regionOf('windows', region), (_, { storage }) => {
        const shard = new Shard(storage, () => policyOfShard(), cryptoSource());
        return [first!, second].map(({ from, atMs }) => {
          return shard.countUnits(() => 0, 1, { from: from!, startedAt: atMs })[0];
        });
      });
    expect(await counted('east')).toEqual([1, 0]);
    expect(await counted('west')).toEqual([0, 1]);
  });

  it('read an event by when it arrived first, also what is said of it later', async () => {
    const said = (query: string) => ({ id: 'one', query, item: 'an item', relevant: true });
    await collection('named', { ...settings, heldOutShare: 0 }, REGIONS);
    await regionOf('named', 'east').addFeedback([said('first')]);
    const between = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await regionOf('named', 'east').addFeedback([said('second')]);
    await runInDurableObject(regionOf('named', 'east'), (_, { storage }) => {
      const shard = new Shard(storage, () => policyOfShard(), cryptoSource());
      const until = (from: number, startedAt: number) => shard.countUnits(() => 0, 1, { from, startedAt })[0];
      expect(until(0, between)).toBe(1);
      expect(until(0, Date.now())).toBe(1);
      expect(until(between, Date.now())).toBe(0);
    });
  });
});

describe('what was spent stays spent', () => {
  it('when the collection is deleted and made again', async () => {
    const spent = (await hubOf('lost').privacy()).epsilon;
    expect(spent).toBeGreaterThan(0);
    const before = await stored<{ splitKey: string }>(regionOf('lost', 'east') as Stub, 'identity');
    await directory(objects).remove('lost');
    expect(await directory(objects).collection('lost')).toMatchObject({ code: 'unknown_collection' });
    await collection('lost', { ...settings, retentionDays: 1 }, REGIONS);
    expect((await hubOf('lost').privacy()).epsilon).toBe(spent);
    expect(await hubOf('lost').runs(9)).toEqual([]);
    expect(await ledgerOf(regionOf('lost', 'east'))).toHaveLength(3);
    // The same queries would be held out again.
    const after = await stored<{ splitKey: string }>(regionOf('lost', 'east') as Stub, 'identity');
    expect(after?.splitKey).toBe(before?.splitKey);
    await count('lost');
    await expectSerials('lost', 4);
  });

  it('until the retention time is over: then nothing is left of a deleted collection', async () => {
    await directory(objects).remove('lost');
    await runInDurableObject(regionOf('lost', 'west'), async (region, { storage }) => {
      await region.alarm();
      expect(new LedgerStore(storage).entries()).toHaveLength(4);
      storage.sql.exec('UPDATE ledger SET at = at - ?', 400 * 86_400_000);
      await region.alarm();
      expect(new LedgerStore(storage).entries()).toEqual([]);
    });
  });

  it('when the coordinator is restored from an older backup', async () => {
    await runInDurableObject(hubStub('crashes') as unknown as Stub, (_, { storage }) => {
      storage.sql.exec('DELETE FROM ledger');
      new Values(storage).delete('serial');
    });
    expect((await hubOf('crashes').privacy()).epsilon).toBe(0);
    await count('crashes');
    await expectSerials('crashes', 2);
  });

  it('when the coordinator uses a charged serial for another round: regions refuse it', async () => {
    for (const name of REGIONS) {
      await runInDurableObject(regionOf('crashes', name), (_, { storage }) =>
        new Values(storage).set('joined', { serial: Number.MAX_SAFE_INTEGER, task: null }),
      );
    }
    const { error } = await count('crashes');
    expect(error).toMatch(/^the round failed 3 times: .*(east|south|west): has joined this serial before/);
    expect(await ledgerOf(hubStub('crashes'))).toHaveLength(2);
  });
});

describe('a shard', () => {
  const NOW = 1_000_000;
  /** All that the retention time leaves at a moment. */
  const all = (startedAt: number) => ({ from: 0, startedAt });
  const policy = (unit: 'record' | 'contributor', retentionMs = 500) => ({
    unit,
    recordsPerContributor: 2,
    retentionMs,
    home: { region: 'east', regions: ['east'], key: new Uint8Array(32) },
  });
  const insert = (storage: DurableObjectStorage, rows: [at: number, held: number, who: string | null][]) => {
    storage.sql.exec("INSERT INTO rows (row, item, ordinal) VALUES (1, 'i', 0)");
    rows.forEach(([at, held, who], n) => {
      storage.sql.exec(
        `INSERT INTO records (n, id, at, query, item, relevant, contributor, held, place, length, ids, row)
         VALUES (?, ?, ?, 'q', 'i', 1, ?, ?, ?, 1, ?, 1)`,
        n,
        `id-${n}`,
        at,
        who,
        held,
        n * 2 ** 20,
        new Int32Array(1).buffer,
      );
    });
  };
  const within = (name: string, body: (storage: DurableObjectStorage) => void) =>
    runInDurableObject(regionOf('shard', name), (_, { storage }) => body(storage));
  const rows = new Map([[1, 0]]);

  it('uses no record that is older than the retention time or younger than the round', () =>
    within('a', (storage) => {
      insert(storage, [
        [NOW - 501, 0, null],
        [NOW - 500, 0, null],
        [NOW, 0, null],
        [NOW + 1, 0, null],
        [NOW + 1, 1, null],
      ]);
      const shard = new Shard(storage, () => policy('record'), cryptoSource());
      expect([...shard.sample({ kind: 'all' }, rows, all(NOW), 'r').ids]).toEqual([1, 2]);
      expect([...shard.countUnits(({ row }) => row ?? undefined, 2, all(NOW))]).toEqual([0, 2]);
      expect(shard.heldOut(all(NOW)).ids).toHaveLength(0);
      expect([...shard.heldOut(all(NOW + 1)).ids]).toEqual([4]);
    }));

  it('keeps what the encoder alone makes of a question beside what an adapter does', () =>
    within('e', (storage) => {
      insert(storage, [[NOW, 0, null]]);
      const shard = new Shard(storage, () => policy('record'), cryptoSource());
      const ids = Uint32Array.of(0);
      const kept = (key: string) => shard.cachedEmbeddings(ids, key)[0];
      shard.cacheEmbeddings(ids, 'encoder.none', Float32Array.of(1, 2), 2);
      shard.cacheEmbeddings(ids, 'encoder.v1', Float32Array.of(3, 4), 2);
      expect([kept('encoder.none'), kept('encoder.v1')]).toEqual([
        Float32Array.of(1, 2),
        Float32Array.of(3, 4),
      ]);
      shard.cacheEmbeddings(ids, 'encoder.v2', Float32Array.of(5, 6), 2);
      expect(['encoder.none', 'encoder.v1', 'encoder.v2'].map(kept)).toEqual([
        ...[Float32Array.of(1, 2), null, Float32Array.of(5, 6)],
      ]);
    }));

  it('takes what an earlier release kept of a question under an adapter', () =>
    within('f', (storage) => {
      insert(storage, [[NOW, 0, null]]);
      const before = new Uint8Array(Float32Array.of(3, 4).buffer);
      storage.sql.exec("UPDATE records SET embedding = ?, embedding_key = 'encoder.v1'", before);
      const shard = new Shard(storage, () => policy('record'), cryptoSource());
      expect(shard.cachedEmbeddings(Uint32Array.of(0), 'encoder.v1')).toEqual([Float32Array.of(3, 4)]);
      expect(shard.cachedEmbeddings(Uint32Array.of(0), 'encoder.none')).toEqual([null]);
    }));

  it('counts and trains on what is not held out, and judges by the rest', () =>
    within('b', (storage) => {
      insert(
        storage,
        Array.from({ length: 40 }, (_, n) => [NOW, n % 4 === 0 ? 1 : 0, null]),
      );
      const shard = new Shard(storage, () => policy('record'), cryptoSource());
      const held = new Set(shard.heldOut(all(NOW)).ids);
      expect(held.size).toBe(10);
      expect([...shard.countUnits(({ row }) => row ?? undefined, 2, all(NOW))]).toEqual([0, 30]);
      const poisson = { kind: 'poisson', numerator: 1, denominator: 2 } as const;
      const sizes = new Set<number>();
      for (let round = 0; round < 20; round++) {
        const { ids } = shard.sample(poisson, rows, all(NOW), 'r');
        expect([...ids].some((id) => held.has(id))).toBe(false);
        sizes.add(ids.length);
      }
      // Thirty fair coins, twenty times: one size only has a chance below 1e-15.
      expect(sizes.size).toBeGreaterThan(1);
    }));

  it('draws contributors as a whole, at most so many records of each, and nobody unnamed', () =>
    within('c', (storage) => {
      const who = ['ann', 'ann', 'ann', 'bob', null];
      insert(
        storage,
        who.map((name) => [NOW, 0, name]),
      );
      const shard = new Shard(storage, () => policy('contributor'), cryptoSource());
      const { ids, weights } = shard.sample({ kind: 'all' }, rows, all(NOW), 'r');
      expect([...ids].filter((id) => id < 3)).toHaveLength(2);
      expect([...ids]).toContain(3);
      expect([...ids]).not.toContain(4);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(2);
    }));
});
