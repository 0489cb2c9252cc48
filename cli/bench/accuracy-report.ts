/** What `bench accuracy` prints: one object for programs, a table for people. */
import type { CollectionSettings } from '../../shared/protocol/settings.ts';
import type { RetrievalSummary } from '../../shared/retrieval/metrics.ts';
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

export function accuracyReport({ folder, settings, mips, trained, ingestS, wallS }: Measured) {
  const answers = trained.flatMap((one) => one.answers);
  const plain = summarise(mips) as RetrievalSummary;
  const all = summarise(answers) as RetrievalSummary;
  const first = trained[0] as Trained;
  const sum = (value: (one: Trained) => number) => trained.reduce((total, one) => total + value(one), 0);
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
    ...(folder.withheld.size === 0 ? {} : withheldFigures(folder, mips, answers)),
    /** 95 % intervals. */
    intervals: {
      mips_top1: interval(plain.top1),
      top1: interval(all.top1),
      recall_at_10: interval(all.recall),
      mrr_at_10: interval(all.mrr),
      ndcg_at_10: interval(all.ndcg),
    },
    rounds: first.run.finished,
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
    curve: first.run.rounds
      .filter((one) => one.kind === 'train')
      .map(({ round, loss, accuracy }) => ({ round, loss, top1: accuracy })),
    settings,
  };
}

/** Documents whose training queries were left out, and the others. */
function withheldFigures(folder: BeirFolder, mips: AnsweredQuery[], answers: AnsweredQuery[]) {
  const unseen = (query: AnsweredQuery) => [...query.relevant].some((id) => folder.withheld.has(id));
  const seen = (query: AnsweredQuery) => !unseen(query);
  return {
    seen_top1: top1(answers.filter(seen)),
    unseen_top1: top1(answers.filter(unseen)),
    mips_seen_top1: top1(mips.filter(seen)),
    mips_unseen_top1: top1(mips.filter(unseen)),
  };
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
  const withheld = report as { seen_top1?: number; unseen_top1?: number } & Record<string, unknown>;
  const rows = [
    ['', 'plain search', 'trained'],
    ['top-1', percent(report.mips_top1), percent(report.top1)],
    ['recall@10', percent(report.mips_recall_at_10), percent(report.recall_at_10)],
    ['MRR@10', '', percent(report.mrr_at_10)],
    ['nDCG@10', '', percent(report.ndcg_at_10)],
  ];
  if (withheld.seen_top1 !== undefined) {
    const of = (name: string) => percent(withheld[name] as number);
    rows.push(['top-1, documents with queries', of('mips_seen_top1'), of('seen_top1')]);
    rows.push(['top-1, documents without', of('mips_unseen_top1'), of('unseen_top1')]);
  }
  const time = `${report.rounds} rounds, ${report.state}; ${report.wall_s} s in all, ${report.train_s} s training`;
  process.stdout.write(`\n${table(rows)}\n\n  ${time}\n`);
}
