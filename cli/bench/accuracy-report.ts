/** What `bench accuracy` prints: one object for programs, a table for people. */
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { Estimate, RetrievalSummary } from '../../shared/retrieval/metrics.ts';
import type { BeirFolder } from '../beir.ts';
import type { AnsweredQuery } from '../evaluation.ts';
import { summarise } from '../summary.ts';
import { percent, table } from '../table.ts';
import { peakWorkerdMemoryMb } from '../workerd-memory.ts';
import type { Trained } from './accuracy.ts';
import type { AccuracyOptions } from './accuracy-options.ts';
import { criticalPathS } from './critical-path.ts';

export interface Measured {
  folder: BeirFolder;
  settings: CollectionSettings;
  mips: AnsweredQuery[];
  /** One training of all regions, or one for each. */
  trained: Trained[];
  ingestS: number;
  wallS: number;
}

/**
 * Rates are fractions, times seconds. `seen_top1` and `unseen_top1`, with `--withhold` only: test queries about documents
 * with training queries, and about the others; null where there is no such query. `rounds` are train rounds, those that
 * `--rounds` asks for and `curve` has; `rounds_in_all` has the counting round and the gate as well. `epsilon` is null
 * without noise.
 */
export function accuracyReport({ folder, settings, mips, trained, ingestS, wallS }: Measured) {
  const answers = trained.flatMap((one) => one.answers);
  const plain = summarise(mips) as RetrievalSummary;
  const all = summarise(answers) as RetrievalSummary;
  const first = trained[0] as Trained;
  const sum = (value: (one: Trained) => number) => trained.reduce((total, one) => total + value(one), 0);
  const groups = folder.withheld.size === 0 ? {} : withheldGroups(folder, mips, answers);
  const curve = first.run.rounds
    .filter((one) => one.kind === 'train')
    .map(({ round, loss, accuracy }) => ({ round, loss, top1: accuracy }));
  return {
    documents: folder.counts.documents,
    training_queries: folder.counts.training,
    test_queries: mips.length,
    regions: folder.regions,
    mips_top1: plain.top1.value,
    mips_recall_at_10: plain.recall.value,
    top1: all.top1.value,
    recall_at_10: all.recall.value,
    mrr_at_10: all.mrr.value,
    ndcg_at_10: all.ndcg.value,
    ...each(groups, (estimate) => estimate?.value ?? null),
    /** 95 % intervals. */
    intervals: {
      mips_top1: interval(plain.top1),
      top1: interval(all.top1),
      recall_at_10: interval(all.recall),
      mrr_at_10: interval(all.mrr),
      ndcg_at_10: interval(all.ndcg),
      ...each(groups, (estimate) => (estimate === null ? null : interval(estimate))),
    },
    rounds: curve.length,
    rounds_in_all: first.run.finished,
    wall_s: round(wallS),
    ingest_s: round(ingestS),
    train_s: round(sum((one) => one.trainS)),
    ask_s: round(sum((one) => one.askS)),
    critical_path_s: rounded(criticalPathS(first.run, first.units)),
    ...privacyFigures(first),
    state: first.run.state,
    held_out: first.version.held_out,
    probe: first.version.probe,
    rows: first.version.rows,
    active_rows: first.version.active_rows,
    snapshot_bytes: first.version.bytes,
    workerd_peak_mb: peakWorkerdMemoryMb(),
    local_only:
      first.region === null ? null : trained.map(({ region, answers }) => ({ region, top1: top1(answers) })),
    curve,
    settings,
  };
}

/** Top-1 for documents whose training queries were left out, and for the others. */
function withheldGroups(folder: BeirFolder, mips: AnsweredQuery[], answers: AnsweredQuery[]) {
  const unseen = (query: AnsweredQuery) => [...query.relevant].some((id) => folder.withheld.has(id));
  const seen = (query: AnsweredQuery) => !unseen(query);
  const top1Of = (group: AnsweredQuery[]) => summarise(group)?.top1 ?? null;
  return {
    seen_top1: top1Of(answers.filter(seen)),
    unseen_top1: top1Of(answers.filter(unseen)),
    mips_seen_top1: top1Of(mips.filter(seen)),
    mips_unseen_top1: top1Of(mips.filter(unseen)),
  };
}

type Groups = Partial<ReturnType<typeof withheldGroups>>;

function each<V>(groups: Groups, value: (estimate: Estimate | null) => V): { [name in keyof Groups]: V } {
  return Object.fromEntries(Object.entries(groups).map(([name, estimate]) => [name, value(estimate)]));
}

/** ε as charged, and the noise multiplier of the steps: charged, and the mean of what was in effect. */
function privacyFigures({ privacy, run }: Trained) {
  if (privacy.noise === 'off') return { epsilon: null, epsilon_pld: null, noise: null };
  const { epsilon, epsilon_pld, charges } = privacy;
  const train = charges.find(({ kind }) => kind === 'train');
  const charged = train?.noise_multiplier ?? null;
  const multipliers = run.rounds.flatMap(({ kind, noise_in_effect: inEffect }) =>
    kind === 'train' && inEffect !== null ? [inEffect] : [],
  );
  const inEffect = multipliers.length === 0 ? null : mean(multipliers);
  return { epsilon, epsilon_pld, noise: { charged, in_effect: inEffect } };
}

function top1(answers: AnsweredQuery[]): number | null {
  return summarise(answers)?.top1.value ?? null;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function interval({ low, high }: { low: number; high: number }): [number, number] {
  return [low, high];
}

function rounded(value: number | null): number | null {
  return value === null ? null : round(value);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function showReport(report: ReturnType<typeof accuracyReport>, { json }: AccuracyOptions): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const rows = [
    ['', 'plain search', 'trained'],
    ['top-1', percent(report.mips_top1), percent(report.top1)],
    ['recall@10', percent(report.mips_recall_at_10), percent(report.recall_at_10)],
    ['MRR@10', '', percent(report.mrr_at_10)],
    ['nDCG@10', '', percent(report.ndcg_at_10)],
  ];
  if (report.seen_top1 !== undefined) {
    const row = (name: string, plain?: number | null, trained?: number | null) =>
      rows.push([name, percent(plain ?? null), percent(trained ?? null)]);
    row('top-1, documents with queries', report.mips_seen_top1, report.seen_top1);
    row('top-1, documents without', report.mips_unseen_top1, report.unseen_top1);
  }
  const time = `${report.rounds} rounds, ${report.state}; ${report.wall_s} s in all, ${report.train_s} s training`;
  process.stdout.write(`\n${table(rows)}\n\n  ${time}\n`);
}
