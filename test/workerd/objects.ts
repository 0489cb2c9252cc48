/** Collections of real objects for tests, their storage from inside, and evictions at chosen places. */
import { env, runInDurableObject } from 'cloudflare:test';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Coordinator } from '../../durable-objects/coordinator/coordinator.ts';
import type { ActiveRun } from '../../durable-objects/coordinator/run-store.ts';
import type { ObjectsEnv } from '../../durable-objects/env.ts';
import { coordinator, directory, region } from '../../durable-objects/names.ts';
import { Region } from '../../durable-objects/region/region.ts';
import { Values } from '../../durable-objects/values.ts';
import type { RandomSource } from '../../shared/privacy/random-source.ts';
import type { Run } from '../../shared/protocol/api/run.ts';
import type { CoordinatorApi } from '../../shared/protocol/objects.ts';
import { joinParts } from '../../shared/protocol/parameters.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { decodeSnapshot } from '../../shared/protocol/snapshot.ts';
import { feedback, ITEMS } from '../helpers/help-desk.ts';

export const objects = env as unknown as ObjectsEnv;

/** One local epoch for the head alone: the least that trains. */
export const BRIEF = {
  phases: [
    {
      train: 'head',
      rounds: 'local',
      passes: 1,
      optimiser: { kind: 'momentum', momentum: 0, headRate: 1, decay: 'constant', warmup: 0 },
    },
  ],
};
/** Four documents. */
export const FEW_ITEMS = ITEMS.slice(0, 4);
const KEYS = new Set(FEW_ITEMS.map(({ key }) => key));
/** `copies` records of every wording of theirs. */
export const fewRecords = (copies: number) => feedback(copies).filter(({ item }) => KEYS.has(item));
export const FEW_RECORDS = fewRecords(1);

// An aborted object breaks its stubs: each call gets a fresh one. The stubs' own types lose what RPC cannot describe.
export const hubOf = (name: string) => coordinator(objects, name) as unknown as CoordinatorApi;
export const hubStub = (name: string) => coordinator(objects, name);
export const regionOf = (name: string, each: string) => region(objects, name, each);

/**
 * A collection of few questions: its runs do not ask first whether there are enough. Which of them judge is the same each
 * time: drawn anew, one time in hundreds it would be none.
 */
export async function collection(name: string, input: object, regions: string[]) {
  const { privacy, training, ...others } = input as { privacy?: object; training?: object };
  const settings = CollectionSettings.parse({
    ...{ regions, schedule: { everyHours: 0 }, ...others },
    training: { seed: 1, ...training },
    privacy: { censusEpsilon: 0, ...privacy },
  });
  const made = await directory(objects).create(name, settings);
  if (!made.ok) throw new Error(made.detail);
  return settings;
}

/** Documents in the first region, queries divided over the first two. */
export async function fill(name: string, regions: string[]) {
  const [first, second = first] = regions as [string, ...string[]];
  await regionOf(name, first).putItems(FEW_ITEMS);
  const half = FEW_RECORDS.length / 2;
  await regionOf(name, first).addFeedback(FEW_RECORDS.slice(0, half));
  await regionOf(name, second).addFeedback(FEW_RECORDS.slice(half));
}

export async function start(name: string): Promise<string> {
  const started = await hubOf(name).start('test');
  if (!started.ok) throw new Error(started.detail);
  return started.value.run;
}

/** Waits for the end of a run. `each` is called between looks. */
export async function finished(
  name: string,
  run: string,
  each: () => unknown = () => {},
  seconds = 120,
): Promise<Run> {
  let info: Run | null = null;
  for (let i = 0; i < seconds * 10; i++) {
    info = await hubOf(name)
      .run(run)
      .catch(() => info);
    if (info !== null && info.state !== 'running') return info;
    await each();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`run ${run} did not end: ${JSON.stringify(info)}`);
}

/** What a version's snapshot says, without what names the collection and the way of summing. */
export async function contentOf(name: string, version: number) {
  const pointer = await hubOf(name).complete(version);
  if (pointer === null) throw new Error(`${name} has no version ${version}`);
  const parts: Uint8Array[] = [];
  for (let part = 0; part < pointer.parts; part++) {
    parts.push((await hubOf(name).snapshotPart(pointer.hash, part)) as Uint8Array);
  }
  const { header, adapter, scales, active, rows, items } = decodeSnapshot(joinParts(parts, pointer.bytes));
  return { watermarks: header.watermarks, adapter, scales, active, rows, items };
}

/** A source that always says the same: dithers are a half everywhere, however often an eviction has them drawn anew. */
export const HALVES: RandomSource = { nextWord: () => 2 ** 31 };

/** Values of an object, from inside. */
export function stored<T>(stub: DurableObjectStub<Coordinator | Region>, key: string): Promise<T | null> {
  return runInDurableObject(stub as DurableObjectStub<Region>, (_, state) =>
    new Values(state.storage).get<T>(key),
  );
}

export const activeRun = (name: string) => stored<ActiveRun>(hubStub(name), 'run');

/** Runs `body` with another method in the place of `object[name]`, which it gets to call. */
export async function replaced<T extends object, K extends keyof T, R>(
  object: T,
  name: K,
  by: (original: T[K]) => T[K],
  body: () => Promise<R>,
): Promise<R> {
  const original = object[name];
  object[name] = by(original);
  try {
    return await body();
  } finally {
    object[name] = original;
  }
}

const alarmOf = new AsyncLocalStorage<DurableObjectState>();

/** The object whose alarm is running. */
export function alarmed(): DurableObjectState {
  const state = alarmOf.getStore();
  if (state === undefined) throw new Error('this is called in alarms only');
  return state;
}

/** Makes `alarmed` work while `body` runs. */
export async function watchingAlarms(body: () => Promise<void>): Promise<void> {
  const traced = <A extends unknown[]>(original: (...args: A) => Promise<void>) =>
    function (this: { ctx: DurableObjectState }, ...args: A) {
      return alarmOf.run(this.ctx, () => original.apply(this, args));
    };
  const watch = (type: typeof Region | typeof Coordinator, inner: () => Promise<void>) =>
    replaced(type.prototype as Region, 'alarm', (original) => traced(original) as Region['alarm'], inner);
  await watch(Region, () => watch(Coordinator, body));
}
