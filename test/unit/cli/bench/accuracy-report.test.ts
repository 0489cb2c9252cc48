/** What the accuracy bench prints for programs: its keys, and where their values come from. */
import { expect, it } from 'vitest';
import type { BeirFolder } from '../../../../cli/beir.ts';
import type { Trained } from '../../../../cli/bench/accuracy.ts';
import { accuracyReport, type Measured } from '../../../../cli/bench/accuracy-report.ts';
import type { AnsweredQuery } from '../../../../cli/evaluation.ts';
import { settingsFrom } from '../../../../cli/settings-flags.ts';
import type { Round, Run } from '../../../../shared/protocol/api/run.ts';
import { wilsonInterval } from '../../../../shared/retrieval/metrics.ts';

const folder = (withheld: string[] = []) =>
  ({
    regions: ['east', 'west'],
    withheld: new Set(withheld),
    counts: { documents: 3, training: 400, test: 4 },
  }) as unknown as BeirFolder;

/** Four queries, each about the document of its name; `ranked` is what they were answered, by their number. */
const answered = (...ranked: string[][]): AnsweredQuery[] =>
  ['a', 'a', 'b', 'c'].map((document, n) => ({
    ...{ id: `q${n}`, text: `${n}?`, relevant: new Map([[document, 1]]) },
    ranked: ranked[n] as string[],
  }));
const plain = answered(['b'], ['b'], ['c', 'b'], ['c']);
const better = answered(['a'], ['b', 'a'], ['b'], ['c']);

const participants = { east: { phase: 'ready', progress: 1 }, west: { phase: 'ready', progress: 1 } };
const round = (n: number, kind: Round['kind'], more: Partial<Round> = {}): Round => ({
  ...{ round: n, kind, phase: 'released', started_at: 1000 * n, ended_at: 1000 * (n + 1), participants },
  ...{ contributors: 2, noise_in_effect: null, loss: null, accuracy: null, error: null, ...more },
});

const run = (more: Partial<Run> = {}): Run => ({
  ...{ run: 'r', state: 'published', reason: 'by hand', started_at: 0, ended_at: 4000, finished: 4 },
  ...{ planned: 4, version: 1, error: null },
  rounds: [
    round(0, 'count'),
    round(1, 'train', { loss: 0.5, accuracy: 0.4, noise_in_effect: 2.2 }),
    round(2, 'train', { loss: 0.3, accuracy: 0.6, noise_in_effect: 2.4 }),
    round(3, 'gate'),
  ],
  ...more,
});

const held_out = { units: 40, accuracy: 0.9, baseline: 0.5, mips: 0.5 };
const trained = (more: Partial<Trained> = {}): Trained => ({
  ...{ region: null, units: { east: 300, west: 100 }, run: run(), answers: better, trainS: 4.04, askS: 1 },
  version: { version: 1, bytes: 900, rows: 3, active_rows: 2, held_out, probe: null },
  privacy: { noise: 'off', epsilon: 0, epsilon_pld: 0, charges: [] },
  settings: settingsFrom([]),
  ...more,
});

const measured = (more: Partial<Measured> = {}) =>
  accuracyReport({
    ...{ folder: folder(), plain: { vector: plain, keyword: plain, hybrid: better }, retrieval: 'hybrid' },
    ...{ trained: [trained()], ingestS: 2, wallS: 9.96, ...more },
  });

it('has rates with intervals, rounds, times and the curve', () => {
  const report = measured();
  expect(report).toMatchObject({
    ...{ documents: 3, training_queries: 400, test_queries: 4, regions: ['east', 'west'] },
    ...{ mips_top1: 0.25, mips_recall_at_10: 0.5, top1: 0.75, recall_at_10: 1, mrr_at_10: 0.875 },
    ...{
      vector_top1: 0.25,
      keyword_top1: 0.25,
      hybrid_top1: 0.75,
      hybrid_recall_at_10: 1,
      retrieval: 'hybrid',
    },
    // The second query finds its document in the second place.
    ndcg_at_10: (3 + 1 / Math.log2(3)) / 4,
    // The count and the gate are none of the two that were asked for.
    ...{ rounds: 2, rounds_in_all: 4, wall_s: 10, ingest_s: 2, train_s: 4, ask_s: 1, critical_path_s: 3 },
    ...{ epsilon: null, epsilon_pld: null, noise: null },
    ...{ state: 'published', held_out, probe: null, rows: 3, active_rows: 2 },
    ...{ snapshot_bytes: 900, local_only: null, settings: settingsFrom([]) },
  });
  expect(report.curve).toEqual([
    { round: 1, loss: 0.5, top1: 0.4 },
    { round: 2, loss: 0.3, top1: 0.6 },
  ]);
  const { low, high } = wilsonInterval(3, 4);
  expect(report.intervals.top1).toEqual([low, high]);
  const plainRates = ['mips_top1', 'vector_top1', 'keyword_top1', 'hybrid_top1'];
  const rates = [...plainRates, 'top1', 'recall_at_10', 'mrr_at_10', 'ndcg_at_10'];
  expect(Object.keys(report.intervals)).toEqual(rates);
  expect(report).not.toHaveProperty('seen_top1');
  // One line for programs.
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

it('tells documents that were withheld from the others', () => {
  const report = measured({ folder: folder(['a']) });
  expect(report).toMatchObject({
    ...{ seen_top1: 1, unseen_top1: 0.5, mips_seen_top1: 0.5, mips_unseen_top1: 0 },
  });
  const [seen, unseen] = [wilsonInterval(2, 2), wilsonInterval(1, 2)];
  expect(report.intervals.seen_top1).toEqual([seen.low, seen.high]);
  expect(report.intervals.unseen_top1).toEqual([unseen.low, unseen.high]);
  const none = measured({ folder: folder(['a', 'b', 'c']) });
  expect([none.seen_top1, none.intervals.seen_top1]).toEqual([null, null]);
});

it('gives the privacy that was charged, and the noise', () => {
  const each = { sampling_rate: 1, last_at: 0 };
  const charges = [
    { kind: 'count', rounds: 1, noise_multiplier: 9, ...each },
    { kind: 'train', rounds: 2, noise_multiplier: 2, ...each },
  ];
  const privacy = { noise: 'on' as const, epsilon: 2.1, epsilon_pld: 1.9, charges };
  const noise = { charged: 2, in_effect: expect.closeTo(2.3) };
  const report = measured({ trained: [trained({ privacy })] });
  expect(report).toMatchObject({ epsilon: 2.1, epsilon_pld: 1.9, noise });
});

it('has a part for every region that trained alone, and for one that could not', () => {
  const east = trained({
    region: 'east',
    units: { east: 300 },
    settings: settingsFrom(['regions=["east"]']),
  });
  const error =
    'too few training queries: 0 documents have 3 or more, and it takes 2 documents to tell apart';
  const failed = run({ state: 'failed', version: null, error, ended_at: 1500, rounds: [round(0, 'count')] });
  const west = trained({ region: 'west', units: {}, run: failed, answers: plain });
  const report = measured({ trained: [east, west] });
  expect(report.local_only).toMatchObject([
    { region: 'east', trained: true, reason: null, top1: 0.75, rounds: 2, critical_path_s: 4 },
    { region: 'west', trained: false, reason: error, top1: 0.25, rounds: 0, critical_path_s: 1.5, curve: [] },
  ]);
  expect(report.local_only?.[0]).toMatchObject({ state: 'published', settings: { regions: ['east'] } });
  expect(report.local_only?.[0]?.curve).toHaveLength(2);
  // Means over the regions; of the trainings together the longest path, and nothing that belongs to one of them.
  expect(report).toMatchObject({
    mips_top1: 0.25,
    top1: 0.5,
    critical_path_s: 4,
    train_s: 8.1,
    epsilon: null,
  });
  for (const name of ['rounds', 'rounds_in_all', 'state', 'curve', 'held_out', 'settings'] as const) {
    expect(report[name], name).toBeNull();
  }
});

it('gives the largest privacy loss of regions that train alone', () => {
  const alone = (region: string, epsilon: number) =>
    trained({ region, privacy: { noise: 'on', epsilon, epsilon_pld: epsilon / 2, charges: [] } });
  const report = measured({ trained: [alone('east', 2), alone('west', 3)] });
  expect(report).toMatchObject({ epsilon: 3, epsilon_pld: 1.5, noise: null });
});
