/** The gate finds what a collection weighs by, from held-out questions; a version of weights alone serves. */
import { env } from 'cloudflare:test';
import { expect, it } from 'vitest';
import type { ObjectsEnv } from '../../durable-objects/env.ts';
import { coordinator, directory, region } from '../../durable-objects/names.ts';
import type { Run } from '../../shared/protocol/api/run.ts';
import type { CoordinatorApi } from '../../shared/protocol/objects.ts';
import { joinParts, partCount } from '../../shared/protocol/parameters.ts';
import { START_PARAMETERS } from '../../shared/protocol/serving-parameters.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { decodeSnapshot } from '../../shared/protocol/snapshot.ts';

const objects = env as unknown as ObjectsEnv;
const REGIONS = ['weur', 'apac', 'sam'];
const TOPICS = ['password', 'invoice', 'account', 'refund'];
const MACHINES = Array.from({ length: 12 }, (_, i) => `QX${17 * (i + 3)}`);

it('finds that words say more, and publishes that alone where training gains too little', async () => {
  const settings = CollectionSettings.parse({
    regions: REGIONS,
    heldOutShare: 0.4,
    // No training gains so much.
    gate: { margin: 1, probeTolerance: 1 },
    privacy: { noise: 'off' },
    training: { seed: 7, phases: [{ train: 'head', passes: 1 }] },
    adapter: { kind: 'none' },
  });
  const made = await directory(objects).create('weights', settings);
  if (!made.ok) throw new Error(made.detail);
  const hub = coordinator(objects, 'weights') as unknown as CoordinatorApi;
  // What a question means is one document; which machine it names is the one that answers.
  const text = { title: '', format: 'text' as const, metadata: {} };
  const about = TOPICS.map((topic, i) => ({
    key: `topic-${i}`,
    ...text,
    text: `The office on the second floor answers whoever has lost a ${topic}, or asks for one.`,
  }));
  const machines = MACHINES.map((name) => ({
    key: name,
    ...text,
    text: `${name}: see the binder below the desk.`,
  }));
  await region(objects, 'weights', 'weur').putItems(about);
  await region(objects, 'weights', 'sam').putItems(machines);
  const records = MACHINES.flatMap((item) =>
    TOPICS.map((topic) => ({ query: `lost my ${topic} ${item}`, item, relevant: true })),
  );
  await region(objects, 'weights', 'apac').addFeedback(records);
  const started = await hub.start('test');
  if (!started.ok) throw new Error(started.detail);
  let run: Run = started.value;
  for (let i = 0; i < 500 && run.state === 'running'; i++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    run = (await hub.run(run.run)) as Run;
  }
  expect(run).toMatchObject({ state: 'published', version: 2 });
  expect(run.error).toContain('with the weights found for it');
  const [weighed, candidate, first] = await hub.versions();
  expect(first).toMatchObject({ version: 0, state: 'available', serving: START_PARAMETERS });
  expect(candidate).toMatchObject({ version: 1, state: 'rejected' });
  expect(weighed).toMatchObject({ version: 2, state: 'serving', parent: 0, active_rows: 0, run: run.run });
  expect(weighed!.serving.words).toBeGreaterThan(START_PARAMETERS.words);
  expect(weighed!.held_out!.accuracy).toBeGreaterThan(weighed!.held_out!.baseline);
  // The edge gets the weights with the rows.
  const { bytes, hash } = (await hub.pointer())!;
  const parts = Array.from({ length: partCount(bytes) }, (_, part) => hub.snapshotPart(hash, part));
  const { header } = decodeSnapshot(joinParts((await Promise.all(parts)) as Uint8Array[], bytes));
  expect(header).toMatchObject({ version: 2, serving: weighed!.serving, inactiveOffset: 0 });
});
