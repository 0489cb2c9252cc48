/** The gate finds what a collection weighs by, from held-out questions; a version of weights alone serves. */
import { env } from 'cloudflare:test';
import { expect, it } from 'vitest';
import { OwnJudge } from '../../durable-objects/coordinator/own-judge.ts';
import type { ObjectsEnv } from '../../durable-objects/env.ts';
import { coordinator, directory, region } from '../../durable-objects/names.ts';
import { contentProblem } from '../../shared/certificate/content.ts';
import { signedVersion } from '../../shared/certificate/signed-version.ts';
import { verifyCertificate } from '../../shared/certificate/verify.ts';
import type { Run } from '../../shared/protocol/api/run.ts';
import type { CoordinatorApi } from '../../shared/protocol/objects.ts';
import { joinParts, partCount } from '../../shared/protocol/parameters.ts';
import { START_PARAMETERS } from '../../shared/protocol/serving-parameters.ts';
import { CollectionSettings } from '../../shared/protocol/settings.ts';
import { decodeSnapshot } from '../../shared/protocol/snapshot.ts';
import { certified } from './certified.ts';
import { replaced } from './objects.ts';

const objects = env as unknown as ObjectsEnv;
const REGIONS = ['weur', 'apac', 'sam'];
const TOPICS = ['password', 'invoice', 'account', 'refund'];
const COLOURS = ['red', 'blue', 'golden', 'black', 'silver'];
const ANIMALS = ['lion', 'whale', 'eagle', 'spider', 'horse', 'snake', 'turtle', 'bear'];
const MACHINES = Array.from({ length: 12 }, (_, i) => `QX${17 * (i + 3)}`);
const CODES = ['E-4711', 'E-4712', 'E-4721', 'XK-20939-B', 'XK-20993-B', 'XK-20399-B'];

/** Waits for a run that was started by hand. */
async function finishedRun(hub: CoordinatorApi): Promise<Run> {
  const started = await hub.start('test');
  if (!started.ok) throw new Error(started.detail);
  let run: Run = started.value;
  for (let i = 0; i < 500 && run.state === 'running'; i++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    run = (await hub.run(run.run)) as Run;
  }
  return run;
}

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
  const codes = CODES.map((code) => ({ key: code, ...text, text: `${code}: the door is open.` }));
  await region(objects, 'weights', 'weur').putItems([...about, ...codes]);
  await region(objects, 'weights', 'sam').putItems(machines);
  const records = MACHINES.flatMap((item) =>
    TOPICS.map((topic) => ({ query: `lost my ${topic} ${item}`, item, relevant: true })),
  );
  await region(objects, 'weights', 'apac').addFeedback(records);
  // Vectors take codes that look alike for one another: the hub judges by words, too, as a search does.
  await hub.setEvaluation({
    queries: CODES.map((code) => ({ _id: code, text: code })),
    qrels: CODES.map((code) => ({ query_id: code, corpus_id: code, score: 1 })),
  });
  // A document comes while the hub judges, and somebody fetches both versions with it.
  let slices = 0;
  const whileItComes = (step: OwnJudge['step']): OwnJudge['step'] =>
    async function (this: OwnJudge, ...given) {
      const verdict = await step.apply(this, given);
      slices += 1;
      if (slices > 1) return verdict;
      await region(objects, 'weights', 'sam').putItems([{ key: 'late', ...text, text: 'a late document' }]);
      // A stub is of the object that made it.
      const own = coordinator(objects, 'weights') as unknown as CoordinatorApi;
      await own.refresh();
      for (const version of [0, 1]) await own.complete(version);
      return verdict;
    };
  const run = await replaced(OwnJudge.prototype, 'step', whileItComes, () => finishedRun(hub));
  expect(slices).toBeGreaterThan(1);
  expect(run).toMatchObject({ state: 'published', version: 2 });
  expect(run.error).toContain('with the weights found for it');
  const [weighed, candidate, first] = await hub.versions();
  expect(first).toMatchObject({ version: 0, state: 'available', serving: START_PARAMETERS });
  expect(candidate).toMatchObject({ version: 1, state: 'rejected' });
  expect(candidate!.own).toMatchObject({
    questions: CODES.length,
    right: CODES.length,
    serving: CODES.length,
  });
  expect(weighed).toMatchObject({ version: 2, state: 'serving', parent: 0, active_rows: 0, run: run.run });
  expect(weighed!.serving.words).toBeGreaterThan(START_PARAMETERS.words);
  expect(weighed!.held_out!.accuracy).toBeGreaterThan(weighed!.held_out!.baseline);
  // The edge gets the weights with the rows.
  const { bytes, hash } = (await hub.pointer())!;
  const parts = Array.from({ length: partCount(bytes) }, (_, part) => hub.snapshotPart(hash, part));
  const { header } = decodeSnapshot(joinParts((await Promise.all(parts)) as Uint8Array[], bytes));
  expect(header).toMatchObject({ version: 2, serving: weighed!.serving, inactiveOffset: 0 });
  // Its members sign what it serves: that it learned nothing, and the weights that their own gate tried.
  const certificate = await certified('weights', 2, REGIONS.length);
  expect((await verifyCertificate(certificate)).problems).toEqual([]);
  const { bytes: length, hash: file } = (await hub.complete(2))!;
  expect(partCount(length)).toBe(1);
  const whole = decodeSnapshot((await hub.snapshotPart(file, 0))!);
  const signed = signedVersion(certificate)!;
  expect(signed).toMatchObject({ version: 2, serving: weighed!.serving });
  expect(contentProblem(whole, signed, certificate.learned!)).toBeNull();
  whole.header.serving = { ...whole.header.serving, words: 4 };
  expect(contentProblem(whole, signed, certificate.learned!)).toMatch(/^weights: /);
  expect(signedVersion((await hub.certificate(1))!)).toMatchObject({ version: 1, serving: START_PARAMETERS });
});

it('finds the offset by documents that learn last, and serves what all of them learned with it', async () => {
  const settings = CollectionSettings.parse({
    regions: REGIONS,
    heldOutShare: 0.2,
    gate: { probeTolerance: 1 },
    privacy: { noise: 'off' },
    training: { seed: 7, phases: [{ train: 'head', rounds: 'local', passes: 4 }] },
    adapter: { kind: 'none' },
  });
  const made = await directory(objects).create('offsets', settings);
  if (!made.ok) throw new Error(made.detail);
  const hub = coordinator(objects, 'offsets') as unknown as CoordinatorApi;
  const documents = Array.from({ length: 64 }, (_, i) => ({
    key: `room-${i}`,
    ...{ title: '', format: 'text' as const, metadata: {} },
    text: `Room ${i + 100} on floor ${i % 7}`,
  }));
  await region(objects, 'offsets', 'weur').putItems(documents);
  const records = documents.slice(0, 40).flatMap(({ key }, i) =>
    ['where is', 'how do I get to', 'who sits in', 'is there a screen in'].map((words) => ({
      // What everybody calls it, and no document says.
      query: `${words} the ${COLOURS[i % 5]} ${ANIMALS[Math.floor(i / 5)]}`,
      item: key,
      relevant: true,
    })),
  );
  await region(objects, 'offsets', 'apac').addFeedback(records);
  const run = await finishedRun(hub);
  expect(run).toMatchObject({ state: 'published', version: 1, error: null });
  // Counted, trained without an eighth of the documents, offset, trained with all, judged.
  const train = Array.from({ length: 4 }, () => 'train');
  expect(run.rounds.map(({ kind }) => kind)).toEqual(['count', ...train, 'gate', ...train, 'gate']);
  expect(run.planned).toBe(run.rounds.length);
  const [served, first] = await hub.versions();
  expect(first).toMatchObject({ version: 0, serving: { offset: null } });
  expect(served).toMatchObject({ version: 1, state: 'serving', run: run.run });
  // More than learned at first. Of few questions all may be held out.
  expect(served!.active_rows).toBeGreaterThan(35);
  const offset = served!.serving.offset!;
  expect(offset).toBeGreaterThan(0);
  const { bytes, hash } = (await hub.pointer())!;
  const parts = Array.from({ length: partCount(bytes) }, (_, part) => hub.snapshotPart(hash, part));
  const { header } = decodeSnapshot(joinParts((await Promise.all(parts)) as Uint8Array[], bytes));
  expect(header.inactiveOffset).toBe(offset);
  // The next run knows it, and keeps nothing out.
  const again = await finishedRun(hub);
  expect(again.rounds.map(({ kind }) => kind)).toEqual(['count', ...train, 'gate']);
  expect((await hub.versions())[0]!.serving.offset).toBeCloseTo(offset, 12);
});
