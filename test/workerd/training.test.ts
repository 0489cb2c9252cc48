/** The whole loop in the real runtime: regions train, the coordinator runs the rounds, a version is published. */
import { env } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import type { ObjectsEnv } from '../../durable-objects/env.ts';
import { coordinator, directory, region } from '../../durable-objects/names.ts';
import type { Run } from '../../shared/protocol/api/run.ts';
import type { CoordinatorApi } from '../../shared/protocol/objects.ts';
import { joinParts, partCount } from '../../shared/protocol/parameters.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { decodeSnapshot } from '../../shared/protocol/snapshot.ts';
import { feedback, ITEMS } from '../helpers/help-desk.ts';

const objects = env as unknown as ObjectsEnv;

async function collection(name: string, input: object, regions = ['weur', 'apac', 'sam']) {
  const settings = CollectionSettings.parse({ regions, ...input });
  const made = await directory(objects).create(name, settings);
  if (!made.ok) throw new Error(made.detail);
  // The stub's own types lose what RPC cannot describe.
  const hub = coordinator(objects, name) as unknown as CoordinatorApi;
  const shards = regions.map((each) => region(objects, name, each));
  return { hub, shards, settings };
}

async function finished(hub: CoordinatorApi, run: string, seconds = 100): Promise<Run> {
  for (let i = 0; i < seconds * 5; i++) {
    const info = (await hub.run(run)) as Run;
    if (info.state !== 'running') return info;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`run ${run} did not end: ${JSON.stringify(await hub.run(run))}`);
}

describe('a training run', () => {
  it('learns from shards that differ, one of them empty, and publishes', async () => {
    const phases = [
      {
        train: 'head',
        rounds: 'local',
        passes: 2,
        optimiser: { kind: 'momentum', momentum: 0, headRate: 1, decay: 'constant' },
      },
      { train: 'adapter-and-head', passes: 2, batch: 48, optimiser: { adapterRate: 1e-3, headRate: 1e-2 } },
    ];
    const training = { seed: 7, phases };
    const { hub, shards } = await collection('learns', {
      training,
      heldOutShare: 0.25,
      gate: { probeTolerance: 1 },
      privacy: { noise: 'off' },
    });
    // Documents in one region, queries in two others: labels cross regions.
    await shards[0]?.putItems(ITEMS);
    const records = feedback(3);
    await shards[1]?.addFeedback(records.filter((record) => record.item < 'cz'));
    await shards[2]?.addFeedback(records.filter((record) => record.item >= 'cz'));
    const started = await hub.start('test');
    if (!started.ok) throw new Error(started.detail);
    expect(await hub.start('again')).toMatchObject({ ok: false, code: 'run_in_progress' });
    const run = await finished(hub, started.value.run);
    expect(run).toMatchObject({ state: 'published', version: 1, error: null });
    expect(run.rounds.map((round) => round.kind)).toEqual([
      'count',
      ...new Array(run.rounds.length - 2).fill('train'),
      'gate',
    ]);
    expect(run.rounds.every((round) => round.contributors === 3)).toBe(true);
    const trained = run.rounds.filter((round) => round.kind === 'train');
    expect(trained.at(-1)?.loss).toBeLessThan(0.7 * (trained[0]?.loss ?? 0));
    const [latest, first] = await hub.versions();
    expect(latest).toMatchObject({ version: 1, state: 'serving', parent: 0, active_rows: ITEMS.length });
    expect(latest?.held_out?.accuracy).toBeGreaterThan((latest?.held_out?.mips ?? 1) + 0.05);
    expect(latest?.training).toMatchObject({ aggregation: 'secure', noise: 'off' });
    expect(first).toMatchObject({ version: 0, state: 'available' });
    // Rollback and back again.
    expect((await hub.pointer())?.version).toBe(1);
    await hub.activate(0);
    expect((await hub.pointer())?.version).toBe(0);
    expect(await hub.activate(9)).toMatchObject({ ok: false, code: 'unknown_version' });
  });

  it('trains the adapter first where there are more rows than units in a round, and the head after it', async () => {
    const phases = [
      { train: 'adapter-and-head', passes: 1, batch: 7, optimiser: { adapterRate: 3e-3, decay: 'constant' } },
      {
        train: 'head',
        rounds: 'local',
        passes: 2,
        optimiser: { kind: 'momentum', momentum: 0, headRate: 1, decay: 'constant' },
      },
    ];
    const more = { heldOutShare: 0.1, privacy: { noise: 'off' } };
    const { hub, shards } = await collection('adapter-first', { training: { seed: 7, phases }, ...more });
    await shards[0]?.putItems(ITEMS);
    await shards[1]?.addFeedback(feedback(1));
    const started = await hub.start('test');
    if (!started.ok) throw new Error(started.detail);
    const run = await finished(hub, started.value.run);
    // A few steps on one question a row may win or lose; what counts here is what moved.
    expect(['published', 'rejected']).toContain(run.state);
    const steps = run.rounds.filter(({ kind }) => kind === 'train').length - 2;
    expect(steps).toBeGreaterThan(3);
    const [{ hash, bytes } = { hash: '', bytes: 0 }] = await hub.versions();
    const parts = Array.from({ length: partCount(bytes) }, (_, part) => hub.snapshotPart(hash, part));
    const { adapter } = decodeSnapshot(joinParts((await Promise.all(parts)) as Uint8Array[], bytes));
    // Adam moves a coordinate by about its rate in a step.
    const longest = adapter.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(longest).toBeGreaterThan(0.003);
    expect(longest).toBeLessThan(1.5 * steps * 0.003);
  });

  it('ends with a reason when there is nothing to learn from', async () => {
    const { hub, shards } = await collection('empty', { privacy: { noise: 'off' } });
    await shards[0]?.putItems(ITEMS.slice(0, 3));
    const started = await hub.start('test');
    if (!started.ok) throw new Error(started.detail);
    const run = await finished(hub, started.value.run);
    expect(run.state).toBe('failed');
    expect(run.error).toContain('too few training queries');
  });

  it('adds noise, charges it, and reads no question again whose budget is spent', async () => {
    const noised = {
      steps: 12,
      samplingRate: 0.5,
      projection: 6,
      optimiser: { kind: 'momentum', headRate: 2 },
    };
    const privacy = { epsilon: 8, runEpsilon: 8, censusEpsilon: 0, training: noised };
    const settings = {
      heldOutShare: 0.25,
      gate: { probeTolerance: 1, margin: -1 },
      privacy,
      training: { seed: 3 },
    };
    const { hub, shards } = await collection('private', settings);
    await shards[0]?.putItems(ITEMS);
    await shards[1]?.addFeedback(feedback(8));
    const started = await hub.start('test');
    if (!started.ok) throw new Error(started.detail);
    const run = await finished(hub, started.value.run);
    // So few queries under so much noise may or may not win; either way it is judged and charged.
    expect(['published', 'rejected']).toContain(run.state);
    expect(run.rounds).toHaveLength(14);
    // A version of weights alone may stand before it.
    const candidate = (await hub.versions()).find(({ version }) => version === 1);
    expect(candidate).toMatchObject({ training: { aggregation: 'secure', noise: 'on' } });
    const spent = await hub.privacy();
    expect(spent).toMatchObject({ noise: 'on', unit: 'record', budget: 8, delta: 1e-5 });
    expect(spent.epsilon).toBeLessThanOrEqual(8);
    expect(spent.epsilon).toBeGreaterThan(7.9);
    expect(spent.epsilon_pld).toBeLessThan(spent.epsilon);
    expect(spent.schedule.reads_from).toBeGreaterThan(run.started_at);
    expect(await hub.start('again')).toMatchObject({ ok: false, code: 'budget_spent' });
  });
});
